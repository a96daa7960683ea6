"""What a full line costs the pages of staff: customers' words until every open page shows them, and the desk's CPU.

In the same run with next to nobody in the line and with all of them: `make desk-bench`. The desk is a process of its
own, as `shopdesk run` starts it; DESK_WAITING, DESK_TAKEN, DESK_PAGES and DESK_SECONDS size it.
"""

import asyncio
import os
import sys
import time

import msgspec

from serving.desk_bench.measuring import A_SECOND, Measured, measure
from serving.desk_bench.pages import open_pages
from serving.desk_bench.shop import open_shop
from serving.desk_bench.table import table

FEW = 5  # taken, for the baseline


class Sizes(msgspec.Struct, frozen=True):
    waiting: int
    taken: int
    pages: int
    seconds: float


async def run(sizes: Sizes) -> list[Measured]:
    async with open_shop() as (shop, redis):
        taken = shop.customers(FEW)
        await shop.join(taken)
        await shop.take(taken)
        async with open_pages(shop, sizes.pages, taken) as pages:
            empty = await measure("nobody waits", shop, redis, pages, taken, sizes.seconds)
            began = time.perf_counter()
            more = shop.customers(sizes.taken - FEW)
            await shop.join([*more, *shop.customers(sizes.waiting)])
            await shop.take(more)
            print(f"The line filled in {time.perf_counter() - began:.0f} s.", file=sys.stderr)  # noqa: T201
            taken += more
            full = await measure(f"{sizes.waiting} wait, {sizes.taken} taken", shop, redis, pages, taken, sizes.seconds)
    return [empty, full]


def _number(name: str, usual: int) -> int:
    return int(os.environ.get(name) or usual)


def main() -> None:
    waiting, taken = _number("DESK_WAITING", 500), max(FEW, _number("DESK_TAKEN", 50))
    sizes = Sizes(waiting, taken, _number("DESK_PAGES", 20), _number("DESK_SECONDS", 20))
    found = asyncio.run(run(sizes))
    print(f"{sizes.pages} pages of staff are open, customers write {A_SECOND} times a second.\n")  # noqa: T201
    print(table(found))  # noqa: T201


if __name__ == "__main__":
    main()
