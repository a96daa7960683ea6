"""What tests of abuse share: a desk put together by hand over a shop of their own, and all rows of its database."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from bot.answering.action_desk import ActionDesk
from bot.answering.ground import Ground
from bot.answering.intents import Intents
from bot.answering.link_desk import LinkDesk
from bot.answering.presenting import Presenting
from bot.answering.prompting import Prompts
from bot.answering.turn import Answerer, Turn
from bot.conversation import ConversationManager
from bot.desk.book import Book
from bot.desk.desk import StaffDesk
from bot.desk.expected_wait import ExpectedWait
from bot.desk.hours import OpeningHours
from bot.desk.line import Line
from bot.desk.news import DeskNews
from bot.desk.tables import desk_tables
from bot.desk.waiting_room import WaitingRoom
from bot.desk.when import When
from bot.insights.noting import Noting
from bot.keys import Keys
from bot.knowledge.building import publish
from bot.knowledge.index import open_index
from bot.knowledge.passages import Passage
from bot.language import LanguageDetector
from bot.limits import Limits
from bot.link_codes import LinkCodes
from bot.listening import Listener
from bot.mailbox import Mailbox
from bot.manners.manners import Manners
from bot.messages import FinalText, Part
from bot.one_time_codes import OneTimeCodes
from bot.opening.places import read_prompts
from bot.redis.connection import Connection, connect
from bot.sessions import Session, open_session, saved
from bot.settings import Settings
from bot.shop.actions import Action
from bot.shop.files import ShopFiles
from bot.shop.identity import Identity
from bot.shop.records import Fulfilment, Order, Payment
from bot.shop.store import ShopStore, open_store
from bot.turns import TurnQueue
from bot.with_staff import WithStaff
from bot.worker import Timing, Worker
from tests.action_shop import NOW

Rows = dict[str, list[tuple[object, ...]]]
STAFFS = ("desk_", "insight_", "sqlite_")  # what staff did, and what is written down of all
DESKS_OWN = ("proposals", "audit", "links")


def as_of_today(files: ShopFiles) -> ShopFiles:
    """The same shop with its dates moved, so that what came five days ago came five days before now."""
    by = datetime.now(UTC) - NOW
    return msgspec.structs.replace(files, orders=tuple(_moved(order, by) for order in files.orders))


def _moved(order: Order, by: timedelta) -> Order:
    def parcel(one: Fulfilment) -> Fulfilment:
        came = one.delivered + by if one.delivered else None
        return msgspec.structs.replace(one, shipped=one.shipped + by, delivered=came)

    def payment(one: Payment) -> Payment:
        return msgspec.structs.replace(one, at=one.at + by)

    return msgspec.structs.replace(
        order,
        placed=order.placed + by,
        fulfilments=tuple(map(parcel, order.fulfilments)),
        payments=tuple(map(payment, order.payments)),
    )


class Database:
    """The shop's SQLite file, read and written from outside, as the shop's other programs do."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def rows(self, leave_out: Sequence[str] = DESKS_OWN) -> Rows:
        """All that the shop has, by table."""
        with closing(sqlite3.connect(self.path)) as shop:
            tables = [name for (name,) in shop.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            wanted = [name for name in tables if name not in leave_out and not name.startswith(STAFFS)]
            return {name: shop.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall() for name in wanted}

    def audit(self) -> list[tuple[str, str, str, str, str]]:
        """(action, target, customer, conversation, token), the oldest first."""
        action = "json_extract(action, '$.action')"
        asked = f"SELECT {action}, target, customer, conversation, token FROM audit ORDER BY rowid"
        with closing(sqlite3.connect(self.path)) as shop:
            return shop.execute(asked).fetchall()

    def write(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.path, timeout=10)) as shop, shop:
            for statement in statements:
                shop.execute(statement)

    def grow_older(self, by: timedelta) -> None:
        """As if so much time had passed since every card was shown."""
        with closing(sqlite3.connect(self.path, timeout=10)) as shop, shop:
            for token, *moments in shop.execute("SELECT token, created, expires FROM proposals").fetchall():
                earlier = [str(datetime.fromisoformat(moment) - by) for moment in moments]
                shop.execute("UPDATE proposals SET created = ?, expires = ? WHERE token = ?", (*earlier, token))

    def forget_deeds(self) -> None:
        self.write("DELETE FROM proposals", "DELETE FROM audit")


