"""Where a conversation takes place: our id of a conversation, and the chat, the topic and the person in it.

`telegram:<bot>:<chat>` is a private chat; a forum topic adds `/<topic>`; in a group each person has a conversation of
their own and `:<user>` is added, so that nobody is answered with what another one is allowed to know.
"""

import re
from dataclasses import dataclass

_CONVERSATION = re.compile(r"telegram:(\d+):(-?\d+)(?:/(\d+))?(?::(\d+))?")


@dataclass(frozen=True)
class Place:
    bot: int
    chat: int
    thread: int = 0  # a forum topic; 0: none
    user: int = 0  # in a group, whose conversation it is; 0: in a private chat

    @property
    def account(self) -> str:
        return account_of(self.bot)

    @property
    def conversation(self) -> str:
        thread = f"/{self.thread}" if self.thread else ""
        user = f":{self.user}" if self.user else ""
        return f"{self.account}:{self.chat}{thread}{user}"

    @property
    def private(self) -> bool:
        """Nobody else reads there: Telegram counts people up from 1, and groups down from -1."""
        return self.chat > 0


def account_of(bot: int) -> str:
    return f"telegram:{bot}"


def place_of(conversation: str) -> Place:
    """Raises ValueError for a conversation that is not on Telegram."""
    found = _CONVERSATION.fullmatch(conversation)
    if not found:
        raise ValueError(f"not a conversation on Telegram: {conversation!r}")
    bot, chat, thread, user = (int(one or 0) for one in found.groups())
    return Place(bot, chat, thread, user)
