"""How fast a bot may write, and what may use up how much of that: the least important is left out first.

Telegram publishes no figures; its FAQ speaks of one message a second in a chat, 20 a minute in a group and 30 a second
in all. A bucket lets through what it holds and what flows in: together they stay under these in any such time.
"""

from adapters.telegram.places import Place
from bot.channels import Bucket

FINAL, NOTICE, TYPING, FRAME = 0.0, 0.2, 0.4, 0.6  # the share of a bucket that must be left after it

_LATELY, _MANY = 2.0, 3  # so many chats within so many seconds

BOT = Bucket("bot", per_second=19, at_once=10)


def buckets(place: Place) -> list[Bucket]:
    """For whatever is shown in the chat."""
    chat = Bucket(chat_bucket(place.chat), per_second=1, at_once=4)
    if place.private:
        return [BOT, chat]
    return [BOT, chat, Bucket(f"group:{place.chat}", per_second=15 / 60, at_once=5)]


def typing_buckets() -> list[Bucket]:
    """It does not count as a message for its chat."""
    return [BOT]


def chat_bucket(chat: int) -> str:
    return f"chat:{chat}"


class Floods:
    """Telegram does not say what there was too much of. In one chat: that chat. In several at once: the whole bot."""

    def __init__(self) -> None:
        self._lately = dict[int, float]()  # chats that were refused, and when

    def concern_all(self, chat: int, now: float) -> bool:
        """Whether a refusal in this chat, at this second, is one of many."""
        self._lately = {one: when for one, when in self._lately.items() if now - when < _LATELY} | {chat: now}
        return len(self._lately) >= _MANY
