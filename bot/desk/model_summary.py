"""The talk so far as the model sums it up for staff; what it states and nobody said is not shown."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator

from bot.answering.prompting import DEFAULT_LANGUAGE, Prompts
from bot.desk.translating import Writer, added, language_name

log = logging.getLogger(__name__)

FILE = "summary.md"
SECONDS = 6.0  # staff are shown the customer's own words rather than nothing
LEAST = 200  # characters; a shorter talk is read as quickly as its summary
LONGEST = 1200
KEPT = 200


class ModelSummaries:
    """Asked twice for the same talk, the model is asked once. Nothing of a talk that was forgotten stays."""

    def __init__(self, writer: Writer, prompts: Prompts) -> None:
        self._writer, self._prompts = writer, prompts
        self._kept = OrderedDict[tuple[str, str], tuple[str, str | None]]()  # None: it is being written

    async def summary(self, conversation: str, talk: str, language: str) -> str:
        """ "" where there is none to be had in time, none is needed, or it states what nobody said."""
        if len(talk) < LEAST:
            return ""
        name = conversation, language
        of, kept = self._kept.get(name, ("", None))
        if of == talk and kept is not None:
            return kept
        self._kept[name] = begun = talk, None
        written = await self._written(talk, language)
        if self._kept.get(name) is begun:
            del self._kept[name]
            if written is not None:
                self._keep(name, talk, written)
        return written or ""

    async def forget(self, forgotten: AsyncIterator[str]) -> None:
        """Until cancelled. `forgotten`: conversations, as it happens; "" where some may have been missed."""
        async for conversation in forgotten:
            for name in [one for one in self._kept if conversation in ("", one[0])]:
                del self._kept[name]

    def _keep(self, name: tuple[str, str], talk: str, written: str) -> None:
        self._kept[name] = talk, written
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)

    async def _written(self, talk: str, language: str) -> str | None:
        """None where the model is away: it is asked again the next time."""
        instructions = self._prompts.text(DEFAULT_LANGUAGE, FILE, into=language_name(language))
        try:
            async with asyncio.timeout(SECONDS):
                written = await self._writer.written(instructions, talk)
        except (ConnectionError, TimeoutError) as error:
            log.warning("no summary for staff: %s", error or "the model took too long")
            return None
        if len(written) > LONGEST or added(written, talk):
            log.warning("a summary was left out: it states what was not said")
            return ""
        return written
