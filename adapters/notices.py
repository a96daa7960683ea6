"""What a channel to which messages are brought says by itself, beside the replies: how it is named, and to whom."""

from collections.abc import Sequence

from bot.channels import TooMuch

_MOST_REMEMBERED = 10_000


class KnowOfStaff:
    """Conversations whose customers were told that a person reads along: it is said once, until we answer again."""

    def __init__(self) -> None:
        self._known = dict[str, None]()

    def __contains__(self, conversation: str) -> bool:
        return conversation in self._known

    def add(self, conversation: str) -> None:
        """When it is with the customer, and not before."""
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.pop(next(iter(self._known)))
        self._known[conversation] = None

    def forget(self, conversation: str) -> None:
        self._known.pop(conversation, None)


def not_stored(much: TooMuch) -> str:
    """The name of the sentence that says why: the customer writes too fast, or the desk is full."""
    return "not_taken" if much.what == "line" else "too_fast"


def language_of_app(locale: str, languages: Sequence[str]) -> str:
    """The shop's language that the customer's app speaks, or else its first."""
    return next((one for one in languages if locale.lower().startswith(one)), languages[0])
