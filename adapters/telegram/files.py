"""Photos and files of customers: fetched from Telegram and kept, where they are not too large."""

import asyncio
import logging

import msgspec
from telegram import Bot
from telegram.error import BadRequest, TelegramError

from adapters.chat_apps import FILES_PER_MINUTE
from adapters.telegram.attached import Attached
from bot.channels import Attachments, Limiter
from bot.messages import Attachment

log = logging.getLogger(__name__)

TRIES = 3
FETCH_SECONDS = 30  # of one try
KEEP_SECONDS = 10.0  # an object store that is away is asked again and again for minutes


class Files:
    def __init__(self, bot: Bot, attachments: Attachments, limiter: Limiter) -> None:
        self._bot, self._attachments, self._limiter = bot, attachments, limiter

    async def keep(self, conversation: str, found: Attached) -> Attachment:
        """With `kept` where it could be; a message is not held up for ever by what came with it.

        Raises ConnectionError where it cannot be counted how many were fetched.
        """
        attachment = found.attachment
        if not found.file or attachment.size > self._attachments.most_bytes:
            return attachment
        if await self._limiter.allow("telegram files", conversation, FILES_PER_MINUTE, 60):
            return attachment  # whoever sends more fills our line, not the shelf
        for number in range(1, TRIES + 1):
            try:
                return await self._kept(conversation, attachment, found.file)
            except (ConnectionError, TelegramError, TimeoutError) as problem:
                # not its words: they may hold the address with the token
                log.warning("a file could not be kept, try %d of %d: %s", number, TRIES, type(problem).__name__)
                if isinstance(problem, BadRequest) or number == TRIES:
                    break
                await asyncio.sleep(number)
        return attachment

    async def _kept(self, conversation: str, attachment: Attachment, file: str) -> Attachment:
        async with asyncio.timeout(FETCH_SECONDS):
            there = await self._bot.get_file(file)
            if there.file_size is None or there.file_size > self._attachments.most_bytes:
                return msgspec.structs.replace(attachment, size=there.file_size or attachment.size)
            content = bytes(await there.download_as_bytearray())
        attachment = msgspec.structs.replace(attachment, size=len(content))
        try:
            async with asyncio.timeout(KEEP_SECONDS):
                kept = await self._attachments.keep(conversation, attachment.name, attachment.media_type, content)
        except ValueError:
            log.info("a file is not kept: too large, or too many in this conversation")
            return attachment
        return msgspec.structs.replace(attachment, kept=kept)
