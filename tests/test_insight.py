"""What happened on the desk is written down once, counted rightly, found again, and gone when it has to be."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
import pytest_asyncio
from click.testing import CliRunner
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from bot.answering.prompting import Prompts
from bot.answering.turn import Turn
from bot.cli import main
from bot.desk.small_talk import SmallTalk
from bot.desks import REASONS, Figure, Member, NotAllowed, Span, Table
from bot.insights.approving import Approving
from bot.insights.drafting import Drafts
from bot.insights.fact_store import FactStore
from bot.insights.facts import Fact, TurnFact
from bot.insights.figures import SORTINGS, Sight, behind, comments, table_of
from bot.insights.insight import ShopInsight
from bot.insights.looking_back import ORDER, LookingBack
from bot.insights.meanings import read_meanings
from bot.insights.noted import CORRECTION, StaffSaid, Unanswered
from bot.insights.noting import Noting
from bot.insights.outcomes import OUTCOMES
from bot.insights.questions import Questions
from bot.insights.recording import Recorder
from bot.insights.tables import handoffs, insight_tables, talks, turns
from bot.insights.talks import Talks, excerpt
from bot.keys import Keys
from bot.knowledge.passages import Passage
from bot.knowledge.reading.drafts import Draft
from bot.messages import STAFF, Incoming
from bot.observing.metrics import REGISTRY
from bot.observing.turn_record import recorded_turn
from bot.opening.places import database_url
from bot.redis.connection import Connection
from bot.sessions import Session
from bot.settings import Settings
from bot.shop.database import Database, open_database
from tests.insight_facts import ADA, HOUR, MONDAY, at, deed, staff_wrote, turn

PROMPTS = Prompts(Path(__file__).parent.parent / "prompts")
MEANINGS = read_meanings(PROMPTS)
WEEK = Span("2026-11-16", "2026-11-22")
LEAD, AGENT = Member("otto", "Otto", "lead"), Member("olivia", "Olivia", "agent")
BEN, CAI = "web:ben", "test:cai"
NEVER = at(1000)


class Kept:
    """The database, what writes into it and what reads there."""

    def __init__(self, database: Database) -> None:
        self.database, self.store, self.talks = database, FactStore(database, MEANINGS), Talks(database)

    async def write(self, *facts: Fact) -> None:
        await self.store.write(*self.store.rows(facts))

    async def count(self, *tables: Any) -> int:
        async with self.database.reading() as connection:
            return sum(
                [(await connection.execute(select(func.count()).select_from(one))).scalar_one() for one in tables]
            )


@pytest_asyncio.fixture
async def kept(store_url: str) -> AsyncIterator[Kept]:
    """On each kind of database."""
    async with open_database(store_url) as database:
        await database.add(insight_tables)
        yield Kept(database)


@pytest_asyncio.fixture
async def in_file(tmp_path: Path) -> AsyncIterator[Kept]:
    async with open_database(f"sqlite:///{tmp_path / 'shop.db'}") as database:
        await database.add(insight_tables)
        yield Kept(database)


def week() -> list[Fact]:
    """Ada is helped by the bot; Ben by staff, a day later; Cai, in Chinese, by nobody."""
    ben: dict[str, Any] = {"conversation": BEN}
    cai: dict[str, Any] = {"conversation": CAI, "channel": "test", "language": "zh"}
    return [
        turn(9, "How long does delivery take?", "Three days."),
        turn(9.1, "That helped, thanks"),
        turn(34, "My boots are broken", "I get somebody.", handoff="asked", tone=0.8, **ben),
        deed(34, "opened", 34, **ben),
        deed(35, "took", 34, by="mia", **ben),
        deed(35.5, "answered", 34, by="mia", **ben),
        staff_wrote(35.5, "We send new boots.", **ben),
        deed(36, "closed", 34, help="resolved", by="mia", **ben),
        turn(36.1, "[rate]", "Thank you.", stars=4, **ben),
        turn(36.2, "Mia was quick", "Thank you.", comment="Mia was quick", **ben),
        turn(58, "你们养羊驼吗？", "我不知道。", missed=True, **cai),
    ]


def rows(table: Table) -> dict[str, Figure]:
    return {row.key: row for row in table.rows}


async def sight(kept: Kept, zone: str = "UTC") -> Sight:
    days = tuple(f"2026-11-{day}" for day in range(16, 23))
    return Sight(await kept.talks.between(MONDAY, MONDAY + 7 * 24 * HOUR), days, ZoneInfo(zone), NEVER, 0.5)


async def test_what_is_brought_again_is_written_once(kept: Kept) -> None:
    await kept.write(*week())
    before = await kept.talks.between(0, NEVER)
    await kept.write(*week()[3:8])
    await kept.write(*week())
    assert await kept.count(turns) == 7 and await kept.count(handoffs) == 4 and await kept.count(talks) == 3
    assert await kept.talks.between(0, NEVER) == before


async def test_talks_are_the_same_however_what_happened_is_cut_into_batches(kept: Kept) -> None:
    facts = [*week(), turn(80, "Where is my order?"), turn(120, "Do you sell socks?", conversation=BEN)]
    await kept.write(*facts)
    at_once = await kept.talks.between(0, NEVER)
    await kept.store.forget(dict.fromkeys((ADA, BEN, CAI), NEVER))
    assert await kept.count(turns, handoffs, talks) == 0
    for fact in facts:
        await kept.write(fact)
    assert await kept.talks.between(0, NEVER) == at_once and len(at_once) == 5


async def test_the_tables_count_what_happened(in_file: Kept) -> None:
    await in_file.write(*week())
    seen = await sight(in_file)
    tables = {name: rows(table_of(name, seen)) for name in SORTINGS}

    def values(name: str) -> dict[str, float | None]:
        return {key: row.value for key, row in tables[name].items() if row.of}

    assert values("totals") == {"conversations": 3, "handed_over": 1, "rated": 1}
    assert values("days") == {"2026-11-16": 1, "2026-11-17": 1, "2026-11-18": 1} and len(tables["days"]) == 7
    assert values("hours") == {"09": 1, "10": 2} and len(tables["hours"]) == 24
    assert values("channels") == {"web": 2, "test": 1} and values("languages") == {"en": 2, "zh": 1}
    assert values("outcomes") == {"bot_said": 1, "staff_assumed": 1, "unanswered": 1}
    assert tuple(tables["outcomes"]) == OUTCOMES
    assert values("first_answer")["bot"] == 2
    assert values("first_answer")["staff"] == pytest.approx(1.5 * HOUR, abs=5)
    assert values("resolution")["bot"] == 2
    assert values("reasons") == {"asked": 1} and len(tables["reasons"]) == len(REASONS)
    assert values("csat") == {"4": 1} and list(tables["csat"]) == ["5", "4", "3", "2", "1"]
    assert values("csat_average") == {"all": 4, "channel:web": 4, "language:en": 4}
    assert tables["csat_average"]["channel:web"].label == "web"
    assert values("tone") == {"2026-11-17": 1.0}
    assert tables["tone"]["2026-11-16"].value == 0 and tables["tone"]["2026-11-20"].value is None
    assert {key: row.of for key, row in tables["members"].items()} == {"mia": 1}
    (word,) = comments(seen).rows
    assert (word.label, word.value) == ("Mia was quick", 4)


async def test_every_number_leads_to_as_many_talks_as_it_says(in_file: Kept) -> None:
    await in_file.write(*week(), turn(80, "Where is my order?"), turn(81, "Where is it?", conversation=CAI))
    seen = await sight(in_file)
    for table in [*(table_of(name, seen) for name in SORTINGS), comments(seen)]:
        for row in table.rows:
            assert len(behind(table.name, row.key, seen)) == row.of, (table.name, row.key)
    assert behind("no such table", "all", seen) == behind("outcomes", "no such row", seen) == []


async def test_an_hour_is_one_of_the_shops_own_clock_also_when_that_is_put_back(in_file: Kept) -> None:
    night = datetime(2026, 11, 1, 5, 30, tzinfo=UTC).timestamp()  # half past one in New York, and an hour later again
    for number in range(2):
        await in_file.write(turn((night + number * HOUR - MONDAY) / HOUR, "Where is it?", conversation=f"web:{number}"))
    zone = ZoneInfo("America/New_York")
    seen = Sight(await in_file.talks.between(night - HOUR, night + 2 * HOUR), ("2026-11-01",), zone, NEVER, 0.5)
    assert rows(table_of("hours", seen))["01"].of == 2 and rows(table_of("days", seen))["2026-11-01"].of == 2


SEARCHES = {
    "deliveries": [ADA],
    "boots": [BEN],
    "new boots": [BEN],
    "boots delivery": [],
    "羊驼": [CAI],
    "养羊驼": [CAI],
    "骆驼": [],
    "OT-10023121": [ADA],
    "ot10023121": [ADA],
    "10023121": [ADA],
    "100%": [],
    "_": [],
    "": [],
    "?!": [],
}


async def test_words_are_found_where_they_were_said(kept: Kept) -> None:
    await kept.write(*week(), turn(10, "It is OT-10023121"), turn(59, "fifty%_off", conversation="web:dan"))
    for words, where in SEARCHES.items():
        assert [one.conversation for one in await kept.talks.search(words)] == where, words
    (mia,) = await kept.talks.search("send boots")
    assert (mia.by, mia.channel, mia.excerpt) == ("staff", "web", "We send new boots.")
    (told,) = await kept.talks.search("three days")
    assert (told.by, told.conversation, told.at.timestamp()) == ("desk", ADA, at(9))
    await kept.write(*(turn(60 + n, "boots again", conversation=f"web:{n}") for n in range(9)), turn(70, "boots"))
    newest = await kept.talks.search("boots", 3)
    assert [one.conversation for one in newest] == [ADA, "web:8", "web:7"]


def test_an_excerpt_is_the_piece_around_the_word() -> None:
    text = "word " * 40 + "delivery " + "word " * 40
    assert "delivery" in excerpt(text, ["% deliveri%"]) and len(excerpt(text, ["% deliveri%"])) < 130
    assert excerpt("short") == "short" and excerpt(text).startswith("word") and excerpt(text).endswith("…")


async def test_what_is_forgotten_leaves_no_trace_and_what_was_said_since_stays(kept: Kept) -> None:
    await kept.write(*week(), turn(80, "Where is my order?", conversation=BEN))
    await kept.store.forget({BEN: at(50), "web:nobody": at(50), "web:file/photo.jpg": at(50)})
    left = await kept.talks.between(0, NEVER)
    assert [(talk.conversation, talk.began) for talk in left] == [(ADA, at(9)), (CAI, at(58)), (BEN, at(80))]
    assert await kept.talks.search("boots") == []
    await kept.store.forget({BEN: NEVER})
    assert BEN not in {talk.conversation for talk in await kept.talks.between(0, NEVER)}
    assert await kept.count(handoffs) == 0


async def test_texts_go_with_their_conversation_and_what_is_counted_stays(kept: Kept) -> None:
    await kept.write(*week(), turn(90, "Where is my order?"), deed(20, "closed", conversation="web:nobody-wrote"))
    before = {name: [row.of for row in table_of(name, await sight(kept)).rows] for name in SORTINGS}
    assert await kept.store.drop_texts(at(60)) == 3
    assert await kept.store.drop_texts(at(60)) == 0
    seen = await sight(kept)
    assert {name: [row.of for row in table_of(name, seen).rows] for name in SORTINGS} == before
    assert comments(seen).rows == () and await kept.talks.search("boots") == []
    assert [one.conversation for one in await kept.talks.search("delivery")] == [ADA]
    async with kept.database.reading() as connection:
        everything = repr([(await connection.execute(select(table))).all() for table in (turns, handoffs, talks)])
    assert not any(told in everything for told in (BEN, CAI, "nobody", "boots", "Mia", "羊驼"))
    await kept.store.drop(at(60))
    assert await kept.count(turns) == 1 and await kept.count(handoffs) == 0


def recorder(connection: Connection, kept: Kept, keys: Keys | None = None) -> Recorder:
    return Recorder(connection, keys or Keys(), kept.store, 400)


async def happen(connection: Connection, keys: Keys, *facts: Fact) -> None:
    for fact in facts:
        key = keys.facts(keys.tag(fact.conversation))
        await connection.commands.xadd(key, {"fact": msgspec.json.encode(fact).decode()})


async def test_facts_come_from_every_shard_once_and_none_is_left(
    any_connection: Connection, any_keys: Keys, in_file: Kept
) -> None:
    keys, redis = any_keys, any_connection.commands
    await happen(any_connection, keys, *week())
    one, other = recorder(any_connection, in_file, keys), recorder(any_connection, in_file, keys)
    await asyncio.gather(one.record(), other.record())
    assert await in_file.count(turns) == 7 and await in_file.count(talks) == 3
    assert sum([await redis.xlen(keys.facts(keys.shard(number))) for number in range(keys.shards)]) == 0
    await redis.zadd(keys.forgotten(keys.tag(BEN)), {BEN: at(900)})
    await other.forget()
    assert await in_file.count(talks) == 2


async def test_what_cannot_be_read_or_written_holds_up_nothing(connection: Connection, kept: Kept) -> None:
    keys = Keys()
    first, *rest = week()
    key = keys.facts(keys.shard(0))
    await happen(connection, keys, msgspec.structs.replace(first, said="a\0b " * 3000))
    await connection.commands.xadd(key, {"fact": '{"is":"of another release"}'})
    await connection.commands.xadd(key, {"other": "field"})
    await happen(connection, keys, deed(1, "opened", number=2**40), *rest)
    assert await recorder(connection, kept).record() == len(week()) + 3
    assert await kept.count(turns) == 7
    assert await connection.commands.xlen(key) == 0


async def test_what_the_database_does_not_take_now_waits_until_it_does(connection: Connection, kept: Kept) -> None:
    async with kept.database.writing() as writing:
        await writing.run_sync(insight_tables.drop_all)
    await happen(connection, Keys(), *week())
    for _ in range(2):
        with pytest.raises((ConnectionError, SQLAlchemyError)):
            await recorder(connection, kept).record()
    assert await connection.commands.xlen(Keys().facts(Keys().shard(0))) == len(week())
    await kept.database.add(insight_tables)
    assert await recorder(connection, kept).record() == len(week())
    assert await kept.count(talks) == 3


async def test_what_was_forgotten_is_not_written_down_afterwards(connection: Connection, kept: Kept) -> None:
    keys = Keys()
    rounded = deed(60, "withdrawn", conversation=BEN, at=round(at(60) + 0.00006, 4))
    await happen(connection, keys, *week(), rounded)
    await connection.commands.zadd(keys.forgotten(keys.shard(0)), {BEN: at(60)})
    await recorder(connection, kept).record()
    assert {talk.conversation for talk in await kept.talks.between(0, NEVER)} == {ADA, CAI}
    assert await kept.count(handoffs) == 0
    await connection.commands.zadd(keys.forgotten(keys.shard(0)), {ADA: at(60)})
    of_this_process = recorder(connection, kept)
    await of_this_process.forget()
    assert {talk.conversation for talk in await kept.talks.between(0, NEVER)} == {CAI}
    await connection.commands.zadd(keys.forgotten(keys.shard(0)), {CAI: at(60)})
    await of_this_process.forget()
    assert await kept.count(turns, handoffs, talks) == 0


async def test_two_processes_record_and_one_that_dies_is_followed(connection: Connection, in_file: Kept) -> None:
    first, second = (asyncio.create_task(recorder(connection, in_file).run()) for _ in range(2))

    async def recorded(count: int) -> bool:
        deadline = time.monotonic() + 20
        while await in_file.count(turns) < count and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        return await in_file.count(turns) == count

    try:
        await happen(connection, Keys(), week()[0])
        assert await recorded(1)
        first.cancel()
        await happen(connection, Keys(), *week())
        assert await recorded(7)
    finally:
        for task in (first, second):
            task.cancel()
        await asyncio.gather(first, second, return_exceptions=True)


class Written:
    """What would be published, and written into the book."""

    def __init__(self) -> None:
        self.entries: dict[str, Passage] = {}
        self.deeds: list[tuple[str, str, str]] = []

    async def put(self, drafts: Sequence[Draft]) -> None:
        self.entries |= {draft.passage.id: draft.passage for draft in drafts}

    async def write(self, by: str, deed: str, conversation: str = "", detail: str = "") -> None:
        self.deeds.append((by, deed, detail))


def insight(kept: Kept, connection: Connection, written: Written, now: float = NEVER) -> ShopInsight:
    def say(language: str, name: str, **values: object) -> str:
        return PROMPTS.say(language or "en", name, **values)

    questions = Questions(kept.talks, None, r"OT-\d{8}", SmallTalk(PROMPTS).is_it)
    return ShopInsight(
        LookingBack(kept.talks, questions, ZoneInfo("UTC"), now=lambda: now),
        Approving(Drafts(connection, Keys()), written, written, say),
    )


async def test_a_lead_sees_every_table_and_what_is_behind_it(connection: Connection, in_file: Kept) -> None:
    asked = [
        turn(40 + n / 10, f"How long does delivery take{dots}", conversation=f"web:{n}")
        for n, dots in enumerate(["?", " ?", "", " to my house?", " for boots?"])
    ]
    await in_file.write(*week(), *asked, turn(41, "OT-10023121"), turn(42, "[ask]"))
    seen = insight(in_file, connection, Written())
    tables = {table.name: table for table in await seen.tables(WEEK)}
    assert tuple(tables) == ORDER
    first = tables["topics"].rows[0]
    assert "delivery" in first.label and first.of == 6
    found = await seen.behind(WEEK, "topics", first.key)
    assert len({one.conversation for one in found}) == 6
    (unknown,) = tables["unanswered"].rows
    assert unknown.label == "你们养羊驼吗？"
    assert [one.conversation for one in await seen.behind(WEEK, "unanswered", unknown.key)] == [CAI]
    (ben,) = await seen.behind(WEEK, "reasons", "asked")
    assert (ben.conversation, ben.excerpt) == (BEN, "My boots are broken")
    assert await seen.behind(WEEK, "topics", "nothing") == []
    await in_file.store.drop_texts(at(38))
    (ben,) = await seen.behind(WEEK, "reasons", "asked")
    assert (ben.conversation, ben.excerpt) == ("", "")


@pytest.mark.parametrize(
    "span", [Span("2026-11-22", "2026-11-16"), Span("", ""), Span("2025-01-01", "2026-11-22"), Span("x", "2026-11-22")]
)
async def test_a_span_that_is_none_is_refused(connection: Connection, in_file: Kept, span: Span) -> None:
    for refused in (insight(in_file, connection, Written()).tables(span),):
        with pytest.raises(ValueError, match="days"):
            await refused


async def unanswered(connection: Connection, text: str = "Do you breed alpacas?", answer: str = "Yes, forty.") -> None:
    """As a turn leaves it behind, with what staff said then."""
    keys, event = Keys(), f"{int(time.time() * 1000)}-0"
    lines = Unanswered(event, text, "en", "declined"), StaffSaid(event, answer)
    await connection.commands.rpush(keys.missed(ADA), *(msgspec.json.encode(line).decode() for line in lines))
    await connection.commands.zadd(keys.unanswered(keys.tag(ADA)), {ADA: time.time()})


async def test_what_staff_answered_becomes_an_entry_when_a_lead_approves_it(
    connection: Connection, in_file: Kept
) -> None:
    await unanswered(connection)
    written = Written()
    seen = insight(in_file, connection, written)
    (draft,) = await seen.drafts()
    assert draft.questions == ("Do you breed alpacas?",) and draft.text == "Yes, forty." and draft.conversation == ADA
    with pytest.raises(NotAllowed):
        await seen.approve(AGENT, draft.id, draft.questions, draft.text)
    with pytest.raises(NotAllowed):
        await seen.drop(AGENT, draft.id)
    with pytest.raises(ValueError, match=r"\[phone\]"):
        await seen.approve(LEAD, draft.id, draft.questions, "Call [phone].")
    with pytest.raises(ValueError, match="question and an answer"):
        await seen.approve(LEAD, draft.id, ["  "], draft.text)
    await seen.approve(LEAD, draft.id, ["Do you breed alpacas?", "Are there alpacas?"], "Yes, forty of them.")
    (entry,) = written.entries.values()
    assert (entry.title, entry.questions, entry.text) == (
        "Do you breed alpacas?", ("Are there alpacas?",), "Yes, forty of them.",
    )  # fmt: skip
    assert await seen.drafts() == [] and written.deeds == [("otto", "faq_approved", entry.id)]
    with pytest.raises(ValueError, match="already"):
        await seen.approve(LEAD, draft.id, draft.questions, draft.text)


async def test_a_draft_never_replaces_an_entry_that_is_there(connection: Connection, in_file: Kept) -> None:
    written = Written()
    for answer in ("Yes, forty.", "No more."):
        await connection.commands.flushall()
        await unanswered(connection, answer=answer)
        seen = insight(in_file, connection, written)
        (draft,) = await seen.drafts()
        await seen.approve(LEAD, draft.id, draft.questions, draft.text)
    assert sorted(entry.text for entry in written.entries.values()) == ["No more.", "Yes, forty."]


async def test_an_approval_that_was_broken_off_publishes_the_same_entry_when_it_is_tried_again(
    connection: Connection, in_file: Kept
) -> None:
    await unanswered(connection)
    written = Written()

    class Dies(Written):
        async def put(self, drafts: Sequence[Draft]) -> None:
            await written.put(drafts)
            raise asyncio.CancelledError

    (draft,) = await insight(in_file, connection, written).drafts()
    with pytest.raises(asyncio.CancelledError):
        await insight(in_file, connection, Dies()).approve(LEAD, draft.id, ["Alpacas, do you?"], "Yes.")
    (first,) = written.entries
    (again,) = await insight(in_file, connection, written).drafts()
    await insight(in_file, connection, written).approve(LEAD, again.id, again.questions, again.text)
    assert [(one.id, one.text) for one in written.entries.values()] == [(first, "Yes, forty.")]
    assert await insight(in_file, connection, written).drafts() == []


async def test_courtesies_a_yes_or_no_and_the_wish_for_a_person_are_no_topics(
    connection: Connection, in_file: Kept
) -> None:
    nothing = (
        "I want to talk to a person",
        "thanks a lot!",
        "nope",
        "good morning",
        "never mind",
        "转人工",
        "谢谢",
        "不用了",
    )
    said = [turn(40 + n / 10, text, conversation=f"web:{n}", missed=True) for n, text in enumerate(nothing)]
    asked = turn(42, "Do you breed llamas?", conversation="web:llama", missed=True)
    await in_file.write(*said, asked)
    seen = insight(in_file, connection, Written())
    tables = {table.name: table for table in await seen.tables(WEEK)}
    assert [row.label for row in tables["unanswered"].rows] == ["Do you breed llamas?"]
    assert [row.label for row in tables["topics"].rows] == ["Do you breed llamas?"]


async def test_what_the_database_missed_while_it_was_away_is_counted_and_said(
    connection: Connection, in_file: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    few = Recorder(connection, Keys(), in_file.store, 400, most_waiting=4)
    await happen(connection, Keys(), *week())
    waiting = await connection.commands.xlen(Keys().facts(Keys().shard(0)))
    before = REGISTRY.get_sample_value("shopdesk_facts_dropped_total") or 0.0
    with caplog.at_level(logging.WARNING, "bot.insights.recording"):
        assert await few.make_room() == waiting - 4 > 0
        assert await few.make_room() == 0
        assert await few.record() == 4 and await few.record() == 0
    assert REGISTRY.get_sample_value("shopdesk_facts_dropped_total") == before + waiting - 4
    started, ended = (one.getMessage() for one in caplog.records if one.name == "bot.insights.recording")
    assert "oldest" in started and f"{waiting - 4} turns" in ended


async def test_a_dropped_draft_does_not_come_again(connection: Connection, in_file: Kept) -> None:
    await unanswered(connection)
    written = Written()
    seen = insight(in_file, connection, written)
    (draft,) = await seen.drafts()
    await seen.drop(LEAD, draft.id)
    assert await seen.drafts() == [] and written.deeds == [("otto", "faq_dropped", draft.id)] and not written.entries


def test_a_correction_in_the_name_of_staff_is_no_answer_of_theirs() -> None:
    said = Incoming(STAFF, ADA, "eve:1", "We send new boots.", accepted="1-0")
    with recorded_turn((said,), "1-0", 1) as record:
        for message in (said, msgspec.structs.replace(said, message=f"{CORRECTION}abc", accepted="2-0")):
            Noting("").staff_said(message, "en")
    assert [fact.event for fact in record.noted.facts] == ["1-0"]


def test_what_was_noted_of_one_message_is_not_said_of_another_in_the_same_turn() -> None:
    session = Session(ADA)
    said = [Incoming("web", ADA, f"m{n}", "hello", accepted=f"{n}-0") for n in (1, 2)]
    with recorded_turn(tuple(said), "1-0", 1) as record:
        record.noted.rated, record.noted.comment = "1-0 4", "2-0 kind and quick"
        for one in said:
            turned = Turn(session, "hello", "", "en", message=one.message, event=one.accepted)
            Noting("").turned(turned, [one], "hello", "Hello!")
    assert [(fact.stars, fact.comment) for fact in record.noted.facts] == [(4, ""), (0, "kind and quick")]


def test_a_fact_of_the_last_release_is_still_read() -> None:
    written = b'{"is":"turn","conversation":"web:1","event":"1-0","channel":"web","language":"en","at":1,"answered":2}'
    assert msgspec.json.decode(written, type=Fact) == TurnFact("web:1", "1-0", "web", "en", 1, 2)


async def test_a_lead_reads_it_in_a_terminal_and_in_a_spreadsheet(demo_data: Path) -> None:
    runner, now, settings = CliRunner(), time.time(), {"SHOPDESK_DATA_DIR": str(demo_data)}

    async def insight(*words: str) -> str:
        told = await asyncio.to_thread(runner.invoke, main, ["insight", *words], env=settings)
        assert told.exit_code == 0, told.output
        return told.output

    assert "nothing yet" in await insight("--table", "topics")
    async with open_database(database_url(Settings(data_dir=demo_data))) as database:
        await Kept(database).write(
            turn((now - MONDAY) / HOUR - 0.1, "How long does delivery take?"),
            turn((now - MONDAY) / HOUR, "[rate]", "Thank you.", stars=2),
            turn((now - MONDAY) / HOUR, "=HYPERLINK(1)", "Thank you.", event="2-0", comment="=HYPERLINK(1)\x1b[2J"),
        )
    everything = await insight()
    assert "How long does delivery take?" in everything and "2.0  all" in everything and "\x1b" not in everything
    assert (await insight("--table", "csat_average", "--csv")).splitlines() == [
        "table,label,value,unit,conversations",
        "csat_average,all,2.0,stars,1",
        "csat_average,web,2.0,stars,1",
        "csat_average,en,2.0,stars,1",
    ]
    assert "comments,'=HYPERLINK(1)" in await insight("--table", "comments", "--csv")
