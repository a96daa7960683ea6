"""The desk under measurement, with the customers who write to it and the staff who are signed in."""

import asyncio
import itertools
import os
import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

import aiohttp
import msgspec
from redis import Redis
from websockets.asyncio.client import connect
from websockets.typing import Origin

from bot.redis.embedded import embedded_redis
from serving.bench.desk_processes import Desk, desk_processes
from serving.bench.surroundings import Surroundings

LOGINS = ("otto", "olivia")  # of the demo shop; each has half of the pages
AT_ONCE = 25  # customers, while the line fills
WANTS = "I want to talk to a person"


class Customer(msgspec.Struct, frozen=True):
    conversation: str
    token: str


class Sent:
    """When each words were sent, by conversation and words."""

    def __init__(self) -> None:
        self.words: dict[tuple[str, str], float] = {}
        self.joins: dict[str, float] = {}


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
