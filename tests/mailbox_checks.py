"""Holds one conversation, as it lies in Redis, to the model; and all that was accepted, when everything is served."""

from itertools import pairwise
from typing import Any

import msgspec

from bot.insights.noted import read_line
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


def check_notes(
    expected: list[Expected], tellings: list[str], by_time: list[str], unanswered: list[str], *kept: list[list[str]]
) -> None:
    """What was told is found by its passage and by its conversation alike, and the same of what was asked in vain."""
    assert sorted(tellings) == sorted(by_time)
    assert sorted(unanswered) == sorted(one.name for one in expected if one.missed)
    found: list[str] = []
    for one, (told, lines) in zip(expected, kept, strict=True):
        said = dict(zip(told[::2], told[1::2], strict=True))
        assert {passage: version.partition(" ")[0] for passage, version in said.items()} == one.versions
        assert [getattr(read_line(line), "text", "") for line in lines] == one.missed
        found += [f"{passage}\n{version}\n{one.name}" for passage, version in said.items()]
    assert sorted(found) == sorted(tellings)


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
