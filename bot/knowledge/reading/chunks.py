"""Long text in pieces that can be quoted: whole blocks while they fit, tables by their rows, lists by their items,
prose by its sentences."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import msgspec

LONGEST = 900  # characters
SHORTEST = 150  # what is shorter is not left alone at the end
SENTENCE = re.compile(r".+?(?:[。！？]+[”’」』）)]*|[.!?]+[\"”’)]*(?=\s)|\Z)\s*", re.DOTALL)
TABLE_RULE = re.compile(r"^\s*\|?[\s:|-]*-[\s:|-]*$")
ITEM = re.compile(r"(?:[-*+]|\d{1,9}[.)])\s")
FENCE = re.compile(r"(`{3,}|~{3,})")
LEAD_IN = re.compile(r"[:：]\W*\Z")  # "The prices are:" belongs to what follows


class Piece(msgspec.Struct, frozen=True):
    text: str
    block: int  # where it begins: in which block,
    line: int  # and in which of its lines


class _Part(msgspec.Struct, frozen=True):
    """What is not taken apart any further, and how it is glued to the part before it, in the same piece."""

    text: str
    block: int
    line: int
    glue: str
    head: str = ""  # stands above it wherever a piece begins with it: the header row of its table

    @property
    def alone(self) -> str:
        return f"{self.head}\n{self.text}" if self.head else self.text


def chunks(blocks: Sequence[str]) -> list[str]:
    """Pieces of at most LONGEST characters, save a single table row that is longer by itself."""
    return [piece.text for piece in pieces(blocks)]


def pieces(blocks: Sequence[str]) -> list[Piece]:
    """The same with the places at which they begin."""
    parts = [part for place, block in enumerate(blocks) for part in _parts(block.strip("\n"), place)]
    groups: list[list[_Part]] = []
    for part in parts:
        if groups and _fits([*groups[-1], part]):
            groups[-1].append(part)
        else:
            groups.append([*_lead_in(groups, part), part])
    for before, after in pairwise(groups):
        _fill_up(before, after)
    return [Piece(_text(group), group[0].block, group[0].line) for group in groups if group]


def _fits(group: Sequence[_Part]) -> bool:
    return len(_text(group)) <= LONGEST


def _text(group: Sequence[_Part]) -> str:
    text, head = group[0].alone, (group[0].block, group[0].head)
    for part in group[1:]:
        shown = part.text if head == (part.block, part.head) else part.alone
        text, head = f"{text}{part.glue}{shown}", (part.block, part.head)
    return text.strip()


def _lead_in(groups: list[list[_Part]], part: _Part) -> list[_Part]:
    """Taken from the end of the piece before."""
    before = groups[-1] if groups else []
    if len(before) < 2 or before[-1].block == part.block or not LEAD_IN.search(before[-1].text):
        return []
    return [before.pop()] if _fits([before[-1], part]) else []


def _fill_up(before: list[_Part], after: list[_Part]) -> None:
    """So that no scrap is left at the end."""
    while len(_text(after)) < SHORTEST and len(before) > 1 and _fits([before[-1], *after]):
        after.insert(0, before.pop())


def _parts(block: str, place: int) -> Iterator[_Part]:
    """Sentences only where a block, an item or a line is too long as a whole."""
    lines = block.split("\n")
    if not block.strip():
        return
    if len(lines) > 2 and "|" in lines[0] and TABLE_RULE.match(lines[1]):
        head = "\n".join(lines[:2])
        for number, row in enumerate(lines[2:], 2):
            yield _Part(row, place, number, "\n\n" if number == 2 else "\n", head)
    elif len(block) <= LONGEST:
        yield _Part(block, place, 0, "\n\n")
    elif fence := FENCE.match(block):
        for number, line in enumerate(lines[1:-1] if lines[-1].startswith(fence[1]) else lines[1:], 1):
            yield _Part(line, place, number, "\n")
    else:
        yield from _parts_of_lines(lines, place)


def _parts_of_lines(lines: Sequence[str], place: int) -> Iterator[_Part]:
    for number, whole in _items(lines):
        glue = "\n" if number else "\n\n"
        if len(whole) <= LONGEST:
            yield _Part(whole, place, number, glue)
            continue
        for count, sentence in enumerate(_short(SENTENCE.findall(whole))):
            yield _Part(sentence, place, number, glue if count == 0 else "")


def _items(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """List items with all their lines; every other line by itself."""
    is_list = any(ITEM.match(line) for line in lines[:1])
    start = 0
    for number in range(1, len(lines) + 1):
        if number == len(lines) or not is_list or ITEM.match(lines[number]):
            yield start, "\n".join(lines[start:number])
            start = number


def _short(sentences: Iterable[str]) -> Iterator[str]:
    """What has no end for longer than a piece may be is cut between two words, or anywhere."""
    for sentence in sentences:
        while len(sentence) > LONGEST:
            cut = sentence.rfind(" ", LONGEST // 2, LONGEST) + 1 or LONGEST
            yield sentence[:cut]
            sentence = sentence[cut:]
        yield sentence
