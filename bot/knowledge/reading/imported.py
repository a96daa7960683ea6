"""What was imported as knowledge, kept as it was written, so that its facts can be filled in again when they change."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from bot.knowledge.reading.drafts import Draft

FILE = "imported.jsonl"


def keep_drafts(folder: Path, drafts: Sequence[Draft]) -> None:
    """In one step: whoever reads meanwhile reads the old ones."""
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f".unfinished-{FILE}"
    unfinished.write_bytes(msgspec.json.Encoder().encode_lines(drafts))
    unfinished.replace(folder / FILE)


def read_kept(folder: Path) -> list[Draft] | None:
    """None where nothing was ever kept."""
    try:
        written = (folder / FILE).read_bytes()
    except FileNotFoundError:
        return None
    return msgspec.json.Decoder(Draft).decode_lines(written)
