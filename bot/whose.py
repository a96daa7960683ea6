"""Whose words these are, and so whose session: where several people write, nothing of one reaches another."""

from datetime import UTC, datetime, timedelta

from bot.answering.entities import without_code
from bot.messages import Incoming
from bot.sessions import Session

SILENT = timedelta(minutes=30)  # where several people write: then the conversation may be another's


def session_of(author: str, session: Session, now: datetime) -> Session:
    """Nothing of the customer's, not even what was said, may reach another who can write here: they get a session of
    their own, for this one message. When the customer has fallen silent, or has nothing to keep, it becomes theirs."""
    whose = session
    if author != session.author:
        whose = Session(session.conversation, author=author, language=session.language)
        session.forget_old_proof(now)
        if _is_free(session, now):
            session.become(whose)
            whose = session
    whose.heard = now
    return whose


def _is_free(session: Session, now: datetime) -> bool:
    return not session.is_private or bool(session.heard and now - session.heard > SILENT)


def is_theirs(one: Incoming, session: Session) -> bool:
    """Whether the conversation is, or becomes, that of who wrote this."""
    return one.author == session.author or _is_free(session, moment(one.accepted))


def without_codes(session: Session, text: str) -> str:
    """A one-time code is not kept: the history is what a model is told."""
    return without_code(text) if session.pending and session.pending.wants == "code" else text


def moment(event_id: str) -> datetime:
    """The time in the id of an event; without one, now."""
    milliseconds = event_id.partition("-")[0]
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC) if milliseconds else datetime.now(UTC)
