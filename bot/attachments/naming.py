"""Under what name an attachment is kept: made of its conversation and its content, of nothing that a customer chose."""

import re
from base64 import b32decode, b32encode
from binascii import Error as NotBase32
from hashlib import blake2b

from bot.attachments.sniffing import ending_of

LONGEST_CONVERSATION = 140  # bytes; more would not fit into the name of a folder
_KEPT = re.compile(r"([a-z2-7]+)/[0-9a-f]{40}\.[a-z0-9]{1,5}")


def kept_name(conversation: str, content: bytes) -> str:
    """The same content twice in a conversation has one name. Raises ValueError for an id that no channel gives."""
    digest = blake2b(content, digest_size=20).hexdigest()
    return f"{folder_of(conversation)}/{digest}.{ending_of(content)}"


def folder_of(conversation: str) -> str:
    """Where all of a conversation lies. Base32, because some file systems take a for A."""
    identity = conversation.encode()
    if not 0 < len(identity) <= LONGEST_CONVERSATION:
        raise ValueError(f"the id of a conversation has 1 to {LONGEST_CONVERSATION} bytes, not {len(identity)}")
    return b32encode(identity).decode().rstrip("=").lower()


def conversation_of(kept: str) -> str:
    """Whose it is; "" for what is none of ours."""
    found = _KEPT.fullmatch(kept)
    if not found:
        return ""
    folder = found[1].upper()
    try:
        return b32decode(folder + "=" * (-len(folder) % 8)).decode()
    except (NotBase32, UnicodeDecodeError):
        return ""
