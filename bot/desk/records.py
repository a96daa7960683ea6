"""How a handoff and a note are kept in Redis, and read again."""

from typing import Any

import msgspec

from bot.desks import REASONS, Handoff, Note

_note = msgspec.json.Decoder(dict[str, str])


def read_handoff(conversation: str, kept: dict[str, str]) -> Handoff | None:
    """None where there is none."""
    if not kept.get("number"):
        return None
    known = {name: value for name, value in kept.items() if name in Handoff.__struct_fields__ and value}
    if known.get("reason") not in REASONS:
        known["reason"] = "asked"
    public, overdue = bool(known.pop("public", "")), bool(known.pop("overdue", ""))
    fields: dict[str, Any] = {**known, "conversation": conversation, "public": public, "overdue": overdue}
    return msgspec.convert(fields, Handoff, strict=False)


def kept_note(by: str, text: str, kind: str) -> bytes:
    """As it is kept; when, says the id under which it is."""
    return msgspec.json.encode({"by": by, "text": text, "kind": kind})


def read_note(entry: str, kept: str) -> Note:
    fields: dict[str, Any] = {"id": entry, "at": int(entry.partition("-")[0]) / 1000, **_note.decode(kept)}
    return msgspec.convert(fields, Note)
