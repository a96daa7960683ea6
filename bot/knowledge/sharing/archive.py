"""A version's folder as one file, and back: regular files only, nothing outside, never more than was announced."""

import gzip
import shutil
import tarfile
import zlib
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from typing import IO

import msgspec

STORED, FAST = 0, 1  # levels of zlib: texts shrink at the first, rows of vectors at none
SAMPLE_BYTES = 1 << 16
WORTH = 0.8  # of its size, or less, a sample must come to
PIECE_BYTES = 1 << 20
MOST_FILES = 10_000


class ArchiveRefused(ValueError):
    """It is not what was put on the shelf; the text says how it differs."""


class Packed(msgspec.Struct, frozen=True):
    """What to know of an archive before it is unpacked."""

    digest: str
    size: int  # bytes, packed
    unpacked: int  # bytes of all files together


def pack(folder: Path, archive: Path) -> Packed:
    """Write all files of a folder into one. Raises OSError."""
    unpacked = 0
    with gzip.open(archive, "wb", _level(folder)) as stream, tarfile.open(fileobj=stream, mode="w") as tar:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            header = tarfile.TarInfo(path.relative_to(folder).as_posix())
            header.size = path.stat().st_size
            unpacked += header.size
            with path.open("rb") as file:
                tar.addfile(header, file)
    return Packed(digest_of(archive), archive.stat().st_size, unpacked)


def _level(folder: Path) -> int:
    """By samples of all files, weighed by how large these are."""
    size = shrunk = 1.0
    for path in folder.rglob("*"):
        if path.is_file() and (sample := _sample(path)):
            whole = path.stat().st_size
            size, shrunk = size + whole, shrunk + whole * len(zlib.compress(sample, FAST)) / len(sample)
    return FAST if shrunk < WORTH * size else STORED


def _sample(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(SAMPLE_BYTES)


def unpack(archive: Path, packed: Packed, folder: Path) -> None:
    """Into an existing empty folder. Raises ArchiveRefused, and leaves half of it there, when anything is amiss."""
    if archive.stat().st_size != packed.size or digest_of(archive) != packed.digest:
        raise ArchiveRefused("the archive is damaged: it has another hash than the one it was announced with")
    left, files = packed.unpacked, 0
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                left, files = left - member.size, files + 1
                if left < 0 or files > MOST_FILES:
                    raise ArchiveRefused("there is more in the archive than was announced")
                _write(tar, member, folder)
    except (tarfile.TarError, EOFError, gzip.BadGzipFile) as error:
        raise ArchiveRefused(f"the archive cannot be read: {error}") from error
    if left:
        raise ArchiveRefused("there is less in the archive than was announced")


def digest_of(path: Path) -> str:
    digest = blake2b(digest_size=32)
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    inside = PurePosixPath(member.name)
    if not member.isreg() or inside.is_absolute() or ".." in inside.parts or not inside.parts or "\0" in member.name:
        raise ArchiveRefused(f"the archive holds {member.name!r}, which is no file of its folder")
    content: IO[bytes] | None = tar.extractfile(member)
    if content is None:
        raise ArchiveRefused(f"the archive holds {member.name!r} without its content")
    target = folder / inside
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with content, target.open("xb") as file:
            shutil.copyfileobj(content, file, PIECE_BYTES)
    except FileExistsError:
        raise ArchiveRefused(f"the archive holds {member.name!r} twice") from None
