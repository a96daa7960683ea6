"""Commands: "/help" that is typed anywhere means the same as the button."""

import re

import msgspec

from bot.answering.intents import HUMAN
from bot.messages import Buttons, Incoming

START, HELP, LANGUAGE, ACCOUNT, SIGN_OUT, FORGET, RATE = (
    "start", "help", "language", "account", "sign_out", "forget", "rate",
)  # fmt: skip
ORDERS, YES, NO, FOLLOW = "orders", "yes", "no", "auto"
FORGET_NOW = f"{FORGET}:{YES}"
LEAVE_EMAIL, CALL_BACK, LEAVE_LINE = "leave_email", "call_back", "leave_line"  # of who waits for staff
COMMANDS = {
    "start": START,
    "help": HELP,
    "human": HUMAN,
    "order": ORDERS,
    "orders": ORDERS,
    "language": LANGUAGE,
    "account": ACCOUNT,
    "forget": FORGET,
}
# kinds of buttons that mean the same whenever they are pressed
LASTING = (HUMAN, HELP, ORDERS, "ask", "order", "do", LEAVE_EMAIL, CALL_BACK, LEAVE_LINE)
TYPED = re.compile(r"\s*[/／]([a-z]+)\s*", re.IGNORECASE)


def as_press(message: Incoming) -> Incoming:
    """A message that is nothing but a command becomes the press that it stands for."""
    typed = None if message.press or message.attachments else TYPED.fullmatch(message.text)
    press = COMMANDS.get(typed[1].lower()) if typed else None
    return msgspec.structs.replace(message, press=press, text="") if press else message


def kind_of(press: str) -> str:
    """ "language" of "language:en"."""
    return press.partition(":")[0]


def marked(buttons: Buttons) -> Buttons:
    """Each says whether it lasts."""
    return Buttons(tuple(msgspec.structs.replace(one, lasting=kind_of(one.id) in LASTING) for one in buttons.buttons))
