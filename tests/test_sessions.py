"""What a session remembers, and for how long."""

from datetime import UTC, datetime, timedelta

from bot.sessions import KEPT_LINES, PATIENCE, SUMMARY_CHARACTERS, Line, Pending, Session, open_session, saved
from bot.shop.identity import Level, Verified

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
BY_POSTCODE, BY_EMAIL = Verified("c-1"), Verified("c-1", by_email=True)


def test_a_session_comes_back_as_it_was_saved() -> None:
    session = Session("web:1", language="zh")
    session.verified(BY_POSTCODE, "OT-1", NOW)
    session.pending = Pending(wants="verification", then="recent_orders", order_number="OT-1")
    session.remember(Line("customer", "你好"))
    session.remember(Line("desk", "您好", ("faq:a:zh@1",)))
    assert open_session("web:1", saved(session)) == session


def test_a_new_conversation_begins_as_a_guest() -> None:
    session = open_session("web:1", "")
    assert (session.level, session.customer, session.history) == (Level.GUEST, "", [])


def test_two_sessions_do_not_share_their_history() -> None:
    one, other = Session("web:1"), Session("web:2")
    one.remember(Line("customer", "hello"))
    assert other.history == []


def test_a_long_history_is_folded_from_its_old_end_and_stays_bounded() -> None:
    session = Session("web:1")
    for number in range(500):
        session.remember(Line("customer" if number % 2 else "desk", f"line {number} " + "x" * 300))
    assert len(session.history) <= KEPT_LINES
    assert session.history[-1].text.startswith("line 499 ")
    assert len(session.summary) <= SUMMARY_CHARACTERS
    assert "line 479 " in session.summary or any(line.text.startswith("line 479 ") for line in session.history)
    assert "line 0 " not in session.summary
    assert len(saved(session)) < 20_000


def test_a_question_of_the_desk_outlives_two_messages_about_something_else_and_no_more() -> None:
    session = Session("web:1", pending=Pending(wants="verification", then="order_status"))
    for _ in range(PATIENCE):
        session.remember(Line("customer", "do you ship to Norway?"))
        session.remember(Line("desk", "We do."))
        assert session.pending
    session.remember(Line("customer", "and what does it cost?"))
    assert session.pending is None


def test_a_postcode_opens_the_order_that_it_was_given_for_and_no_other() -> None:
    session = Session("web:1")
    assert not session.may_see("OT-1") and not session.may_see()
    session.verified(BY_POSTCODE, "OT-1", NOW)
    assert session.may_see("ot 1")
    assert not session.may_see("OT-2") and not session.may_see()
    session.verified(BY_POSTCODE, "OT-2", NOW)
    assert session.may_see("OT-1") and session.may_see("OT-2") and not session.may_see()


def test_the_email_of_the_account_opens_all_of_its_orders() -> None:
    session = Session("web:1")
    session.verified(BY_EMAIL, "OT-1", NOW)
    session.verified(BY_POSTCODE, "OT-1", NOW)
    assert session.may_see("OT-2") and session.may_see()


def test_what_was_proved_of_one_customer_says_nothing_of_the_next() -> None:
    session = Session("web:1")
    session.verified(BY_EMAIL, "OT-1", NOW)
    session.verified(Verified("c-2"), "OT-9", NOW)
    assert session.customer == "c-2"
    assert session.may_see("OT-9") and not session.may_see("OT-1") and not session.may_see()


def test_a_level_without_a_proof_opens_nothing() -> None:
    session = Session("web:1")
    session.identify("c-1", Level.VERIFIED)
    assert not session.may_see() and not session.may_see("OT-1") and not session.may_see("")
    session.forget_old_proof(NOW)
    assert session.level is Level.GUEST


def test_a_proof_lasts_a_day_from_the_oldest_that_counts() -> None:
    session = Session("web:1")
    session.verified(BY_EMAIL, "OT-1", NOW)
    session.verified(BY_POSTCODE, "OT-2", NOW + timedelta(hours=20))
    session.forget_old_proof(NOW + timedelta(hours=24))
    assert session.level is Level.VERIFIED
    session.forget_old_proof(NOW + timedelta(hours=24, seconds=1))
    assert (session.level, session.customer) == (Level.GUEST, "")
    assert not session.may_see("OT-2")


def test_who_is_signed_in_stays_so_and_is_asked_nothing_more() -> None:
    session = Session("web:1", pending=Pending(wants="verification", then="order_status"))
    session.identify("c-1", Level.SIGNED_IN)
    session.forget_old_proof(NOW + timedelta(days=365))
    assert session.may_see() and session.may_see("OT-1")
    assert session.pending is None
    session.verified(Verified("c-2", by_email=True), "OT-9", NOW)
    assert (session.customer, session.level) == ("c-1", Level.SIGNED_IN)
