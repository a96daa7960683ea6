"""Files that are kept, as Discord is sent them."""

import mimetypes
import re
from dataclasses import dataclass, field

from bot.messages import Attachment

_LONGEST_NAME = 100  # characters
_UNFIT = re.compile(r"[^\w .()-]+")  # in the name of a file
_MEDIA_TYPE = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,60}", re.ASCII)
_ANY = "application/octet-stream"


@dataclass(frozen=True)
class Upload:
    name: str
    media_type: str
    content: bytes = field(repr=False)


def upload_of(attachment: Attachment, content: bytes) -> Upload:
    """Discord shows as a picture what is called like one."""
    fits = _MEDIA_TYPE.fullmatch(attachment.media_type)
    media_type = attachment.media_type if fits else _ANY
    name = _UNFIT.sub("_", attachment.name).strip(" ._")
    stem, dot, ending = name.rpartition(".")
    if not dot:
        stem, ending = name or attachment.kind, (mimetypes.guess_extension(media_type) or "").removeprefix(".")
    whole = f"{stem[: _LONGEST_NAME - len(ending) - 1]}.{ending}" if ending else stem[:_LONGEST_NAME]
    return Upload(whole[:_LONGEST_NAME], media_type, content)
