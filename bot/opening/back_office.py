"""The back office of a desk: the worker, and all that it needs to make replies. It serves no channel."""

import asyncio
import contextlib
import os
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import entry_points

from bot.answering.action_desk import ActionDesk
from bot.answering.deed_mail import DeedMail
from bot.answering.extractive import Extractive
from bot.answering.ground import Ground
from bot.answering.intents import Intents
from bot.answering.link_desk import LinkDesk
from bot.answering.turn import Answerer
from bot.beside import Work, beside
from bot.conversation import ConversationManager
from bot.desk.answer_mail import KEY as ANSWER_KEY
from bot.desk.answer_mail import AnswerMail
from bot.desk.clock_keeper import ClockKeeper
from bot.desk.expected_wait import ExpectedWait
from bot.desk.hours import OpeningHours
from bot.desk.line import Line
from bot.desk.waiting_room import WaitingRoom
from bot.desk.when import When
from bot.insights.noting import Noting
from bot.knowledge.sites.rounds import SiteRounds
from bot.language import LanguageDetector
from bot.letters.courier import Courier
from bot.letters.errands import ErrandBook
from bot.letters.kinds import LettersOfAllKinds
from bot.letters.mail import Announced, Mailer, Postroom, Smtp, smtp_server
from bot.link_codes import LinkCodes
from bot.listening import Listener
from bot.mailbox import Mailbox
from bot.manners.manners import Manners
from bot.one_time_codes import OneTimeCodes
from bot.opening.insights import recording
from bot.opening.premises import Premises, join_premises
from bot.redis.one_at_a_time import one_at_a_time
from bot.settings import Settings
from bot.shop.identity import Identity
from bot.shop.records import ShopProfile
from bot.shop.store import ShopStore, StoreUnavailable
from bot.turns import TurnQueue
from bot.with_staff import WithStaff
from bot.worker import Timing, Worker

FRESH_SECONDS = 3600
LAST_MAIL_SECONDS = 3.0  # for what is on its way when we are to stop; letters about deeds stay in the book


@dataclass(frozen=True, slots=True)
class BackOffice:
    worker: Worker
    alone: bool  # what is leased on this Redis was left by a dead worker

    async def work(self) -> None:
        """Until cancelled; then turns in the making may end within the grace time, the rest is handed over."""
        await self.worker.run(self.alone)


@asynccontextmanager
async def open_back_office(settings: Settings, announce: Callable[[str], None]) -> AsyncIterator[BackOffice]:
    """A worker by itself, beside any number of others. Raises OSError or ValueError in one sentence."""
    async with join_premises(settings, announce) as premises, back_office_of(premises) as back_office:
        yield back_office


@asynccontextmanager
async def back_office_of(premises: Premises) -> AsyncIterator[BackOffice]:
    on, settings = premises, premises.settings
    async with AsyncExitStack() as opened:
        mailer = mailer_of(settings, on.profile, on.announce)
        ground = _ground(on, mailer)
        mailbox = Mailbox(on.connection, on.keys, Listener(on.connection))
        answers = AnswerMail(ground, on.connection, on.keys, mailbox)
        if mailer:
            await opened.enter_async_context(_mailing(ground, mailer, answers))
        answerer = await opened.enter_async_context(_answerer(settings, ground))
        expected = ExpectedWait(on.connection, on.keys, OpeningHours(on.profile.desk))
        manager = _manager(on, ground, answerer, WaitingRoom(ground, expected, answers=answers))
        await opened.enter_async_context(recording(on))
        keeper = ClockKeeper(on.connection, on.keys, mailbox, on.profile.desk, expected)
        works: list[Work] = [partial(_keep_fresh, on.store), keeper.run]
        if settings.site_refresh_hours:
            works.append(_site_rounds(on).keep)
        await opened.enter_async_context(beside(*works))
        queue = TurnQueue(on.connection, on.keys, f"worker-{os.getpid()}-{secrets.token_hex(4)}")
        timing = Timing(burst=settings.burst_seconds, grace=settings.grace_seconds)
        yield BackOffice(Worker(queue, manager, on.keys, settings.workers, timing), on.alone)


def _ground(on: Premises, mailer: Mailer | None) -> Ground:
    intents = {
        language: Intents(on.prompts.table(language, "intents.toml")["wanted"]) for language in on.prompts.languages
    }
    return Ground(
        on.profile,
        on.store,
        Identity(on.store, on.limits),
        on.retriever,
        on.presenting,
        on.prompts,
        intents,
        OneTimeCodes(on.connection, on.limits),
        Postroom(mailer) if mailer else None,
        LinkCodes(on.connection, on.limits),
        on.limits,
        ErrandBook(on.connection) if mailer else None,
        on.attachments,
    )


def _manager(on: Premises, ground: Ground, answerer: Answerer, room: WaitingRoom) -> ConversationManager:
    links, noting = LinkDesk(ground), Noting(on.profile.order_number)
    manners = Manners(ground, links, sees=on.settings.model_sees and bool(on.settings.model_url))
    when = When.of(on.prompts, on.settings.tone_threshold)
    return ConversationManager(
        answerer,
        ActionDesk(ground),
        links,
        WithStaff(Line(on.connection, on.keys), room, when, manners.rating, on.prompts, noting),
        ground.identity,
        LanguageDetector(on.prompts.languages),
        on.prompts,
        ground.intents,
        noting,
        manners,
    )


@asynccontextmanager
async def _answerer(settings: Settings, ground: Ground) -> AsyncIterator[Answerer]:
    if not settings.model_url:
        yield Extractive(ground)
        return
    (found,) = entry_points(group="shopdesk.answerers", name="model")
    async with found.load()(settings, ground) as answerer:
        yield answerer


@asynccontextmanager
async def _mailing(ground: Ground, mailer: Mailer, answers: AnswerMail) -> AsyncIterator[None]:
    """Letters that are noted are sent; at the end, those on their way may arrive."""
    if ground.errands is None or ground.postroom is None:
        raise ValueError("who can send mail has a book of letters and a postroom")
    letters = LettersOfAllKinds(DeedMail(ground), {ANSWER_KEY: answers})
    courier = Courier(ground.errands, letters, mailer)
    courier.start()
    try:
        yield
    finally:
        await asyncio.gather(ground.postroom.finish(LAST_MAIL_SECONDS), courier.finish(LAST_MAIL_SECONDS))


def mailer_of(settings: Settings, profile: ShopProfile, announce: Callable[[str], None]) -> Mailer | None:
    """None where the shop is a real one and has set no server."""
    url, sender = settings.smtp_url.get_secret_value(), settings.mail_from or profile.email
    if url:
        return Smtp(smtp_server(url), sender)
    return Announced(settings.data_dir / "mail", sender, announce) if profile.demo else None


def _site_rounds(on: Premises) -> SiteRounds:
    """One process of the desk at a time."""
    hours, languages = on.settings.site_refresh_hours, on.prompts.languages
    return SiteRounds(on.publishing, languages, hours, lambda: one_at_a_time(on.connection, on.keys.site_rounds()))


async def _keep_fresh(store: ShopStore) -> None:
    """A demo that runs for days has orders of today all the same."""
    while True:
        await asyncio.sleep(FRESH_SECONDS)
        with contextlib.suppress(StoreUnavailable):
            await store.keep_fresh(datetime.now(UTC))
