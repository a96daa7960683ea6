"""What a link t.me/<bot>?start=<payload> brings: a link code of the shop, or a question that goes on in private.

Telegram allows 64 characters, of A-Z, a-z, 0-9, _ and -.
"""

import base64
import binascii
import re
from dataclasses import dataclass

from adapters.telegram.places import Place

_CODE = re.compile(r"link-([A-Za-z0-9]{4})-?([A-Za-z0-9]{4})")
_ASKED = re.compile(r"(-?\d{1,20})(?:/(\d{1,20}))?\|(\d{1,20}-\d{1,20})")
_QUESTION = "q_"


@dataclass(frozen=True)
class Asked:
    """What was asked in a group. Not by whom: that is who follows the link, and nobody gets another's question."""

    chat: int
    thread: int
    event: str


def link_text(payload: str) -> str:
    """The line that links the chat to an account, as a customer would type it; "" where it is none."""
    found = _CODE.fullmatch(payload)
    return f"link {found[1]}-{found[2]}" if found else ""


def private_payload(place: Place, event: str) -> str:
    """For the button under "please open our private chat"; `event` is the one that holds the question."""
    thread = f"/{place.thread}" if place.thread else ""
    return _QUESTION + base64.urlsafe_b64encode(f"{place.chat}{thread}|{event}".encode()).decode().rstrip("=")


def read_private_payload(payload: str) -> Asked | None:
    if not payload.startswith(_QUESTION):
        return None
    written = payload.removeprefix(_QUESTION)
    try:
        text = base64.urlsafe_b64decode(written + "=" * (-len(written) % 4)).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return None
    found = _ASKED.fullmatch(text)
    return Asked(int(found[1]), int(found[2] or 0), found[3]) if found else None
