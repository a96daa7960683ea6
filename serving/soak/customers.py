"""What the customers do: come, write a message or some, wait for the answers, go, and come again later."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Sequence
from random import Random

import aiohttp
import msgspec

from serving.soak.connection import GONE, Connection
from serving.soak.seen import Record, Written
from serving.soak.words import word

ASKED_AT_ONCE = (
    "Tell me about {word} please",
    "hi, {word}",
    "What is {word}?",
    "Please look up {word} for me",
    "I would like to hear of {word} at length",
)
CHANGE_MESSAGES = 3  # the wish, and Confirm pressed twice
CHANGES_PER_VISIT = 0.3  # of those who are signed in and have an order left
DROPS = 0.1  # share of visits in which the connection breaks while an answer is awaited
RETRY_SECONDS = 1.0
HTTP_SECONDS = 75.0  # more than the desk keeps a request waiting


class Started(msgspec.Struct, frozen=True):
    conversation: str
    token: str


class Customer:
    """Writes `left` messages in as many visits as it takes."""

    def __init__(
        self, record: Record, left: int, orders: Sequence[str], seed: str, patience: float, by_http: float
    ) -> None:
        self.record, self.left, self._by_http = record, left, by_http
        self._orders, self._patience = deque(orders), patience
        self._random = Random(seed)

    async def visit(self, http: aiohttp.ClientSession, urls: Sequence[str], identity: str) -> None:
        if not self.record.conversation:
            await self._start(http, urls, identity)
        if self._orders and self.left >= CHANGE_MESSAGES and self._random.random() < CHANGES_PER_VISIT:
            async with Connection(http, urls, self.record, self._random) as connection:
                await self._change(connection, self._orders.popleft())
        elif self._random.random() < self._by_http:
            await self._ask_by_http(http, urls)
        else:
            async with Connection(http, urls, self.record, self._random) as connection:
                await self._ask(connection)

    async def _start(self, http: aiohttp.ClientSession, urls: Sequence[str], identity: str) -> None:
        body = {"locale": "en"} | ({"identity": identity} if identity else {})
        answer = await _posted(http, urls, "/v1/conversations", body, "", self._random)
        started = msgspec.json.decode(answer, type=Started)
        self.record.conversation, self.record.token = started.conversation, started.token

    async def _ask(self, connection: Connection) -> None:
        messages = [self._question() for _ in range(min(self.left, self._random.choice((1, 1, 2, 3))))]
        pause = self._random.choice((0.0, 0.0, 0.1, 0.4, None))  # None: each after the answer to the one before
        for message in messages:
            await connection.write(message)
            if pause is None:
                await self._answered(connection, [message])
            elif pause:
                await asyncio.sleep(pause * self._random.random())
        if self._random.random() < DROPS:
            await asyncio.sleep(self._random.random() / 4)
            await connection.drop()
        await self._answered(connection, messages)

    async def _change(self, connection: Connection, order: str) -> None:
        """Asks for a change, presses Confirm on the card twice, and sends the first press once more."""
        wish = self._message(f"Please cancel my order {order}, {{word}}")
        await connection.write(wish)
        await self._answered(connection, [wish])
        button = self._confirm_button(order)
        if not button:
            return
        first, second = (self._message("Confirm {word}", button, order) for _ in range(2))
        if self._random.random() < 0.5:
            await connection.write(first, second)
        else:
            await connection.write(first)
            await self._answered(connection, [first])
            await connection.write(second)
        if self._random.random() < 0.5:
            await connection.drop()
        await connection.write(first)
        await self._answered(connection, [first, second])

    def _confirm_button(self, order: str) -> str:
        """On the card that was shown last, if it is this order's."""
        for event in reversed(self.record.live):
            if event.frame.kind == "text" and order not in event.frame.text:
                return ""
            for button in event.frame.buttons:
                if button.id.startswith("confirm:"):
                    return button.id
        return ""

    async def _ask_by_http(self, http: aiohttp.ClientSession, urls: Sequence[str]) -> None:
        message = self._question()
        message.sent = time.monotonic()
        path = f"/v1/conversations/{self.record.conversation}/messages"
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._patience):
                await _posted(http, urls, path, message.body(), self.record.token, self._random)
                message.acknowledged = message.seen_answered = time.monotonic()

    async def _answered(self, connection: Connection, messages: Sequence[Written]) -> None:
        await connection.until(lambda: all(one.seen_answered or one.refused for one in messages), self._patience)

    def _question(self) -> Written:
        return self._message(self._random.choice(ASKED_AT_ONCE))

    def _message(self, text: str, press: str = "", order: str = "") -> Written:
        number = len(self.record.written)
        own = word(self.record.number * 10_000 + number)
        message = Written(f"m{number}", own, text.format(word=own), press, order)
        self.record.written.append(message)
        self.left -= 1
        return message


async def play(
    customers: Sequence[Customer], at_once: int, urls: Sequence[str], identities: Sequence[str], seed: int
) -> None:
    """Until every customer has written all, so many of them at the same time."""
    waiting = deque(zip(customers, identities, strict=True))
    Random(seed).shuffle(waiting)

    async def one_after_the_other() -> None:
        while waiting:
            customer, identity = waiting.popleft()
            await customer.visit(http, urls, identity)
            if customer.left > 0:
                waiting.append((customer, identity))

    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http,
        asyncio.TaskGroup() as group,
    ):
        for _ in range(at_once):
            group.create_task(one_after_the_other())


async def _posted(
    http: aiohttp.ClientSession, urls: Sequence[str], path: str, body: object, token: str, random: Random
) -> bytes:
    """The body of the answer; asked again, at whatever process, until there is one. Raises ValueError on a refusal."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    while True:
        with contextlib.suppress(*GONE):
            async with http.post(
                random.choice(urls) + path,
                data=msgspec.json.encode(body),
                headers=headers,
                timeout=aiohttp.ClientTimeout(HTTP_SECONDS),
            ) as answer:
                found = await answer.read()
                if answer.status < 300:
                    return found
                if answer.status < 500 and answer.status != 429:
                    raise ValueError(f"POST {path} was refused with {answer.status}: {found.decode()}")
        await asyncio.sleep(RETRY_SECONDS * (0.5 + random.random()))
