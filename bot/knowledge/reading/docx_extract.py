"""The text of a Word document from standard input, as HTML in JSON to standard output: what apart.py starts."""

import io
import sys
import zipfile
from typing import Any

import mammoth  # type: ignore[import-untyped]
import msgspec

from bot.knowledge.reading.apart import TOO_MUCH, Extract

MOST_BYTES = 100 << 20  # unpacked, of what is read: pictures are not
MOST_PARTS = 10_000
OLD_OR_LOCKED = bytes.fromhex("d0cf11e0a1b11ae1")  # the container of .doc files, and of those with a password
STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name='Subtitle'] => p:fresh
p[style-name='Quote'] => blockquote:fresh
"""


def extract(content: bytes) -> Extract:
    """Never raises for what is wrong with the file."""
    if content.startswith(OLD_OR_LOCKED):
        return Extract(refused="this file has a password or is of an old Word: save it as .docx without a password")
    try:
        if reason := _unfit(content):
            return Extract(refused=reason)
        found = mammoth.convert_to_html(io.BytesIO(content), style_map=STYLES, convert_image=_no_picture)
    except MemoryError:
        return Extract(refused=TOO_MUCH)
    except Exception as broken:  # the parser raises whatever it stumbles over
        return Extract(refused=f"this is not a Word document that can be read ({type(broken).__name__}): save it anew")
    return Extract(text=f"<html><body>{found.value}</body></html>")


def _unfit(content: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        parts = packed.infolist()
        read = [part for part in parts if part.filename.lower().endswith((".xml", ".rels"))]
        if len(parts) > MOST_PARTS or sum(part.file_size for part in read) > MOST_BYTES:
            return f"unpacked, this file is larger than {MOST_BYTES >> 20} MB: split it"
        if not any(part.filename == "word/document.xml" for part in parts):
            return "this is not a Word document: save it as .docx"
        for part in read:
            if b"<!DOCTYPE" in packed.read(part).replace(b"\0", b""):
                return f"{part.filename} defines words of its own, which Word never does: save it anew"
    return ""


def _no_picture(_: Any) -> list[Any]:
    return []


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(extract(sys.stdin.buffer.read())))
