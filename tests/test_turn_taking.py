"""People write in bursts: one question, one answer; and nobody waits for more where no more is to come."""

import pytest

from bot.messages import STAFF, Incoming
from bot.sessions import Pending, Session
from bot.turn_taking import SETTLE_SECONDS, is_fragment, pause, settling

QUIET = 0.6


def said(text: str, at: float, press: str = "", channel: str = "test") -> Incoming:
    """`at`: seconds on Redis' clock."""
    return Incoming(channel, "test:a", "m", text=text, press=press, accepted=f"{int(at * 1000)}-0")


def paused(*messages: Incoming, at: float, session: Session | None = None, quiet: float = QUIET) -> float:
    return pause(messages, session or Session("test:a"), f"{int(at * 1000)}-1", quiet)


@pytest.mark.parametrize(
    "text",
    ["hi", "Hello there", "about my order", "so, I ordered two lamps last week,", "你好", "我想问一下", "关于订单："],
)
def test_a_beginning_sounds_like_one(text: str) -> None:
    assert is_fragment(text)


@pytest.mark.parametrize(
    "text",
    [
        "Where is my order?",
        "where is my order",
        "OT-20481931",
        "Thanks!",
        "退货期限是多少天？",
        "我的订单什么时候能到我这里",
        "",
    ],
)
def test_a_whole_question_sounds_like_one(text: str) -> None:
    assert not is_fragment(text)


def test_a_whole_question_is_answered_at_once() -> None:
    assert paused(said("Where is my order?", 10), at=10.002) == 0


def test_after_a_beginning_more_is_waited_for_from_the_moment_it_was_written() -> None:
    assert paused(said("hi", 10), at=10.1) == pytest.approx(QUIET - 0.1)
    assert paused(said("hi", 10), at=11) == 0


def test_in_a_burst_it_must_be_quiet_first() -> None:
    burst = said("hi", 10), said("I have a question.", 10.5), said("Where is my order?", 11)
    assert paused(*burst, at=11) == pytest.approx(QUIET)


def test_a_burst_without_end_is_answered_meanwhile() -> None:
    assert paused(said("hi", 10), said("one more thing", 12.1), at=12.1) == 0


def test_a_press_and_what_staff_write_are_never_waited_on() -> None:
    assert paused(said("", 10, press="confirm:x"), at=10) == 0
    assert paused(said("hi", 10), said("", 10.1, press="human"), at=10.1) == 0
    assert paused(said("hi", 10, channel=STAFF), at=10) == 0
    assert settling([said("", 10, press="human")], "10000-1", QUIET) == 0


def test_the_answer_to_what_the_desk_asked_is_not_waited_on() -> None:
    for session in (Session("test:a", pending=Pending("verification")), Session("test:a", proposal_is_asked=True)):
        assert paused(said("yes", 10), at=10, session=session) == 0


def test_who_wrote_the_last_question_in_pieces_is_given_time_for_this_one() -> None:
    assert paused(said("Where is my order?", 10), at=10, session=Session("test:a", in_bursts=True)) == pytest.approx(
        QUIET
    )


def test_waiting_can_be_switched_off() -> None:
    assert paused(said("hi", 10), said("so", 10), at=10, quiet=0) == 0
    assert settling([said("hi", 10)], "10000-1", 0) == 0


def test_a_reply_is_not_told_before_the_moment_in_which_a_phone_sends_what_it_kept() -> None:
    assert settling([said("Where is it?", 10)], "10010-0", QUIET) == pytest.approx(SETTLE_SECONDS - 0.01)
    assert settling([said("Where is it?", 10)], "10500-0", QUIET) == 0
