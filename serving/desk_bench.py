"""What a full line costs the pages of staff: customers' words until every open page shows them, and the desk's CPU.

In the same run with next to nobody in the line and with all of them: `make desk-bench`. The desk is a process of its
own, as `shopdesk run` starts it; DESK_WAITING, DESK_TAKEN, DESK_PAGES and DESK_SECONDS size it.
"""

import asyncio
import itertools
import json
import os
import re
import sys
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

import aiohttp
import msgspec
from redis import Redis
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from bot.redis.embedded import embedded_redis
from serving.bench.desk_processes import Desk, desk_processes
from serving.bench.figures import percentile
from serving.bench.surroundings import Surroundings

LOGINS = ("otto", "olivia")  # of the demo shop; each has half of the pages
FEW = 5  # taken, for the baseline
A_SECOND = 8  # words of customers
JOINS_EVERY = 16  # of these words one is somebody's first, who joins the line
AT_ONCE = 25  # customers, while the line fills
SETTLES = 2.0  # seconds, after a measurement and before the next
AT_REST = 0.1  # of one core: a desk that starts with an empty folder learns first
LEARNS = 120.0  # seconds, at most
WANTS = "I want to talk to a person"
HEADINGS = (
    "",
    "words",
    "row p50",
    "p95",
    "max",
    "talk p95",
    "joined p95",
    "opened p95",
    "desk CPU",
    "Redis CPU",
    "kB/s",
)
EXPLAINED = """\
row: seconds from the moment a customer's words are sent until an open page is told them for its line, over all pages
and words; talk: the same in the conversation that a page has open; joined: a new customer's row; opened: a page's
socket until it has the whole line. CPU: of one core. kB/s: what one page is sent."""


class Sizes(msgspec.Struct, frozen=True):
    waiting: int
    taken: int
    pages: int
    seconds: float


class Customer(msgspec.Struct, frozen=True):
    conversation: str
    token: str


class Sent:
    """When each words were sent, by conversation and words."""

    def __init__(self) -> None:
        self.words: dict[tuple[str, str], float] = {}
        self.joins: dict[str, float] = {}


class Page:
    """What one open page of staff is told, and how long it took."""

    def __init__(self, sent: Sent) -> None:
        self._sent = sent
        self._seen: set[tuple[str, ...]] = set()
        self.rows: list[float] = []
        self.talks: list[float] = []
        self.joins: list[float] = []
        self.bytes = 0

    def begin(self) -> None:
        self.rows, self.talks, self.joins, self.bytes = [], [], [], 0

    async def read(self, socket: ClientConnection) -> None:
        async for raw in socket:
            now = time.perf_counter()
            self.bytes += len(raw)
            frame = json.loads(raw)
            for row in frame.get("handoffs", ()):
                self._note(self.rows, now, self._sent.words, (row["conversation"], row.get("words", "")), "row")
                joined = self._sent.joins.get(row["conversation"])
                if joined is not None and ("joined", row["conversation"]) not in self._seen:
                    self._seen.add(("joined", row["conversation"]))
                    self.joins.append(now - joined)
            for event in frame.get("events", ()):
                key = (frame["conversation"], event.get("text", ""))
                self._note(self.talks, now, self._sent.words, key, "talk")

    def _note(
        self, into: list[float], now: float, sent: dict[tuple[str, str], float], key: tuple[str, str], where: str
    ) -> None:
        if key in sent and (where, *key) not in self._seen:
            self._seen.add((where, *key))
            into.append(now - sent[key])


