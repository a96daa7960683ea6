"""What was written while nobody listened: fetched from the history of each channel, before anything newer of it."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from functools import partial

import aiohttp
import discord
import msgspec
from discord.http import HTTPClient

from adapters.discord.doors import Doors
from adapters.discord.lines import Lines
from adapters.discord.marks import Marks
from adapters.discord.payloads import Channel, Guild, Message, Ready
from adapters.discord.snowflakes import days_ago, days_old

log = logging.getLogger(__name__)

LONGEST_DAYS = 1.0  # what is older than this is not answered any more
_DIRECTS, _DIRECT_DAYS = 2000, 30.0  # direct messages are looked into one by one: only the latest
_PAGE = 100  # Discord gives no more at once
_AT_ONCE = 2  # requests; replies need some too
_FORUMS = {15, 16}


class Backfill:
    """A session that is resumed is told by Discord itself; this is for a new one."""

    def __init__(self, http: HTTPClient, support: tuple[str, ...], marks: Marks, doors: Doors, lines: Lines) -> None:
        self._http, self._support, self._marks, self._doors, self._lines = http, support, marks, doors, lines
        self._asking = asyncio.Semaphore(_AT_ONCE)

    def ready(self, ready: Ready) -> None:
        """A session has begun: direct messages come to the first of its parts."""
        if ready.shard[0] == 0:
            recent = [one for one in self._marks.directs()[:_DIRECTS] if days_old(self._marks.seen(one)) < _DIRECT_DAYS]
            for channel in recent:
                self._lines.put(channel, partial(self._catch_up, channel, None, self._marks.seen(channel)))

    def joined(self, guild: Guild) -> None:
        """A server tells what its channels are, and what was written last in each."""
        for channel in guild.channels:
            if channel.id in self._support and not self._marks.seen(channel.id):
                newest = channel.last_message_id or channel.id  # what was there before us is not for us
                self._lines.put(channel.id, partial(self._marks.see, channel.id, newest))
        for channel, after in self._behind(guild):
            self._lines.put(channel.id, partial(self._catch_up, channel.id, guild.id, after))
        for forum in guild.channels:
            if forum.type in _FORUMS and forum.id in self._support:
                self._lines.put(forum.id, partial(self._marks.see, forum.id, forum.last_message_id or forum.id))

    def _behind(self, guild: Guild) -> Iterator[tuple[Channel, str]]:
        """The channels that hold something newer than what was seen of them, and what that is."""
        forums = {one.id: one for one in guild.channels if one.type in _FORUMS and one.id in self._support}
        for channel in (*guild.channels, *guild.threads):
            seen = self._marks.seen(channel.id)
            if not seen and channel.parent_id in forums:
                before = self._marks.seen(channel.parent_id)
                seen = "0" if before and int(channel.id) > int(before) else ""  # a post that is new
            if seen and channel.id not in forums and int(channel.last_message_id or "0") > int(seen):
                yield channel, seen

    async def _catch_up(self, channel: str, server: str | None, after: str) -> None:
        """Raises ConnectionError; begun again it goes on behind what was seen."""
        after = str(max(int(after), int(self._marks.seen(channel) or "0"), int(days_ago(LONGEST_DAYS))))
        count = 0
        while page := await self._page(channel, after):
            messages = sorted(_readable(page), key=lambda one: int(one.id))
            for message in messages:
                await self._taken(msgspec.structs.replace(message, guild_id=server))
            if messages:
                after, count = messages[-1].id, count + len(messages)
                await self._marks.see(channel, after, direct=server is None)
            if len(page) < _PAGE or not messages:
                break
        log.info("%d messages of channel %s were written while nobody listened", count, channel)

    async def _taken(self, message: Message) -> None:
        """Raises ConnectionError. One that cannot be taken for another reason must not hide those that follow."""
        try:
            await self._doors.take(message, per_minute=0)  # written over a longer time than they come in now
        except ConnectionError:
            raise
        except Exception:
            log.exception("a message of the history is passed over")

    async def _page(self, channel: str, after: str) -> Sequence[object]:
        """Those that follow; none where we may not look."""
        try:
            async with self._asking:
                return await self._http.logs_from(int(channel), _PAGE, after=int(after))
        except (discord.Forbidden, discord.NotFound) as refusal:
            log.warning("the history of channel %s cannot be read: %s", channel, refusal.text)
            return []
        except (discord.HTTPException, discord.RateLimited, aiohttp.ClientError, OSError, TimeoutError) as away:
            raise ConnectionError(f"the history of a channel cannot be read: {type(away).__name__}") from None


def _readable(found: Sequence[object]) -> Iterator[Message]:
    """One that we do not understand must not hide the others."""
    for one in found:
        try:
            yield msgspec.convert(one, Message)
        except msgspec.ValidationError as problem:
            log.error("a message of the history cannot be read: %s", problem)
