"""What rests on Redis does the same on every kind of it: limits, codes, the line for staff, leases, scripts."""

import asyncio

import pytest

from bot.assembly import ShopDesk
from bot.batches import Token
from bot.desk.line import Line
from bot.keys import Keys
from bot.limits import Limits, digest
from bot.link_codes import LinkCodes
from bot.listening import Listener
from bot.mailbox import Mailbox
from bot.messages import WAITING_FOR_STAFF, FinalText, Incoming
from bot.one_time_codes import NewCode, OneTimeCodes, OnItsWay, Purpose, Right, Wrong
from bot.redis.connection import Connection
from bot.redis.shards import check_shards, settle_shards
from bot.turns import TurnQueue
from tests.talking import Customer

CONVERSATIONS = [f"test:{number}" for number in range(24)]


def message(conversation: str, number: int = 1) -> Incoming:
    return Incoming("test", conversation, str(number), f"text {number}")


async def tokens(queue: TurnQueue, keys: Keys) -> list[Token]:
    waits = (queue.wait(keys.shard(number), 100) for number in range(keys.shards))
    return [token for found in await asyncio.gather(*waits) for token in found]


async def test_tries_are_counted_in_a_window(any_connection: Connection) -> None:
    limits = Limits(any_connection.commands)
    assert [await limits.allow("test", "ada", 2, 60) for _ in range(2)] == [0, 0]
    assert 0 < await limits.allow("test", "ada", 2, 60) <= 60
    assert await limits.allow("test", "ben", 2, 60) == 0


async def test_what_is_used_all_the_time_is_counted_in_shares_and_by_one_process_exactly(
    any_connection: Connection,
) -> None:
    limits = Limits(any_connection.commands)
    assert [await limits.allow_use("test", "ada", 60, 60) for _ in range(3)] == [0] * 3
    assert await any_connection.commands.get(Keys.tries("test", digest("ada"))) == "1", "two of them cost no trip"
    assert [await limits.allow_use("test", "ada", 60, 60) for _ in range(57)] == [0] * 57
    assert 0 < await limits.allow_use("test", "ada", 60, 60) <= 60
    assert 0 < await Limits(any_connection.commands).allow_use("test", "ada", 60, 60) <= 60, "any other process"


async def test_what_a_process_has_not_counted_yet_is_less_than_its_share(any_connection: Connection) -> None:
    processes = [Limits(any_connection.commands) for _ in range(2)]
    waits = [await process.allow_use("test", "ada", 100, 60) for _ in range(60) for process in processes]
    assert 100 <= waits.count(0) <= 104


async def test_different_guesses_are_counted_and_may_be_taken_back(any_connection: Connection) -> None:
    limits = Limits(any_connection.commands)
    assert [await limits.guess("test", "ada", guess, 2, 60) for guess in ("1", "1", "2")] == [0, 0, 0]
    assert await limits.guess("test", "ada", "3", 2, 60) > 0
    await limits.take_back("test", "ada", "1")
    assert await limits.guess("test", "ada", "3", 2, 60) == 0


async def test_a_one_time_code_opens_once_and_counts_what_is_wrong(any_connection: Connection) -> None:
    codes = OneTimeCodes(any_connection, Limits(any_connection.commands))
    made = await codes.new("test:a", Purpose.STEP_UP, "c-ada")
    assert isinstance(made, NewCode)
    assert await codes.new("test:a", Purpose.STEP_UP, "c-ada") == OnItsWay()
    wrong = "000000" if made.digits != "000000" else "000001"
    assert await codes.check("test:a", Purpose.STEP_UP, wrong) == Wrong(2)
    assert await codes.check("test:a", Purpose.STEP_UP, made.digits) == Right("c-ada")


async def test_a_link_code_is_good_for_one_person(any_connection: Connection) -> None:
    links = LinkCodes(any_connection, Limits(any_connection.commands))
    code = await links.new("c-ada")
    assert isinstance(code, str)
    assert await links.redeem("one", code) == "c-ada"
    assert await links.redeem("one", code) == "c-ada"  # the same turn anew
    assert await links.redeem("other", code) == ""