class Member:
    """One of the staff, signed in."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self.url, self._http, self._csrf = url, http, ""

    async def sign_in(self, login: str, password: str) -> None:
        form = {"login": login, "password": password}
        async with self._http.post(
            "/desk/sign-in", data=form, headers={"Origin": self.url}, allow_redirects=False
        ) as is_in:
            if is_in.status != 303:
                raise SystemExit(f"{login} cannot sign in: {is_in.status}.")
        async with self._http.get("/desk") as page:
            found = re.search(r'<meta name="csrf" content="(\w+)">', await page.text())
        assert found, "the page has no token"
        self._csrf = found[1]

    async def take(self, conversation: str) -> None:
        headers = {"Origin": self.url, "X-Desk-Token": self._csrf}
        async with self._http.post(f"/desk/api/talks/{conversation}/take", json={}, headers=headers) as answer:
            if answer.status != 200:
                raise SystemExit(f"{conversation} cannot be taken: {await answer.text()}")

    def socket(self) -> connect:
        cookies = "; ".join(f"{one.key}={one.value}" for one in self._http.cookie_jar)
        address = self.url.replace("http", "ws") + "/desk/api/live"
        return connect(
            address,
            origin=Origin(self.url),
            additional_headers={"Cookie": cookies},
            max_queue=None,
            max_size=None,
        )


class Shop:
    """The desk, its customers and its staff."""

    def __init__(self, desk: Desk, http: aiohttp.ClientSession, staff: Sequence[Member]) -> None:
        self.desk, self.staff, self.sent = desk, staff, Sent()
        self._http = http

    def customers(self, count: int) -> list[Customer]:
        return [Customer(*self.desk.conversation()) for _ in range(count)]

    async def post(self, customer: Customer, text: str) -> None:
        """Until it is answered, or nobody does."""
        path = f"/v1/conversations/{customer.conversation}/messages"
        body = {"id": f"m{time.monotonic_ns()}", "text": text}
        async with self._http.post(path, json=body, headers={"Authorization": f"Bearer {customer.token}"}) as answer:
            if answer.status != 200:
                raise SystemExit(f"A message was refused: {answer.status} {await answer.text()}")
            await answer.read()

    async def join(self, customers: Sequence[Customer]) -> None:
        for begin in range(0, len(customers), AT_ONCE):
            await asyncio.gather(*(self.post(one, WANTS) for one in customers[begin : begin + AT_ONCE]))

    async def take(self, customers: Sequence[Customer]) -> None:
        for one, member in zip(customers, itertools.cycle(self.staff), strict=False):
            await member.take(one.conversation)


class Measured(msgspec.Struct, frozen=True):
    name: str
    words: int
    rows: list[float]
    talks: list[float]
    joins: list[float]
    opened: list[float]
    desk_cpu: float  # of one core
    redis_cpu: float
    page_bytes: float  # a second


@asynccontextmanager
async def open_shop() -> AsyncIterator[tuple[Shop, Redis]]:
    with TemporaryDirectory(prefix="shopdesk-desk-bench-") as folder, embedded_redis(Path(folder)) as redis:
        data = Path(mkdtemp(dir=folder))
        around = Surroundings(data, redis.url, "", os.getpid())
        with desk_processes(around, "run") as desk, Redis.from_url(redis.url) as watched:
            password = (data / "desk-password.txt").read_text(encoding="utf-8").strip()
            async with AsyncExitStack() as stack:
                staff = []
                for login in LOGINS:
                    jar = aiohttp.CookieJar(unsafe=True)  # takes cookies from an address without a name
                    member = Member(desk.url, await stack.enter_async_context(_calling(desk.url, jar)))
                    await member.sign_in(login, password)
                    staff.append(member)
                http = await stack.enter_async_context(_calling(desk.url))
                yield Shop(desk, http, staff), watched


def _calling(url: str, jar: aiohttp.CookieJar | None = None) -> aiohttp.ClientSession:
    everybody = aiohttp.TCPConnector(limit=0)
    return aiohttp.ClientSession(url, cookie_jar=jar, connector=everybody, timeout=aiohttp.ClientTimeout(60))


@asynccontextmanager
async def open_pages(shop: Shop, count: int, watched: Sequence[Customer]) -> AsyncIterator[list[Page]]:
    async with AsyncExitStack() as stack:
        pages, reading = [], []
        for number, member in zip(range(count), itertools.cycle(shop.staff), strict=False):
            socket = await stack.enter_async_context(member.socket())
            await socket.send(json.dumps({"watch": watched[number % len(watched)].conversation}))
            page = Page(shop.sent)
            reading.append(asyncio.create_task(page.read(socket)))
            pages.append(page)
        yield pages
        for task in reading:
            task.cancel()
        ended = await asyncio.gather(*reading, return_exceptions=True)
        if closed := [one for one in ended if isinstance(one, ConnectionClosed)]:
            raise SystemExit(f"A page was closed: {closed[0]}")


async def measure(
    name: str, shop: Shop, redis: Redis, pages: Sequence[Page], taken: Sequence[Customer], seconds: float
) -> Measured:
    await _at_rest(shop.desk)
    opened = [await _open_anew(shop) for _ in range(5)]
    for page in pages:
        page.begin()
    desk_before, redis_before, began = shop.desk.cpu(), _redis_seconds(redis), time.perf_counter()
    words = await _write(shop, taken, seconds)
    took = time.perf_counter() - began
    desk, own = (shop.desk.cpu() - desk_before) / took, (_redis_seconds(redis) - redis_before) / took
    sent = sum(page.bytes for page in pages) / len(pages) / took
    await asyncio.sleep(SETTLES)
    rows, talks, joins = (
        _all(page.rows for page in pages),
        _all(page.talks for page in pages),
        _all(page.joins for page in pages),
    )
    if len(rows) < words * len(pages):
        print(f"{name}: {words * len(pages) - len(rows)} rows were told together with newer words.", file=sys.stderr)  # noqa: T201
    return Measured(name, words, rows, talks, joins, opened, desk, own, sent)


async def _write(shop: Shop, taken: Sequence[Customer], seconds: float) -> int:
    """At a steady pace, however long the answers take. Returns how many words of those whom staff have."""
    words = 0
    async with asyncio.TaskGroup() as group:
        began = time.perf_counter()
        for number in range(int(seconds * A_SECOND)):
            await asyncio.sleep(max(0.0, began + number / A_SECOND - time.perf_counter()))
            if number % JOINS_EVERY == JOINS_EVERY - 1:
                (new,) = shop.customers(1)
                shop.sent.joins[new.conversation] = time.perf_counter()
                group.create_task(shop.post(new, WANTS))
                continue
            customer, text = taken[number % len(taken)], f"word {time.monotonic_ns()}"
            shop.sent.words[customer.conversation, text] = time.perf_counter()
            group.create_task(shop.post(customer, text))
            words += 1
    return words


async def _open_anew(shop: Shop) -> float:
    began = time.perf_counter()
    async with shop.staff[0].socket() as socket:
        while json.loads(await socket.recv())["kind"] != "line":
            pass
        return time.perf_counter() - began


async def _at_rest(desk: Desk) -> None:
    async with asyncio.timeout(LEARNS):
        while True:
            before = desk.cpu()
            await asyncio.sleep(SETTLES)
            if (desk.cpu() - before) / SETTLES < AT_REST:
                return


def _redis_seconds(redis: Redis) -> float:
    spent: Any = redis.info("cpu")
    return float(spent["used_cpu_user"] + spent["used_cpu_sys"])


def _all(lists: Iterable[list[float]]) -> list[float]:
    return [one for each in lists for one in each]


def table(found: Iterable[Measured]) -> str:
    lines = [HEADINGS, *(_row(one) for one in found)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(HEADINGS))]
    drawn = [
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    ]
    return "\n".join([*drawn, "", EXPLAINED])


def _row(one: Measured) -> tuple[str, ...]:
    return (
        one.name,
        str(one.words),
        f"{percentile(one.rows, 50):.3f}",
        f"{percentile(one.rows, 95):.3f}",
        f"{max(one.rows):.3f}",
        f"{percentile(one.talks, 95):.3f}",
        f"{percentile(one.joins, 95):.3f}",
        f"{percentile(one.opened, 95):.3f}",
        f"{one.desk_cpu:.0%}",
        f"{one.redis_cpu:.0%}",
        f"{one.page_bytes / 1000:.1f}",
    )


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
