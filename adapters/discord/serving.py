"""Serves one account of Discord: everything is put together here. discord.py is loaded with this module."""

import asyncio
import hashlib
import logging

import aiohttp
import discord
import msgspec

from adapters.discord.backfill import Backfill
from adapters.discord.checking import INTENT_MISSING, TOKEN_REFUSED, channels
from adapters.discord.client import DeskClient, Hearing, point_at
from adapters.discord.commands import registered
from adapters.discord.delivering import Deliveries
from adapters.discord.doors import Doors
from adapters.discord.files import Files
from adapters.discord.intake import Intake
from adapters.discord.interactions import Interactions
from adapters.discord.lines import Lines
from adapters.discord.marks import Marks, read_marks
from adapters.discord.portal import Bot, Portal, TokenRefused
from adapters.discord.posting import Posting
from adapters.discord.rooms import Rooms
from adapters.discord.settings import DiscordSettings
from adapters.discord.staff_desk import staff_desk
from adapters.discord.threads import Threads
from adapters.typing_shown import show_typing
from bot.channels import Handles

log = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 60.0


async def serve(settings: DiscordSettings, handles: Handles) -> None:
    """Until cancelled. Raises OSError with a sentence that says what to do."""
    if settings.desk_language and settings.desk_language not in handles.languages:
        known = ", ".join(handles.languages)
        raise OSError(f"SHOPDESK_DISCORD_DESK_LANGUAGE must be a language of the shop: {known}.")
    bot = await _introduced(settings, handles)
    point_at(settings.api, settings.gateway or bot.gateway)
    desk = Desk(settings, handles, bot)
    await handles.outbox.only_here(desk.account, desk.run)


async def _introduced(settings: DiscordSettings, handles: Handles) -> Bot:
    """Who we are there; what is missing is told to whoever started the desk."""
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            async with Portal(settings) as portal:
                bot = await portal.bot()
                if not bot.content:
                    raise OSError(INTENT_MISSING)
                for finding in await channels(portal, bot, settings):
                    if not finding.ok:
                        handles.announce(f"Discord: {finding.name}: {finding.found}. {finding.advice}")
                handles.announce(f"Discord: {bot.name} listens")
                return bot
        except TokenRefused:
            raise OSError(TOKEN_REFUSED) from None
        except ConnectionError as problem:
            log.warning("%s; tried again in %.0f s", problem, pause)
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


class Desk:
    def __init__(self, settings: DiscordSettings, handles: Handles, bot: Bot) -> None:
        self._settings, self._handles, self._bot = settings, handles, bot
        self.account = f"discord:{bot.application}"

    async def run(self) -> None:
        """Until cancelled; begun anew where the connection is lost for good. Raises OSError as `serve`."""
        loop, pause = asyncio.get_running_loop(), FIRST_PAUSE_SECONDS
        while True:
            begun = loop.time()
            try:
                await self._connected()
            except discord.PrivilegedIntentsRequired:
                raise OSError(INTENT_MISSING) from None
            except discord.LoginFailure:
                raise OSError(TOKEN_REFUSED) from None
            except (discord.DiscordException, aiohttp.ClientError, ConnectionError, TimeoutError) as problem:
                log.warning("Discord: %s; begun again in %.0f s", type(problem).__name__, pause)
            except Exception:  # such as a frame that discord.py does not understand; the history has what it held
                log.exception("Discord: begun again in %.0f s", pause)
            pause = FIRST_PAUSE_SECONDS if loop.time() - begun > LONGEST_PAUSE_SECONDS else pause
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _connected(self) -> None:
        marks = await read_marks(self._handles.bookmarks, self.account)
        await marks.forget_old()
        async with DeskClient(self._bot.shards) as client, aiohttp.ClientSession() as http:
            await client.login(self._settings.token)
            await self._register(client, marks)
            try:
                await self._at_work(client, http, marks)
            except ExceptionGroup as several:
                raise several.exceptions[0] from None

    async def _at_work(self, client: DeskClient, http: aiohttp.ClientSession, marks: Marks) -> None:
        handles, account, support = self._handles, self.account, self._settings.channels
        rooms = Rooms(client)
        threads = Threads(client.http, account, rooms, marks, handles.words, handles.languages, handles.pace)
        files, posting = Files(http, handles.attachments, handles.limiter), Posting(client.http, account, handles.pace)
        intake = Intake(account, support, handles, rooms, threads, marks, files, posting)
        interactions = Interactions(client.http, account, handles, intake, threads)
        deliveries = Deliveries(client.http, account, handles, self._settings.home, threads)
        async with asyncio.TaskGroup() as group:
            lines = Lines(group)
            desk = None
            if self._settings.desk:
                desk = staff_desk(client.http, account, self._settings, handles, marks, files, posting)
                group.create_task(desk.mirror.run())
            doors = Doors(self._settings.desk, intake, interactions, desk.intake if desk else None)
            backfill = Backfill(client.http, support, marks, doors, lines)
            client.listen(Hearing(lines, doors, backfill).hears)
            group.create_task(handles.outbox.deliver(account, deliveries.each))
            group.create_task(show_typing(handles.staff.desk.writing(), deliveries.staff_type))
            group.create_task(_connect(client))

    async def _register(self, client: DeskClient, marks: Marks) -> None:
        """Only where they have changed: Discord allows it 200 times a day."""
        commands = registered(self._handles.words, self._handles.languages)
        mark = hashlib.sha256(msgspec.json.encode(commands)).hexdigest()
        if marks.commands == mark:
            return
        try:
            await client.http.bulk_upsert_global_commands(int(self._bot.application), commands)
        except (discord.HTTPException, discord.RateLimited) as problem:
            log.warning("the slash commands could not be registered: %s", type(problem).__name__)
        else:
            await marks.registered(mark)


async def _connect(client: DeskClient) -> None:
    await client.connect()
    raise ConnectionError("the gateway has ended the connection")