class WishingAnswerer:
    """Proposes what a known sentence asks for; to everything else it says one thing."""

    def __init__(self, actions: ActionDesk, wishes: Mapping[str, Sequence[Action]], otherwise: str) -> None:
        self._actions, self._wishes, self._otherwise = actions, wishes, otherwise

    async def answer(self, turn: Turn) -> AsyncIterator[Part]:
        for line in turn.text.splitlines():
            if wanted := self._wishes.get(line):
                async for part in self._actions.propose(turn, wanted):
                    yield part
                return
        yield FinalText(self._otherwise)


@dataclass
class OpenedDesk:
    """A desk whose parts a test can reach."""

    database: Database
    store: ShopStore
    ground: Ground
    connection: Connection
    keys: Keys
    mailbox: Mailbox
    staff: StaffDesk
    manager: ConversationManager
    workers: list["asyncio.Task[None]"] = field(default_factory=list)
    started: int = 0
    untouched: Rows = field(default_factory=dict)

    def start_worker(self) -> None:
        self.started += 1
        queue = TurnQueue(self.connection, self.keys, f"worker-{self.started}")
        worker = Worker(queue, self.manager, self.keys, timing=Timing(burst=0))
        self.workers.append(asyncio.create_task(worker.run(alone=not self.workers)))

    async def stop_workers(self) -> None:
        for worker in self.workers:
            worker.cancel()
        await asyncio.gather(*self.workers, return_exceptions=True)
        self.workers.clear()

    async def session(self, conversation: str) -> Session:
        raw = await self.connection.commands.get(self.keys.session(conversation))
        return open_session(conversation, str(raw or ""))

    async def save(self, session: Session) -> None:
        await self.connection.commands.set(self.keys.session(session.conversation), saved(session))


AnswererOf = Callable[[Ground, ActionDesk], Answerer]


@asynccontextmanager
async def opened_desk(
    folder: Path, redis_url: str, files: ShopFiles, answerer_of: AnswererOf, passages: Sequence[Passage] = ()
) -> AsyncIterator[OpenedDesk]:
    """Over a shop in this folder; no worker runs yet."""
    path = folder / "shop.sqlite"
    await publish(folder / "knowledge", passages)
    prompts: Prompts = read_prompts(Settings(data_dir=folder))
    async with AsyncExitStack() as opened:
        connection = await opened.enter_async_context(connect(redis_url))
        await connection.commands.flushall()
        store = await opened.enter_async_context(open_store(f"sqlite+aiosqlite:///{path}"))
        await store.replace(files)
        keys, limits = Keys(1), Limits(connection.commands)
        listener = await opened.enter_async_context(Listener(connection).running())
        mailbox = Mailbox(connection, keys, listener)
        identity, profile = Identity(store, limits), files.profile
        intents = {
            language: Intents(prompts.table(language, "intents.toml")["wanted"]) for language in prompts.languages
        }
        ground = Ground(
            files.profile,
            store,
            identity,
            await open_index(folder / "knowledge"),
            Presenting(store, prompts, files.profile.currency),
            prompts,
            intents,
            codes=OneTimeCodes(connection, limits),
            link_codes=LinkCodes(connection, limits),
        )
        actions, links = ActionDesk(ground), LinkDesk(ground)
        manners, noting = Manners(ground, links), Noting(profile.order_number)
        room = WaitingRoom(ground, ExpectedWait(connection, keys, OpeningHours(profile.desk)))
        manager = ConversationManager(
            answerer_of(ground, actions),
            actions,
            links,
            WithStaff(Line(connection, keys), room, When.of(prompts, 0.0), manners.rating, prompts, noting),
            identity,
            LanguageDetector(prompts.languages),
            prompts,
            intents,
            noting,
            manners,
        )
        await store.database.add(desk_tables)
        news = DeskNews(connection, keys, listener)
        staff = StaffDesk(connection, keys, mailbox, news, Book(store.database))
        desk = OpenedDesk(Database(path), store, ground, connection, keys, mailbox, staff, manager)
        yield desk
        await desk.stop_workers()