async def test_the_line_for_staff_goes_over_all_shards(any_connection: Connection, any_keys: Keys) -> None:
    mailbox, queue = (
        Mailbox(any_connection, any_keys, Listener(any_connection)),
        TurnQueue(any_connection, any_keys, "one"),
    )
    await queue.prepare()
    for conversation in CONVERSATIONS:
        await mailbox.accept(message(conversation))
    for token in await tokens(queue, any_keys):
        batch = await queue.take(token)
        assert batch
        await queue.commit(batch, "s", [FinalText("one moment"), WAITING_FOR_STAFF], True)
    waiting = await Line(any_connection, any_keys).handoffs()
    assert {one.conversation for one in waiting} == set(CONVERSATIONS)
    assert [one.since for one in waiting] == sorted(one.since for one in waiting)


async def test_conversations_that_are_kept_are_not_abandoned(any_connection: Connection, any_keys: Keys) -> None:
    mailbox, queue = (
        Mailbox(any_connection, any_keys, Listener(any_connection)),
        TurnQueue(any_connection, any_keys, "one"),
    )
    await queue.prepare()
    for conversation in CONVERSATIONS:
        await mailbox.accept(message(conversation))
    served = await tokens(queue, any_keys)
    assert len(served) == len(CONVERSATIONS)
    for token in served:
        assert await queue.take(token)
        await any_connection.commands.pexpire(any_keys.lease(token.conversation), 3000)
    await queue.keep(served)
    for conversation in CONVERSATIONS:
        assert await any_connection.commands.pttl(any_keys.lease(conversation)) > 5000
    other = TurnQueue(any_connection, any_keys, "other")
    idle = [token for n in range(any_keys.shards) for token in await other.abandoned(any_keys.shard(n), 5, 100)]
    assert idle == []


async def test_a_server_that_has_forgotten_our_scripts_is_told_them_again(
    any_connection: Connection, any_keys: Keys
) -> None:
    mailbox = Mailbox(any_connection, any_keys, Listener(any_connection))
    await mailbox.accept(message("test:a", 1))
    await any_connection.commands.execute_command("SCRIPT FLUSH")
    await mailbox.accept(message("test:a", 2))
    assert len(await mailbox.transcript("test:a")) == 2


async def test_a_conversation_that_is_erased_is_gone(any_desk: ShopDesk, any_connection: Connection) -> None:
    customer, other = Customer(any_desk.handles.postbox), Customer(any_desk.handles.postbox)
    await customer.says("I want to talk to a human")
    await other.says("hello")
    await any_desk.handles.postbox.erase(customer.conversation)
    assert await customer.postbox.transcript(customer.conversation) == []
    assert await any_desk.staff.handoffs() == []
    assert await other.postbox.transcript(other.conversation)
    left: list[str] = await any_connection.commands.keys("*")
    assert not [key for key in left if customer.conversation in key and not key.startswith(("dedupe:", "turn:"))]


@pytest.mark.parametrize("steps", range(10))
async def test_a_command_that_is_cancelled_at_any_step_leaves_a_good_connection(
    any_connection: Connection, steps: int
) -> None:
    await any_connection.commands.set("number", 7)
    task = asyncio.create_task(any_connection.commands.get("test"))
    for _ in range(steps):
        await asyncio.sleep(0)
    was_done = task.done()
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled() or was_done
    assert await any_connection.commands.get("number") == "7"


async def test_a_desk_with_another_number_of_shards_is_refused(any_connection: Connection) -> None:
    await settle_shards(any_connection, 4)
    await settle_shards(any_connection, 4)
    with pytest.raises(ValueError, match="SHOPDESK_SHARDS is 8, but this Redis has conversations in 4"):
        await settle_shards(any_connection, 8)
    with pytest.raises(ValueError, match="set it to 4"):
        await check_shards(any_connection, 1)
