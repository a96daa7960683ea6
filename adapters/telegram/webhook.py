"""Telegram calls us: each call is known by its secret, and answered 200 only when what it brings is stored."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import logging
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import msgspec
from aiohttp import web
from telegram import Update

from adapters.telegram.bots import OpenBot
from adapters.telegram.intake import Intake
from adapters.telegram.lanes import Lanes
from bot.channels import Bookmarks

log = logging.getLogger(__name__)

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
MOST_BYTES = 1_000_000  # of a call; an update holds no file
BODY_SECONDS = 10.0
STORE_SECONDS = 20.0  # after that Telegram is told to come again
ORDER_SECONDS, LOOK_SECONDS = 1.0, 0.05  # how long an update waits for the one before it, and how often it looks
UPDATE = "update"  # the bookmark of the newest update before which none is waited for any more
REMEMBERED = 5_000  # numbers of updates that have come


def webhook_path(bot: int) -> str:
    return f"/telegram/{bot}"


def webhook_secret(secret: bytes, bot: int) -> str:
    """Every process of a desk makes the same one; whoever knows it could speak for any customer."""
    made = hmac.digest(secret, f"telegram webhook {bot}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(made).decode().rstrip("=")


@dataclass
class Receiver:
    """What calls for one bot lead to."""

    opened: OpenBot
    intake: Intake
    lanes: Lanes
    secret: str
    bookmarks: Bookmarks
    _came: "OrderedDict[int, asyncio.Event]" = field(default_factory=OrderedDict)
    _waiting: set[int] = field(default_factory=set)
    _storing: dict[int, asyncio.Future[None]] = field(default_factory=dict)

    async def receive(self, update: Update) -> None:
        """Returns when it is stored. Raises TimeoutError where it is not yet; it is being stored even so."""
        number = update.update_id
        await self._wait_for_the_one_before(number)
        read = self.intake.read(update)
        if read and number not in self._storing:
            stored = self.lanes.put(read.place.conversation, partial(self.intake.store, read))
            self._storing[number] = stored
            stored.add_done_callback(lambda _: self._storing.pop(number, None))
        self._event(number).set()
        if number in self._storing:
            async with asyncio.timeout(STORE_SECONDS):
                await asyncio.shield(self._storing[number])
        with contextlib.suppress(ConnectionError):  # the other processes go on behind what is stored
            await self.bookmarks.advance(self.opened.account, UPDATE, number)

    async def _wait_for_the_one_before(self, number: int) -> None:
        """Telegram numbers updates one by one, and makes many calls at once. One that does not come soon never will:
        then the lowest of those that wait goes on, and the others after it."""
        clock = asyncio.get_running_loop()
        end = clock.time() + ORDER_SECONDS
        self._waiting.add(number)
        try:
            while not (self._event(number).is_set() or await self._came_elsewhere(number - 1)):
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._event(number - 1).wait()
                        return
                if clock.time() >= end and number == min(self._waiting, default=number):
                    return
        finally:
            self._waiting.discard(number)

    async def _came_elsewhere(self, number: int) -> bool:
        """To another process of the desk."""
        try:
            return int((await self.bookmarks.read(self.opened.account)).get(UPDATE, "0")) >= number
        except ConnectionError:
            return False

    def _event(self, number: int) -> asyncio.Event:
        event = self._came.setdefault(number, asyncio.Event())
        while len(self._came) > REMEMBERED:
            self._came.popitem(last=False)
        return event


def build_webhook(receivers: Mapping[int, Receiver]) -> web.Application:
    """By the number of the bot."""

    async def called(request: web.Request) -> web.Response:
        receiver = receivers.get(int(request.match_info["bot"]))
        given = request.headers.get(SECRET_HEADER, "").encode(errors="surrogateescape")  # any bytes may come
        expected = receiver.secret if receiver else "nobody's"
        if not hmac.compare_digest(given, expected.encode()) or receiver is None:
            return web.Response(status=403)
        try:
            async with asyncio.timeout(BODY_SECONDS):
                told = msgspec.json.decode(await request.read(), type=dict[str, object])
            update = Update.de_json(told, receiver.opened.bot)
        except (ValueError, TimeoutError):
            return web.Response(status=400)
        except web.HTTPException:
            raise  # too large a body
        except Exception:
            log.exception("an update of %s has a form that is not known; it is passed over", receiver.opened.account)
            return web.Response()
        try:
            await receiver.receive(update)
        except TimeoutError:
            log.warning("a message is not stored yet; Telegram is told to come again")
            return web.Response(status=503)
        return web.Response()

    application = web.Application(client_max_size=MOST_BYTES)
    application.router.add_post(r"/telegram/{bot:\d{1,20}}", called)
    return application
