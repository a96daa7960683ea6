"""Holds one conversation, as it lies in Redis, to the model; and all that was accepted, when everything is served."""

from itertools import pairwise
from typing import Any

import msgspec

from bot.mailbox import earlier
from bot.messages import RESTARTED, THINKING, Busy, FinalText, Happening, Incoming, Said, TextDelta
from tests.mailbox_model import Expected

_incoming = msgspec.json.Decoder(Incoming)
_happening = msgspec.json.Decoder(Happening)


def message_of(letter: str) -> str:
    """The id of a message as it is stored."""
    return _incoming.decode(letter).message


def check_conversation(
    expected: Expected, mail: list[str], session: str, leased: int, events: list[Any], waits: int
) -> None:
    letters = [letter.partition(" ") for letter in mail]
    assert [message_of(letter[2]) for letter in letters] == expected.mail
    for (event, _, _), message in zip(letters, expected.mail, strict=True):
        assert event == expected.events[message] or message in expected.retried
    assert session == expected.session
    assert bool(leased) == (expected.lease is not None)
    assert bool(waits) == expected.waits_for_staff
    happened = [_happening.decode(fields[1]) for _, fields in events]
    lasting = [text_of(what) for what in happened if not _passes(what)]
    assert lasting == expected.told, (lasting, expected.told)
    assert (len(lasting) < len(happened)) <= expected.something_passes, "what only passed has stayed"


def check_it_is_done(expected: Expected) -> None:
    assert not expected.mail and not expected.lease
    assert expected.answered == expected.due
    assert expected.session.split() == expected.due, "an effect is missing, doubled or out of order"
    ids = list(expected.events.values())
    assert all(earlier(one, other) for one, other in pairwise(ids))


def _passes(what: object) -> bool:
    return isinstance(what, TextDelta | Busy) or what in (THINKING, RESTARTED)


def text_of(what: object) -> str:
    if isinstance(what, Said):
        return f"said {what.message}"
    return f"text {what.text}" if isinstance(what, FinalText) else f"status {getattr(what, 'status', what)}"
