"""The customer's photos as a model is shown them: read, known by their content, made small, without what they hide."""

import asyncio
import logging
from base64 import b64encode
from collections.abc import Sequence
from io import BytesIO
from typing import Any, Protocol

from PIL import Image, ImageOps

from bot.attachments.sniffing import is_photo

log = logging.getLogger(__name__)

MOST_PHOTOS = 4  # of one turn; the newest are the ones that are meant
SIDE = 1024  # pixels; about a thousand tokens of a model's window
MOST_PIXELS = 40_000_000  # a photo of any telephone; what pretends to be larger would fill our memory
AT_ONCE = 2  # photos in the making, per process
QUALITY = 85
READ = ("JPEG", "PNG", "WEBP", "GIF")


class NoPhoto(ValueError):
    """It cannot be shown: it is broken, too large, or no picture at all."""


class Keeper(Protocol):
    """Where photos are kept."""

    async def read(self, kept: str) -> bytes: ...


class Sight:
    """What a desk has whose model takes pictures."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper, self._places = keeper, asyncio.Semaphore(AT_ONCE)

    async def pictures(self, photos: Sequence[str]) -> list[str]:
        """As data addresses. What is no photo, is away or cannot be read is left out."""
        shown = [await self._picture(kept) for kept in photos[-MOST_PHOTOS:] if is_photo(kept)]
        return [one for one in shown if one]

    async def _picture(self, kept: str) -> str:
        try:
            content = await self._keeper.read(kept)
            async with self._places:
                small = await asyncio.to_thread(small_jpeg, content)
        except (OSError, NoPhoto) as error:
            log.warning("a photo is not shown to the model: %s", error)
            return ""
        return f"data:image/jpeg;base64,{b64encode(small).decode()}"


def small_jpeg(content: bytes) -> bytes:
    """Drawn anew: upright, at most SIDE pixels wide and high, without the place and the maker that a photo may name.

    Raises NoPhoto.
    """
    try:
        with Image.open(BytesIO(content), formats=READ) as photo:
            if photo.width * photo.height > MOST_PIXELS:
                raise NoPhoto(f"{photo.width} x {photo.height} pixels are too many")
            photo.draft("RGB", (SIDE, SIDE))  # of a JPEG, no more is decoded than is needed
            upright = ImageOps.exif_transpose(photo)
            upright.thumbnail((SIDE, SIDE))
            drawn = BytesIO()
            _on_white(upright).save(drawn, "JPEG", quality=QUALITY)
    except NoPhoto:
        raise
    except Exception as error:  # a decoder raises whatever a hostile file makes it
        raise NoPhoto(f"it cannot be read as a photo: {type(error).__name__}") from error
    return drawn.getvalue()


def _on_white(photo: Image.Image) -> Image.Image:
    """A JPEG is not transparent."""
    if not photo.has_transparency_data:
        return photo.convert("RGB")
    sheet = Image.new("RGBA", photo.size, "white")
    sheet.alpha_composite(photo.convert("RGBA"))
    return sheet.convert("RGB")


def with_pictures(text: str, note: str, pictures: Sequence[str]) -> list[str | dict[str, Any]]:
    """The content of a message, as OpenAI has it: words first, so that what repeats between turns stands in front."""
    said: dict[str, Any] = {"type": "text", "text": f"{text}\n{note}"}
    return [said, *({"type": "image_url", "image_url": {"url": one}} for one in pictures)]
