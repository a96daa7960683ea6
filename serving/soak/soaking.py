"""One soak: customers and kills against a world of processes, then what the checker makes of it."""

import asyncio
import time
from collections.abc import Callable, Sequence

import jwt
import msgspec

from serving.soak.afterwards import ANSWER_SECONDS, read_all
from serving.soak.checking import Verdict, check
from serving.soak.customers import CHANGE_MESSAGES, Customer, play
from serving.soak.killing import Killer
from serving.soak.processes import Process, all_killed_at_the_end
from serving.soak.recovery import Recovered, recoveries
from serving.soak.seen import Record
from serving.soak.sizes import Sizes
from serving.soak.worlds import World

PROGRESS_SECONDS = 10.0
START_SECONDS = 90.0
SIGNED_IN = 0.2  # share of the conversations
IDENTITY_SECONDS = 20 * 3600


class Soaked(msgspec.Struct, frozen=True):
    messages: int
    kills: int
    seconds: float  # until the last customer had gone
    verdict: Verdict
    parked: dict[str, str]  # why messages were put aside, by their event ids
    ended: dict[str, int]  # processes that ended by themselves, and how often
    recovered: tuple[Recovered, ...]


def signed_in_customers(sizes: Sizes) -> list[str]:
    return [f"c-{number:05}" for number in range(max(1, int(sizes.conversations * SIGNED_IN)))]


def changes_each(sizes: Sizes) -> int:
    return 1 + sizes.messages // sizes.conversations // (CHANGE_MESSAGES * 3)


async def soak(world: World, sizes: Sizes, orders: dict[str, list[str]], tell: Callable[[str], None]) -> Soaked:
    with all_killed_at_the_end(world.processes):
        for process in world.processes:
            process.start()
        await asyncio.gather(*map(_ready, world.processes))
        customers = _customers(sizes, orders, world.by_http)
        records = [customer.record for customer in customers]
        killer = Killer(world.processes, sizes.kills, sizes.seed)
        began = time.monotonic()
        beside = [
            asyncio.create_task(killer.revive()),
            asyncio.create_task(_tell_now_and_then(tell, world.name, sizes, records, killer)),
        ]
        killing = asyncio.create_task(killer.run(lambda: _written(records) / sizes.messages))
        try:
            await play(customers, sizes.at_once, world.urls, _identities(world, customers), sizes.seed)
            seconds = time.monotonic() - began
            await killing
            await read_all(records, world.urls[0], min(ANSWER_SECONDS, sizes.patience))
        finally:
            for task in (killing, *beside):
                task.cancel()
        return await _judged(world, records, killer, seconds)


async def _judged(world: World, records: Sequence[Record], killer: Killer, seconds: float) -> Soaked:
    parked = world.parked()
    recovered = tuple(recoveries(killer.kills, [record.written for record in records]))
    (world.folder / "customers.json").write_bytes(msgspec.json.encode(records))
    (world.folder / "kills.json").write_bytes(msgspec.json.encode(recovered))
    return Soaked(
        messages=_written(records),
        kills=len(killer.kills),
        seconds=seconds,
        verdict=check(records, await world.books(), frozenset(parked)),
        parked=parked,
        ended=dict(killer.ended),
        recovered=recovered,
    )


def _customers(sizes: Sizes, orders: dict[str, list[str]], by_http: float) -> list[Customer]:
    each, more = divmod(sizes.messages, sizes.conversations)
    signed_in = list(orders)
    return [
        Customer(
            Record(number, customer=signed_in[number] if number < len(signed_in) else ""),
            left=each + (number < more),
            orders=orders[signed_in[number]] if number < len(signed_in) else (),
            seed=f"{sizes.seed} {number}",
            patience=sizes.patience,
            by_http=by_http,
        )
        for number in range(sizes.conversations)
    ]


def _identities(world: World, customers: Sequence[Customer]) -> list[str]:
    """What the shop's page signs of its visitors; "" for a guest."""
    expires = int(time.time()) + IDENTITY_SECONDS
    return [
        jwt.encode({"sub": one.record.customer, "exp": expires}, world.widget_secret, algorithm="HS256")
        if one.record.customer and world.widget_secret
        else ""
        for one in customers
    ]


def _written(records: Sequence[Record]) -> int:
    return sum(len(record.written) for record in records)


async def _ready(process: Process) -> None:
    """Raises RuntimeError, with what the process said, when it ends instead or takes very long."""
    deadline = time.monotonic() + START_SECONDS
    while not process.is_ready():
        if not process.runs() or time.monotonic() > deadline:
            raise RuntimeError(f"{process.name} does not start: {process.said().strip() or 'it says nothing.'}")
        await asyncio.sleep(0.1)


async def _tell_now_and_then(
    tell: Callable[[str], None], name: str, sizes: Sizes, records: Sequence[Record], killer: Killer
) -> None:
    began = time.monotonic()
    while True:
        await asyncio.sleep(PROGRESS_SECONDS)
        messages = [message for record in records for message in record.written]
        answered = sum(bool(message.seen_answered) for message in messages)
        waiting = sum(not message.seen_answered for message in messages)
        rate = answered / (time.monotonic() - began)
        tell(
            f"{name}: {answered:,} of {sizes.messages:,} messages answered, {waiting} wait, {rate:.0f} a second, "
            f"{len(killer.kills)} kills"
        )
