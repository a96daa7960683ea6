"""Photos and files of customers: fetched from Discord and kept, where they are not too large."""

import asyncio
import logging
from collections.abc import Sequence

import aiohttp

from adapters.chat_apps import FILES_PER_MINUTE
from adapters.discord.payloads import File
from bot.channels import Attachments, Limiter

log = logging.getLogger(__name__)

FETCH_SECONDS = 20.0
KEEP_SECONDS = 20.0  # an object store that is away is asked again and again for minutes


class Files:
    def __init__(self, http: aiohttp.ClientSession, attachments: Attachments, limiter: Limiter) -> None:
        self._http, self._attachments, self._limiter = http, attachments, limiter

    async def keep(self, conversation: str, files: Sequence[File]) -> dict[str, str]:
        """Under what each is kept, by its id; a message is not held up by a file that cannot be had.

        Raises ConnectionError where it cannot be counted how many were fetched.
        """
        kept = {}
        for file in files:
            if file.size > self._attachments.most_bytes:
                continue
            if await self._limiter.allow("discord files", conversation, FILES_PER_MINUTE, 60):
                break  # whoever sends more fills our line, not the shelf
            if (content := await self._fetch(file)) is not None:
                kept[file.id] = await self._keep(conversation, file, content)
        return kept

    async def _keep(self, conversation: str, file: File, content: bytes) -> str:
        try:
            async with asyncio.timeout(KEEP_SECONDS):
                return await self._attachments.keep(conversation, file.filename, file.content_type or "", content)
        except (ValueError, ConnectionError, TimeoutError) as problem:
            log.info("a file is not kept: %s", problem)
            return ""

    async def _fetch(self, file: File) -> bytes | None:
        """None where it cannot be had, or is larger than was said."""
        most = self._attachments.most_bytes
        timeout = aiohttp.ClientTimeout(total=FETCH_SECONDS)
        content = bytearray()
        try:
            async with self._http.get(file.url, timeout=timeout) as answer:
                answer.raise_for_status()
                async for piece in answer.content.iter_chunked(65536):
                    content += piece
                    if len(content) > most:
                        return None
        except (aiohttp.ClientError, TimeoutError) as problem:
            log.warning("a file could not be fetched: %s", type(problem).__name__)
            return None
        return bytes(content)
