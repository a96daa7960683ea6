"""The clocks of a handoff: what is due when, once, whoever dies; staff are reminded, the customer is told."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.commands.desk import overdue
from bot.desk.clocks import due, is_ring, next_word, read_ring, waits_for_words
from bot.desk.desk_settings import DeskSettings, Opening
from bot.desk.hours import OpeningHours
from bot.desk.overdue import Overdue
from bot.desks import Handoff
from bot.keys import Keys
from bot.messages import Incoming
from bot.redis.connection import Connection
from tests.clock_ground import ClockGround, clock_ground
from tests.members import member, staff_says

MIA = member()
ALWAYS = DeskSettings()  # reminded at 5, 10, 20, 40 ...; offered at 15; come back to at 45, 105 ...; overdue at 60
JOINED = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def handoff_with(**fields: object) -> Handoff:
    waiting = Handoff("web:1", 1, "asked", "waiting", JOINED.timestamp(), "web", wrote=JOINED.timestamp())
    return msgspec.structs.replace(waiting, **fields)


def minutes_from_joining(at: datetime | None) -> float | None:
    return None if at is None else (at - JOINED).total_seconds() / 60


# minutes waited, what the handoff says -> reminders, step, stage, when to look next
WAITING: dict[str, tuple[float, dict[str, object], tuple[int, str, str, float | None]]] = {
    "just come": (0, {}, (0, "", "", 5)),
    "almost": (4.9, {}, (0, "", "", 5)),
    "the first reminder": (5, {}, (1, "", "", 10)),
    "the second": (10, {"alerts": 1}, (2, "", "", 15)),
    "an offer": (15, {"alerts": 2}, (2, "offer", "offer", 20)),
    "was offered": (16, {"alerts": 2, "stage": "offer"}, (2, "", "", 20)),
    "comes back": (45, {"alerts": 4, "stage": "offer"}, (4, "come_back:1", "come_back:1", 60)),
    "overdue": (60, {"alerts": 4, "stage": "come_back:1"}, (4, "overdue", "overdue", 80)),
    "comes back, overdue": (
        105,
        {"alerts": 5, "stage": "overdue", "overdue": True},
        (5, "come_back:2", "come_back:2", 160),
    ),
    "nobody was at work for an hour: the last alone is told": (70, {}, (4, "overdue", "overdue", 80)),
    "nor for two: overdue is never left out": (120, {}, (5, "overdue", "come_back:2", 160)),
    "and is told once": (121, {"stage": "come_back:2", "overdue": True, "alerts": 5}, (5, "", "", 160)),
    "the last time": (
        945,
        {"stage": "come_back:4", "overdue": True, "alerts": 8},
        (8, "come_back:5", "come_back:5", None),
    ),
    "nothing more": (5000, {"stage": "come_back:5", "overdue": True, "alerts": 8}, (8, "", "", None)),
    "a longer wait was told: no offer before it": (20, {"alerts": 3, "expected": 1800.0}, (3, "", "", 30)),
    "but then": (30, {"alerts": 3, "expected": 1800.0}, (3, "offer", "offer", 40)),
    "and it is overdue later": (
        90,
        {"alerts": 5, "expected": 5400.0, "stage": ""},
        (5, "offer", "offer", 105),
    ),
    "staff went quiet, and it is late by then": (25, {"stage": "offer"}, (3, "", "", 40)),
}


@pytest.mark.parametrize("waited,fields,expected", WAITING.values(), ids=WAITING)
def test_what_is_due_for_who_waits(
    waited: float, fields: dict[str, object], expected: tuple[int, str, str, float | None]
) -> None:
    found = due(handoff_with(**fields), ALWAYS, OpeningHours(ALWAYS), JOINED + timedelta(minutes=waited))
    assert (found.reminders, found.step, found.stage, minutes_from_joining(found.look)) == expected


NINE_TO_SIX = DeskSettings(
    time_zone="America/New_York",
    hours={day: (Opening(540, 1080),) for day in ("monday", "tuesday", "wednesday", "thursday", "friday")},
    holidays={"2026-11-26": ()},
)


def test_no_clock_runs_at_night_on_holidays_and_over_the_weekend() -> None:
    """Wednesday 17:50 in New York; Thursday is a holiday."""
    hours, joined = OpeningHours(NINE_TO_SIX), datetime(2026, 11, 25, 22, 50, tzinfo=UTC)
    handoff = handoff_with(since=joined.timestamp(), alerts=2)
    friday = datetime(2026, 11, 27, 14, 0, tzinfo=UTC)
    assert due(handoff, NINE_TO_SIX, hours, joined + timedelta(minutes=10)).look == friday + timedelta(minutes=5)
    assert due(handoff, NINE_TO_SIX, hours, friday + timedelta(minutes=4)).step == ""
    assert due(handoff, NINE_TO_SIX, hours, friday + timedelta(minutes=5)).step == "offer"
    overdue = due(msgspec.structs.replace(handoff, stage="come_back:1"), NINE_TO_SIX, hours, friday)
    assert overdue.step == "", "two nights and a holiday are no wait that counts"


def test_a_clock_runs_on_the_wall_over_the_night_in_which_the_clocks_go_back() -> None:
    night = DeskSettings(time_zone="Europe/Berlin", hours={"sunday": (Opening(0, 360),)})
    joined = datetime(2026, 10, 25, 0, 50, tzinfo=UTC)  # 2:50, the first time; at 3:00 it is 2:00 again
    handoff = handoff_with(since=joined.timestamp(), alerts=2)
    look = due(handoff, night, OpeningHours(night), joined + timedelta(minutes=11)).look
    assert look == joined + timedelta(minutes=15), "a quarter of an hour is a quarter of an hour"


def test_a_shop_that_never_opens_again_is_looked_at_every_day() -> None:
    never = DeskSettings(time_zone="UTC", hours={"monday": ()})
    assert due(handoff_with(), never, OpeningHours(never), JOINED).look == JOINED + timedelta(days=1)


minutes = st.integers(1, 100)
shops = st.builds(
    DeskSettings,
    remind_minutes=minutes,
    offer_minutes=minutes,
    come_back_minutes=minutes,
    overdue_minutes=st.integers(101, 300),
    time_zone=st.just("America/New_York"),
    hours=st.sampled_from([{}, NINE_TO_SIX.hours, {"monday": (Opening(540, 700), Opening(760, 1080))}]),
    holidays=st.just(NINE_TO_SIX.holidays),
)


@settings(max_examples=40, deadline=None)
@given(shops, st.floats(0, 7200), st.integers(0, 14 * 24 * 60), st.lists(st.integers(0, 3 * 24 * 60), max_size=6))
def test_every_time_that_a_customer_is_told_is_kept_and_nobody_waits_in_silence(
    shop: DeskSettings, expected: float, later: int, stops: list[int]
) -> None:
    """Whatever the shop has set, whenever they come, and however often all workers stop for a while: while they run,
    word comes at the very time that was named, until the desk has said that it does not come back any more."""
    hours, now = OpeningHours(shop), JOINED + timedelta(minutes=later)
    handoff = handoff_with(since=now.timestamp(), expected=expected)
    promised, told, down = next_word(handoff, shop, hours, now), list[str](), list(stops)
    assert promised is not None
    for _ in range(100):
        found = due(handoff, shop, hours, now)
        if found.step:
            assert promised is not None and now >= promised, "not before the time that was named"
            told.append(found.step)
            late = found.step == "overdue"
            handoff = msgspec.structs.replace(handoff, stage=found.stage, overdue=handoff.overdue or late)
            promised = next_word(handoff, shop, hours, now)
        handoff = msgspec.structs.replace(handoff, alerts=found.reminders)
        if (look := due(handoff, shop, hours, now).look) is None:
            break
        assert look > now
        assert promised is None or look <= promised, "the clock looks when word is due"
        now = look + timedelta(minutes=down.pop()) if down else look
    assert promised is None and told.count("overdue") == 1 and len(set(told)) == len(told)
    assert handoff.alerts == 8 and handoff.overdue and told[-1] in ("come_back:5", "overdue")


TAKEN = JOINED.timestamp() + 600
# fields of a taken handoff -> since when the customer waits for words, in seconds after it was taken; None: they do not
WORDS: dict[str, tuple[dict[str, float], float | None]] = {
    "taken, and not a word": ({}, 0),
    "taken, and the customer goes on": ({"wrote": TAKEN + 60}, 0),
    "answered": ({"answered": TAKEN + 60}, None),
    "answered, then asked": ({"answered": TAKEN + 60, "wrote": TAKEN + 90}, 90),
    "asked on and on": ({"answered": TAKEN + 60, "asked": TAKEN + 90, "wrote": TAKEN + 300}, 90),
    "answered again": ({"answered": TAKEN + 310, "asked": TAKEN + 90, "wrote": TAKEN + 300}, None),
    "and asked again": ({"answered": TAKEN + 310, "asked": TAKEN + 90, "wrote": TAKEN + 400}, 400),
    "answered by who had it before": ({"answered": TAKEN - 60, "wrote": TAKEN - 90}, 0),
}


@pytest.mark.parametrize("fields,since", WORDS.values(), ids=WORDS)
def test_it_is_known_since_when_a_customer_waits_for_words_of_who_took_it(
    fields: dict[str, float], since: float | None
) -> None:
    handoff = handoff_with(state="taken", owner="mia", taken=TAKEN, **fields)
    assert waits_for_words(handoff) == (0.0 if since is None else TAKEN + since)
    begins = datetime.fromtimestamp(TAKEN + (since or 0), UTC)
    early = due(handoff, ALWAYS, OpeningHours(ALWAYS), begins + timedelta(minutes=14))
    late = due(handoff, ALWAYS, OpeningHours(ALWAYS), begins + timedelta(minutes=15))
    soon = due(handoff, ALWAYS, OpeningHours(ALWAYS), begins + timedelta(minutes=7))
    if since is None:
        assert (soon.look, early.look, late.look, late.step) == (None, None, None, "")
    else:
        assert (soon.nudges, soon.look) == (0, begins + timedelta(minutes=7.5))
        assert (early.nudges, early.step, early.look) == (TAKEN + since, "", begins + timedelta(minutes=15))
        assert late.step == f"quiet:{TAKEN * 1000:.0f}"


def test_the_time_that_a_customer_is_told_is_that_of_the_next_step() -> None:
    hours = OpeningHours(ALWAYS)

    def told(minutes: float, **fields: object) -> float | None:
        now = JOINED + timedelta(minutes=minutes)
        return minutes_from_joining(next_word(handoff_with(**fields), ALWAYS, hours, now))

    assert told(0) == 15 and told(0, expected=1200.0) == 20
    assert told(15, stage="offer") == 45 and told(60, stage="overdue") == 105
    assert told(945, stage="come_back:5") is None


def test_only_what_a_clock_writes_is_a_ring() -> None:
    ring = read_ring("clock:3:come_back:2")
    assert ring and (ring.number, ring.step, ring.press) == (3, "come_back:2", "clock:3:come_back:2")
    for press in ("", "clock:", "clock:3", "clock:x:offer", "human", "clock:-1:offer", "3:offer"):
        assert not is_ring(press), press


@pytest_asyncio.fixture
async def ground(connection: Connection, tmp_path: Path) -> AsyncIterator[ClockGround]:
    async with clock_ground(connection, tmp_path, ALWAYS) as opened:
        yield opened


async def test_who_waits_is_told_how_it_stands_and_staff_are_reminded(ground: ClockGround) -> None:
    keeper, where = ground.keeper(), await ground.asks()
    told: dict[int, list[str]] = {}
    for minute in range(0, 110, 5):
        await keeper.look()
        told[minute] = await ground.rung(where)
        ground.clock.on(5)
    assert told[10] == [] and told[15] == ["clock:1:offer"]
    assert told[45] == ["clock:1:offer", "clock:1:come_back:1"] and told[60][-1] == "clock:1:overdue"
    assert told[105] == ["clock:1:offer", "clock:1:come_back:1", "clock:1:overdue", "clock:1:come_back:2"]
    handoff = await ground.handoff(where)
    assert (handoff.alerts, handoff.overdue, handoff.state) == (5, True, "waiting")
    assert await ground.notes(where) == [
        *("reminded 1", "reminded 2", "reminded 3", "reminded 4", "system overdue", "reminded 5")
    ]
    facts = await ground.facts(where)
    assert [one.what for one in facts] == ["opened", "overdue"] and facts[1].since == handoff.since


async def test_every_step_happens_once_with_many_keepers_at_once(ground: ClockGround) -> None:
    places = [await ground.asks() for _ in range(20)]
    keepers = [ground.keeper() for _ in range(4)]
    for _ in range(14):
        ground.clock.on(5)
        await asyncio.gather(*(keeper.look() for keeper in keepers))
    for where in places:
        assert await ground.rung(where) == ["clock:1:offer", "clock:1:come_back:1", "clock:1:overdue"]
        assert (await ground.handoff(where)).alerts == 4
        assert (await ground.notes(where)).count("reminded 1") == 1


async def test_one_that_died_over_a_clock_is_followed_by_another_and_nothing_is_told_twice(ground: ClockGround) -> None:
    where, tag = await ground.asks(), ground.keys.tag("")
    ground.clock.on(15)
    one = ground.keeper()
    taken = await one._taken(tag)  # and then it dies
    assert taken and taken[0] == where
    other = ground.keeper()
    await other.look()
    assert await ground.rung(where) == [], "it is looked at by who has it, for now"
    ground.clock.on(0.2)  # longer than the lease
    await other.look()
    assert await ground.rung(where) == ["clock:1:offer"]


async def test_one_that_died_between_marking_and_telling_is_made_up_for(ground: ClockGround) -> None:
    where = await ground.asks()
    await ground.keeper().look()
    # as it stands in Redis when the worker is killed right after the script
    await ground.connection.commands.hset(
        ground.keys.handoff(where), mapping={"stage": "offer", "ringing": "offer", "alerts": "2"}
    )
    ground.clock.on(15)
    for _ in range(2):
        await ground.keeper().look()
    assert await ground.rung(where) == ["clock:1:offer"]
    ground.clock.on(30)
    await ground.keeper().look()
    assert await ground.rung(where) == ["clock:1:offer", "clock:1:come_back:1"]


async def test_when_staff_take_it_no_clock_of_the_wait_rings_any_more(ground: ClockGround) -> None:
    keeper, where = ground.keeper(), await ground.asks()
    ground.clock.on(6)
    await keeper.look()
    await ground.staff.take(MIA, where)
    await staff_says(ground.staff, "mia", where, "Hello, how can I help?")
    for _ in range(20):
        ground.clock.on(30)
        await keeper.look()
    assert await ground.rung(where) == []
    assert (await ground.handoff(where)).state == "taken"


async def test_staff_who_go_quiet_give_it_back_to_the_line_and_the_customer_is_told(ground: ClockGround) -> None:
    keeper, where = ground.keeper(), await ground.asks()
    await ground.staff.take(MIA, where)
    await staff_says(ground.staff, "mia", where, "Hello, how can I help?")
    await ground.says(where, "Where is my parcel?")
    await keeper.look()
    asked = (await ground.handoff(where)).asked
    await ground.says(where, "Are you there?")
    ground.clock.on(8)
    await asyncio.gather(keeper.look(), ground.keeper().look())
    assert (await ground.notes(where)).count("reminded mia") == 1, "before that, she is reminded"
    ground.clock.on(6.9)
    await keeper.look()
    assert (await ground.handoff(where)).owner == "mia"
    ground.clock.on(0.2)
    await keeper.look()
    handoff = await ground.handoff(where)
    assert (handoff.state, handoff.owner, handoff.since, handoff.stage) == ("waiting", "", asked, "offer")
    assert [one.partition(":quiet:")[0] for one in await ground.rung(where)] == ["clock:1"]
    assert (await ground.notes(where))[-2:] == ["system quiet", "reminded 2"], "the others hear of it at once"
    assert await ground.connection.commands.get(ground.keys.staff(where)) is None
    assert [one.conversation for one in await ground.staff.handoffs()] == [where]
    # the wait goes on by the same clocks, and who takes it next may go quiet as well
    ground.clock.on(31)
    await keeper.look()
    assert (await ground.rung(where))[1:] == ["clock:1:come_back:1"]
    await ground.staff.take(member("ben"), where)
    ground.clock.on(120)  # what staff do is told by the real time, which stands behind
    await keeper.look()
    assert len({one for one in await ground.rung(where) if "quiet" in one}) == 2


async def test_staff_who_have_answered_are_not_hurried_by_a_silent_customer(ground: ClockGround) -> None:
    keeper, where = ground.keeper(), await ground.asks()
    await ground.staff.take(MIA, where)
    await staff_says(ground.staff, "mia", where, "Could you send me a photo?")
    for _ in range(10):
        ground.clock.on(600)
        await keeper.look()
    assert (await ground.handoff(where)).owner == "mia" and await ground.rung(where) == []


async def test_after_the_end_no_clock_rings_and_the_next_time_it_begins_anew(ground: ClockGround) -> None:
    keeper, where = ground.keeper(), await ground.asks()
    ground.clock.on(16)
    await keeper.look()
    await ground.staff.take(MIA, where)
    await ground.staff.close(MIA, where)
    ground.clock.on(500)
    await keeper.look()
    assert await ground.rung(where) == ["clock:1:offer"]
    assert await ground.connection.commands.zcard(ground.keys.clocks(ground.keys.tag(where))) == 0
    ground.clock.ahead = timedelta()
    await ground.asks(where)
    handoff = await ground.handoff(where)
    assert (handoff.number, handoff.stage, handoff.alerts) == (2, "", 0)
    ground.clock.on(15)
    await keeper.look()
    assert await ground.rung(where) == ["clock:1:offer", "clock:2:offer"]


async def test_a_handoff_that_has_lost_its_clock_is_found_again(ground: ClockGround) -> None:
    keeper, where = ground.keeper(), await ground.asks()
    await ground.connection.commands.delete(ground.keys.clocks(ground.keys.tag(where)))
    ground.clock.on(15)
    await keeper.look()
    assert await ground.rung(where) == []
    await keeper.sweep()
    await keeper.look()
    assert await ground.rung(where) == ["clock:1:offer"]


async def test_who_has_to_wait_again_after_staff_went_quiet_is_told_everything_once_more(ground: ClockGround) -> None:
    keeper, where = ground.keeper(), await ground.asks()
    ground.clock.on(61)
    await keeper.look()
    assert await ground.rung(where) == ["clock:1:overdue"]
    await ground.staff.take(MIA, where)
    ground.clock.on(15)
    await keeper.look()
    ground.clock.on(60)
    await keeper.look()
    rung = await ground.rung(where)
    assert rung[1].startswith("clock:1:quiet:") and rung.count("clock:1:overdue") == 2


async def test_a_handoff_that_cannot_be_read_stops_no_other_clock(ground: ClockGround) -> None:
    broken, where = await ground.asks(), await ground.asks()
    await ground.connection.commands.hset(ground.keys.handoff(broken), "since", "yesterday")
    ground.clock.on(15)
    running = asyncio.create_task(ground.keeper().run())
    async with asyncio.timeout(30):
        while not await ground.rung(where):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize("swept", [True, False])
async def test_who_comes_back_after_their_conversation_has_expired_in_the_line_is_in_the_line_again(
    ground: ClockGround, swept: bool
) -> None:
    keeper, where = ground.keeper(), await ground.asks()
    tag = ground.keys.tag(where)
    lines = ground.keys.waiting(tag), ground.keys.handoffs(tag), ground.keys.clocks(tag)
    await ground.connection.commands.delete(ground.keys.handoff(where))
    if swept:
        await keeper.sweep()
        ground.clock.on(1)
        await keeper.look()
        assert [await ground.connection.commands.zscore(line, where) for line in lines] == [None] * 3
    await ground.asks(where)
    assert [one.conversation for one in await ground.staff.handoffs()] == [where]
    assert (await ground.handoff(where)).state == "waiting"


async def test_who_has_a_conversation_keeps_it_as_long_as_there_is_talk_in_it(ground: ClockGround) -> None:
    where = await ground.asks()
    await ground.staff.take(MIA, where)
    await ground.connection.commands.expire(ground.keys.staff(where), 60)
    await ground.says(where)
    assert await ground.connection.commands.ttl(ground.keys.staff(where)) > 60


async def test_a_keeper_that_runs_keeps_the_clocks_and_ends_when_it_is_told_to(ground: ClockGround) -> None:
    where, running = await ground.asks(), asyncio.create_task(ground.keeper().run())
    ground.clock.on(15)
    async with asyncio.timeout(30):
        while not await ground.rung(where):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert running.cancelled()


async def test_the_conversation_hears_of_what_staff_do_in_the_same_step_however_full_its_mailbox_is(
    ground: ClockGround,
) -> None:
    where = await ground.asks()
    for number in range(100):
        await ground.mailbox.accept(Incoming("test", where, f"more {number}", "more"))
    await ground.staff.take(MIA, where)
    await ground.staff.close(MIA, where)
    letters = await ground.connection.commands.lrange(ground.keys.mailbox(where), 100, -1)
    heard = [msgspec.json.decode(one.partition(" ")[2], type=Incoming) for one in letters]
    assert [(one.press, one.name) for one in heard] == [("took", "Mia"), ("close", "Mia")]


async def test_a_mailbox_that_is_full_is_tried_again(ground: ClockGround) -> None:
    where = await ground.asks()
    for number in range(100):
        await ground.mailbox.accept(Incoming("test", where, f"more {number}", "more"))
    ground.clock.on(15)
    with pytest.raises(ConnectionError):
        await ground.keeper().look()
    assert await ground.rung(where) == []
    await ground.connection.commands.delete(ground.keys.mailbox(where))
    ground.clock.on(0.2)
    await ground.keeper().look()
    assert await ground.rung(where) == ["clock:1:offer"]


async def test_how_long_it_took_lately_is_the_median_of_real_waits(ground: ClockGround) -> None:
    keeper = ground.keeper()
    assert await ground.expected.seconds() == 0, "nobody knows yet"
    now = ground.clock.now().timestamp()
    for minutes in (2, 4, 30):
        await ground.expected.note(now - 60 * minutes, now)
        await ground.expected.note(now - 60 * minutes, now)
    assert await ground.expected.seconds() == 300, "four minutes, rounded up"
    where = await ground.asks()
    await keeper.look()
    assert (await ground.handoff(where)).expected == 300, "the clock counts from what was true when they came"
    await ground.staff.take(MIA, where)
    await keeper.look()
    await staff_says(ground.staff, "mia", where, "Hello")
    await keeper.look()
    await staff_says(ground.staff, "mia", where, "Hello again")
    await keeper.look()
    waits = await ground.connection.commands.zrange(ground.keys.waits(), 0, -1)
    assert len(waits) == 4 and all(where not in one for one in waits)


async def test_a_bad_hour_is_not_hidden_by_a_good_week(ground: ClockGround) -> None:
    now = ground.clock.now().timestamp()
    for number in range(5):
        await ground.expected.note(now - 60 - number / 1000, now)
    for _ in range(8):
        await ground.asks()
    assert await ground.expected.seconds() == 60
    ground.clock.on(40)
    assert await ground.expected.seconds() == 2700


async def test_what_is_old_and_what_came_at_night_says_nothing_of_the_wait(
    connection: Connection, tmp_path: Path
) -> None:
    async with clock_ground(connection, tmp_path, NINE_TO_SIX) as ground:
        monday = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
        ground.clock.ahead = monday - datetime.now(UTC)
        sunday = monday - timedelta(hours=20)
        for number in range(5):
            await ground.expected.note(sunday.timestamp() - number, sunday.timestamp())
        assert await ground.expected.seconds() == 0
        for number in range(5):
            await ground.expected.note(sunday.timestamp() - number, monday.timestamp())
        assert await ground.expected.seconds() == 3600, "from nine to ten"
        ground.clock.on(15 * 24 * 60)
        assert await ground.expected.seconds() == 0


async def test_what_was_missed_is_listed_with_what_became_of_it(ground: ClockGround) -> None:
    keeper, missed = ground.keeper(), Overdue(ground.connection, ground.keys)
    waits, taken, over, forgotten, in_time = [await ground.asks() for _ in range(5)]
    assert await missed.since(3600) == []
    await ground.staff.take(MIA, in_time)
    await staff_says(ground.staff, "mia", in_time, "Here I am")
    ground.clock.on(61)
    await keeper.look()
    await ground.staff.take(MIA, taken)
    await ground.staff.take(MIA, over)
    await ground.staff.close(MIA, over)
    await ground.mailbox.erase(forgotten)
    found = {one.conversation: one.handoff for one in await missed.since(3600)}
    assert set(found) == {waits, taken, over}
    assert found[waits] == await ground.handoff(waits) and found[over] is None
    became = found[taken]
    assert became and became.owner == "mia"
    await ground.asks(over)
    assert {one.conversation: one.handoff for one in await missed.since(3600)}[over] is None, "that is another handoff"
    key = ground.keys.overdue(ground.keys.tag(""))
    assert await ground.connection.commands.zscore(key, forgotten)
    await ground.connection.commands.zadd(key, {forgotten: time.time() - 1})
    await keeper.sweep()
    assert await ground.connection.commands.zscore(key, forgotten) is None, "nothing is known of it any more"
    assert await ground.connection.commands.zscore(key, waits)


async def test_the_command_names_who_was_missed(ground: ClockGround, redis_url: str, tmp_path: Path) -> None:
    settings = {"SHOPDESK_REDIS_URL": redis_url, "SHOPDESK_DATA_DIR": str(tmp_path)}

    async def printed() -> str:
        done = await asyncio.to_thread(CliRunner().invoke, overdue, [], obj=settings)
        assert done.exit_code == 0, done.output
        return done.output

    assert await printed() == "Nobody was missed.\n"
    waits, taken = await ground.asks(), await ground.asks()
    ground.clock.on(61)
    await ground.keeper().look()
    await ground.staff.take(MIA, taken)
    lines = (await printed()).splitlines()
    assert {(line.split()[0], line.split("  ")[-1]) for line in lines} == {
        (waits, "still waits"),
        (taken, "mia has it"),
    }


async def test_clocks_are_kept_on_every_kind_of_redis(
    any_connection: Connection, any_keys: Keys, tmp_path: Path
) -> None:
    async with clock_ground(any_connection, tmp_path, ALWAYS, any_keys) as ground:
        waiting, taken = [await ground.asks() for _ in range(3)], await ground.asks()
        await ground.staff.take(MIA, taken)
        for _ in range(4):
            ground.clock.on(15)
            await ground.keeper().look()
        for where in waiting:
            assert await ground.rung(where) == ["clock:1:offer", "clock:1:come_back:1", "clock:1:overdue"]
        assert (await ground.handoff(taken)).state == "waiting"
