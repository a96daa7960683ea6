"""Long text in pieces that can be quoted: whole blocks while they fit, tables by their rows, prose by its sentences."""

import re
from collections.abc import Iterator, Sequence

LONGEST = 900  # characters
SENTENCE_END = re.compile(r"(?<=[。！？])|(?<=[.!?])\s+")
TABLE_RULE = re.compile(r"^\s*\|?[\s:|-]*-[\s:|-]*$")


def chunks(blocks: Sequence[str]) -> list[str]:
    """Pieces of at most LONGEST characters, save a single sentence or table row that is longer by itself."""
    pieces = [piece for block in blocks for piece in _pieces(block.strip()) if piece]
    return list(_joined(pieces, "\n\n"))


def _pieces(block: str) -> list[str]:
    if len(block) <= LONGEST:
        return [block]
    lines = block.splitlines()
    if len(lines) > 2 and "|" in lines[0] and TABLE_RULE.match(lines[1]):
        head = "\n".join(lines[:2])
        return [f"{head}\n{rows}" for rows in _joined(lines[2:], "\n", LONGEST - len(head))]
    if len(lines) > 1:
        return list(_joined(lines, "\n"))
    return list(_joined(SENTENCE_END.split(block), "" if SENTENCE_END.search(block, 0) is None else " "))


def _joined(pieces: Sequence[str], glue: str, longest: int = LONGEST) -> Iterator[str]:
    """Neighbours together as long as they fit."""
    held = ""
    for piece in pieces:
        if held and len(held) + len(glue) + len(piece) > longest:
            yield held
            held = ""
        held = f"{held}{glue}{piece}" if held else piece
    if held:
        yield held
