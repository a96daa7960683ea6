"""The help that staff get: put together for a process that serves a desk."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from bot.answering.completions import Deadlines
from bot.beside import beside
from bot.channels import Postbox
from bot.desk.assistance import ShopAssistance
from bot.desk.canned import CannedStore
from bot.desk.cases import Cases, SavedSessions
from bot.desk.drafts import ReplyDrafts
from bot.desk.model_summary import ModelSummaries
from bot.desk.news import DeskNews
from bot.desk.small_talk import SmallTalk
from bot.desk.translating import Translating
from bot.desk.writer import open_writer
from bot.language import LanguageDetector
from bot.opening.insights import talks_of
from bot.opening.premises import Premises


@asynccontextmanager
async def assistance_of(
    on: Premises, postbox: Postbox, canned: CannedStore, news: DeskNews
) -> AsyncIterator[ShopAssistance]:
    """With the model where one is set. `news`: tells of what is forgotten. Raises StoreUnavailable."""
    small_talk = SmallTalk(on.prompts)
    sessions = SavedSessions(on.connection, on.keys)
    async with AsyncExitStack() as opened:
        writer = summaries = None
        if on.settings.model_url:
            settings, key = on.settings, on.settings.model_key.get_secret_value()
            deadlines = Deadlines(settings.model_first_token_seconds, settings.model_reply_seconds)
            opening = open_writer(settings.model_urls, settings.model_name, key, deadlines)
            writer = await opened.enter_async_context(opening)
            summaries = ModelSummaries(writer, on.prompts)
            await opened.enter_async_context(beside(partial(_forget, summaries, news)))
        yield ShopAssistance(
            postbox,
            Cases(
                sessions.session,
                on.store,
                on.presenting,
                on.prompts,
                small_talk,
                summaries,
            ),
            ReplyDrafts(on.retriever, LanguageDetector(on.prompts.languages), small_talk),
            canned,
            await talks_of(on),
            on.profile.name,
            Translating(writer, on.prompts) if writer else None,
        )


async def _forget(summaries: ModelSummaries, news: DeskNews) -> None:
    await summaries.forget(news.forgotten())
