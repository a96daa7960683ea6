"""What a file is, by its first bytes: neither its name nor what its sender says of it is believed."""

PHOTOS = {  # what a model may be shown: ending -> media type
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
}
_BEGINNINGS = (
    (b"\xff\xd8\xff", "jpg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"%PDF-", "pdf"),
    (b"OggS", "ogg"),
    (b"ID3", "mp3"),
    (b"PK\x03\x04", "zip"),
)
_BRANDS = {b"heic": "heic", b"heix": "heic", b"mif1": "heic", b"avif": "avif"}  # behind "ftyp"; others are films


def ending_of(content: bytes) -> str:
    """Of the file's name, without a dot; "bin" for what is none of these."""
    for beginning, ending in _BEGINNINGS:
        if content.startswith(beginning):
            return ending
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "webp"
    if content[4:8] == b"ftyp":
        return _BRANDS.get(content[8:12], "mp4")
    return "bin"


def is_photo(kept: str) -> bool:
    """By the name under which it is kept, which says what was found in it."""
    return kept.rpartition(".")[2] in PHOTOS
