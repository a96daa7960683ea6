"""The talk so far as the model sums it up for staff; what it states and nobody said is not shown."""

import asyncio
import logging
from collections import OrderedDict

from bot.answering.prompting import DEFAULT_LANGUAGE, Prompts
from bot.desk.translating import Writer, added, language_name

log = logging.getLogger(__name__)

FILE = "summary.md"
SECONDS = 6.0  # staff are shown the customer's own words rather than nothing
LEAST = 200  # characters; a shorter talk is read as quickly as its summary
LONGEST = 1200
KEPT = 200


class ModelSummaries:
    """Asked twice for the same talk, the model is asked once."""

    def __init__(self, writer: Writer, prompts: Prompts) -> None:
        self._writer, self._prompts = writer, prompts
        self._kept = OrderedDict[tuple[str, str], str]()

    async def summary(self, talk: str, language: str) -> str:
        """ "" where there is none to be had in time, none is needed, or it states what nobody said."""
        if len(talk) < LEAST:
            return ""
        if (talk, language) not in self._kept:
            written = await self._written(talk, language)
            if written is None:
                return ""
            self._kept[talk, language] = written
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return self._kept[talk, language]

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
