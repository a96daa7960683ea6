"""Facts in the shop's database: written once however often they are brought, folded into talks in the same step."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import CursorResult, Insert, Select, Table, and_, delete, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.insights.facts import Fact, HandoffFact, TurnFact
from bot.insights.folding import Happened, Heard, talks_of
from bot.insights.meanings import Meanings
from bot.insights.searched import searched_by
from bot.insights.tables import handoffs, talks, turns
from bot.shop.database import Database

LONGEST = 4000  # characters of what was said and of what was replied
AT_A_TIME = 200  # conversations in one question to the database
FEW = 25  # conversations in one transaction, where all of each is written anew: others want to write too
GONE = "~"  # begins what stands for a conversation whose texts are gone: nobody can tell any more whose it was
Row = dict[str, Any]


class FactStore:
    """Its methods raise StoreUnavailable."""

    def __init__(self, database: Database, meanings: Meanings) -> None:
        self._database, self._meanings = database, meanings

    def rows(self, facts: Sequence[Fact]) -> tuple[list[Row], list[Row]]:
        """Of turns and of handoffs. Takes a tenth of a millisecond for each: not in the loop."""
        said = [self._turn(fact) for fact in facts if isinstance(fact, TurnFact)]
        return said, [_deed(fact) for fact in facts if isinstance(fact, HandoffFact)]

    async def write(self, said: Sequence[Row], done: Sequence[Row]) -> None:
        """What is there already stays as it is."""
        async with self._database.writing() as connection:
            for table, rows in ((turns, said), (handoffs, done)):
                if rows:
                    await connection.execute(_new(table, connection), rows)
            await _fold(connection, [row["conversation"] for row in (*said, *done)])

    async def forget(self, until: Mapping[str, float]) -> None:
        """By conversation, what was there at that moment: no trace of it stays."""
        async with self._database.writing() as connection:
            known = await _known(connection, list(until))
            for conversation in known:
                at = until[conversation]
                gone: CursorResult[Any] = await connection.execute(
                    delete(turns).where(turns.c.conversation == conversation, turns.c.answered <= at)
                )
                done: CursorResult[Any] = await connection.execute(
                    delete(handoffs).where(handoffs.c.conversation == conversation, handoffs.c.at <= at)
                )
                if gone.rowcount or done.rowcount:
                    await connection.execute(delete(talks).where(talks.c.conversation == conversation))
                    await _fold(connection, [conversation])

    async def drop_texts(self, before: float) -> int:
        """Of conversations in which nothing has happened since: what was said goes, and whose it was. What is counted
        stays. Returns how many there were."""
        happened = select(turns.c.conversation, turns.c.answered.label("at"))
        everything = happened.union_all(select(handoffs.c.conversation, handoffs.c.at)).subquery()
        query = select(everything.c.conversation).where(~everything.c.conversation.startswith(GONE))
        query = query.group_by(everything.c.conversation).having(func.max(everything.c.at) < before)
        async with self._database.reading() as connection:
            found = list((await connection.execute(query)).scalars())
        for begin in range(0, len(found), FEW):
            async with self._database.writing() as connection:
                for conversation in found[begin : begin + FEW]:
                    await _make_nameless(connection, conversation, before)
        return len(found)

    async def drop(self, before: float) -> None:
        """All that is older."""
        async with self._database.writing() as connection:
            await connection.execute(delete(turns).where(turns.c.at < before))
            await connection.execute(delete(handoffs).where(handoffs.c.at < before))
            await connection.execute(delete(talks).where(talks.c.last < before))

    def _turn(self, fact: TurnFact) -> Row:
        said, replied, comment = (_clean(text) for text in (fact.said, fact.replied, fact.comment))
        row: Row = {name: getattr(fact, name) for name in TURN}
        return {
            **row,
            "said": said,
            "replied": replied,
            "comment": comment,
            "handoff": fact.handoff or "",
            "meaning": self._meanings.of(fact),
            "words": searched_by(said, replied),
        }


TURN = tuple(one.name for one in turns.columns if one.name not in ("id", "meaning", "words"))
DEED = tuple(one.name for one in handoffs.columns)
FACT = tuple(turns.c[name] for name in (*TURN, "meaning") if name not in ("said", "replied"))
SAID, REPLIED = turns.c.said != "", turns.c.replied != ""


def _deed(fact: HandoffFact) -> Row:
    return {name: getattr(fact, name) for name in DEED}


def _clean(text: str) -> str:
    """PostgreSQL keeps no text with a zero in it, and nobody half a character."""
    return text[:LONGEST].replace("\0", "").encode(errors="replace").decode()


def _new(table: Table, connection: AsyncConnection) -> Insert:
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    return sqlite.insert(table).on_conflict_do_nothing()


async def _known(connection: AsyncConnection, conversations: Sequence[str]) -> list[str]:
    found: list[str] = []
    for begin in range(0, len(conversations), AT_A_TIME):
        some = conversations[begin : begin + AT_A_TIME]
        said, done = (select(one.c.conversation).where(one.c.conversation.in_(some)) for one in (turns, handoffs))
        found += (await connection.execute(said.union(done))).scalars()
    return found


async def _fold(connection: AsyncConnection, conversations: Sequence[str]) -> None:
    """The newest talk of each anew, and those that have begun since."""
    different = list(dict.fromkeys(conversations))
    for begin in range(0, len(different), AT_A_TIME):
        await _fold_some(connection, different[begin : begin + AT_A_TIME])


async def _fold_some(connection: AsyncConnection, conversations: Sequence[str]) -> None:
    newest = select(talks.c.conversation, func.max(talks.c.began).label("began"))
    began = newest.where(talks.c.conversation.in_(conversations)).group_by(talks.c.conversation).subquery()
    happened: dict[str, list[Happened]] = {}
    for row in await connection.execute(_since(select(*FACT, SAID, REPLIED), turns, began, conversations)):
        happened.setdefault(row.conversation, []).append(_heard(row))
    for row in await connection.execute(_since(select(handoffs), handoffs, began, conversations)):
        happened.setdefault(row.conversation, []).append(_done(row))
    is_newest = and_(talks.c.conversation == began.c.conversation, talks.c.began == began.c.began)
    await connection.execute(delete(talks).where(select(began).where(is_newest).exists()))
    folded = [msgspec.structs.asdict(talk) for each in happened.values() for talk in talks_of(each)]
    if folded:
        await connection.execute(insert(talks), folded)


def _since(query: Select[Any], table: Table, began: Any, conversations: Sequence[str]) -> Select[Any]:
    joined = query.outerjoin_from(table, began, table.c.conversation == began.c.conversation)
    is_newer = or_(began.c.began.is_(None), table.c.at >= began.c.began)
    return joined.where(table.c.conversation.in_(conversations), is_newer)


def _heard(row: Any) -> Heard:
    """As much of the texts as is needed here: whether there were any."""
    *kept, said, replied = row
    known = dict(zip((column.name for column in FACT), kept, strict=True))
    meaning = known.pop("meaning")
    known |= {"handoff": known["handoff"] or None, "said": "…" * said, "replied": "…" * replied}
    return Heard(TurnFact(**known), meaning)


def _done(row: Any) -> HandoffFact:
    return HandoffFact(channel="", **row._mapping)


async def _make_nameless(connection: AsyncConnection, conversation: str, before: float) -> None:
    """Unless something was said there meanwhile."""
    newest = select(func.max(turns.c.answered)).where(turns.c.conversation == conversation)
    if ((await connection.execute(newest)).scalar_one() or 0.0) >= before:
        return
    name = GONE + secrets.token_hex(8)
    empty = {"said": "", "replied": "", "comment": "", "words": "", "conversation": name}
    await connection.execute(update(turns).where(turns.c.conversation == conversation).values(empty))
    await connection.execute(update(handoffs).where(handoffs.c.conversation == conversation).values(conversation=name))
    changed = {"conversation": name, "comment": ""}
    await connection.execute(update(talks).where(talks.c.conversation == conversation).values(changed))


def is_gone(conversation: str) -> bool:
    """Whether this only stands for one whose texts are gone."""
    return conversation.startswith(GONE)
