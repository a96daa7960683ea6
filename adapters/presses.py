"""What a button of a chat app carries: the event that told of it, and which one of these it is; and its way back."""

import re
from dataclasses import dataclass

from bot.channels import Postbox
from bot.messages import Button, Buttons

_LASTS = "+"  # behind what a button carries that means the same whenever it is pressed
_CARRIED = re.compile(r"(\d{1,20}-\d{1,10}):(\d{1,3})\+?")


@dataclass(frozen=True)
class Press:
    event: str  # id of the event whose buttons they are
    index: int


def carried(event: str, index: int, button: Button) -> str:
    """At most 36 ASCII characters; Telegram has room for 64, Discord for 100."""
    return f"{event}:{index}{_LASTS if button.lasting else ''}"


def lasts(data: str) -> bool:
    """Whether what carries this can be pressed at any time: it decides nothing."""
    return data.endswith(_LASTS)


def read_press(data: str) -> Press | None:
    """None for what is not one of ours, or was pressed already."""
    found = _CARRIED.fullmatch(data)
    return Press(found[1], int(found[2])) if found else None


async def pressed_button(postbox: Postbox, conversation: str, press: Press) -> Button | None:
    """None where it is not of this conversation, or not known any more. Raises ConnectionError."""
    happened = await postbox.happened(conversation, press.event)
    buttons = happened.buttons if isinstance(happened, Buttons) else ()
    return buttons[press.index] if press.index < len(buttons) else None
