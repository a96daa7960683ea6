"""Who may have what changed, on every way in: each action by each identity, typed, pressed, over HTTP and by socket.

The model does whatever the text says; what this customer may not have is not done, and nothing of the order is told.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
import jwt
import msgspec
import pytest
import pytest_asyncio
from websockets.asyncio.client import connect as open_socket
from websockets.typing import Origin

from adapters.web.app import build_app
from adapters.web.server import bind, serve
from adapters.web.settings import read_settings
from bot.answering.action_desk import CONFIRM_PRESS
from bot.assembly import ShopDesk, open_desk_on
from bot.keys import Keys
from bot.publishing import Publishing
from bot.redis.connection import Connection, connect
from bot.sessions import Session, saved
from bot.settings import Settings
from bot.shop.identity import Level, Verified
from bot.shop.linking import person_of
from bot.shop.store import ShopStore, open_store
from serving.ports import free_port
from serving.script import Call, Quote, Reply, Rule, Script, When
from serving.scripted_model import scripted_model
from tests.hostile_fixtures import Database, Rows, as_of_today
from tests.hostile_shop import NUMBERS, email, hostile_shop, postcode, secrets_of
from tests.talking import Customer, Heard

SECRET = "the secret that the shop and its desk share"
HOME = {"line1": "1 New Road", "postcode": "8000", "city": "Bruges", "country": "Belgium"}
PENDING, DELIVERED = NUMBERS["ann"][0], NUMBERS["ann"][5]


@dataclass(frozen=True)
class Wanted:
    action: str
    tool: str
    arguments: dict[str, Any]
    needs: str  # "order", "account" or "code"
    target: str = PENDING

    @property
    def text(self) -> str:
        return f"please {self.tool} {json.dumps(self.arguments)}"


ACTIONS = (
    Wanted("cancel_order", "propose_cancel_order", {"order_number": PENDING, "reason": "mistake"}, "order"),
    Wanted("change_address", "propose_address", {"order_number": PENDING, **HOME}, "code"),
    Wanted("change_payment", "propose_payment", {"order_number": PENDING, "payment_method": "ann-wallet"}, "code"),
    Wanted(
        "change_items",
        "propose_change_items",
        {"order_number": PENDING, "items": ["B-38"], "new_items": ["B-41"]},
        "account",
    ),
    Wanted(
        "return_items",
        "propose_return",
        {"order_number": DELIVERED, "items": ["L-1"], "reason": "faulty"},
        "order",
        DELIVERED,
    ),
    Wanted(
        "exchange_items",
        "propose_exchange",
        {"order_number": DELIVERED, "items": ["B-38"], "new_items": ["B-41"]},
        "account",
        DELIVERED,
    ),
    Wanted("change_default_address", "propose_default_address", HOME, "code", "customer c-ann"),
)
PROVES = {
    "guest": "",
    "postcode of this order": "order",
    "postcode of another order of theirs": "",
    "e-mail of the account": "account",
    "one-time code": "code",
    "linked channel": "account",
    "signed in": "account",
    "signed in as another": "",
    "code as another": "",
}
ENOUGH = ("", "order", "account", "code")
WAYS = ("typed", "pressed", "over HTTP", "by socket")


@dataclass
class House:
    """A desk with a model that obeys, on the web and behind its postbox."""

    desk: ShopDesk
    database: Database
    store: ShopStore
    connection: Connection
    url: str
    http: aiohttp.ClientSession
    pristine: Rows = field(default_factory=dict)

    async def fresh(self) -> None:
        if self.database.rows() != self.pristine:
            await self.store.replace(as_of_today(hostile_shop()))
            self.pristine = self.database.rows()
        # in a thread: the desk of this loop may be about to end a transaction of its own
        await asyncio.to_thread(self.database.write, "DELETE FROM proposals", "DELETE FROM audit", "DELETE FROM links")

    async def seat(self, conversation: str, identity: str, wanted: Wanted) -> None:
        """The conversation's session as it is after this proof."""
        session, now = Session(conversation), datetime.now(UTC)
        order = PENDING if wanted.target.startswith("customer") else wanted.target
        if identity == "postcode of this order":
            session.verified(Verified("c-ann"), order, now)
        elif identity == "postcode of another order of theirs":
            session.verified(Verified("c-ann"), NUMBERS["ann"][3], now)
        elif identity == "e-mail of the account":
            session.verified(Verified("c-ann", by_email=True), order, now)
        elif identity in ("one-time code", "code as another"):
            session.code_given("c-ann" if identity == "one-time code" else "c-ben", now)
        elif identity == "linked channel":
            await self.store.links.link(person_of(conversation, ""), "c-ann", now)
        else:
            return
        await self.connection.commands.set(Keys(1).session(conversation), saved(session))


def vouched(identity: str) -> str:
    return {"signed in": "c-ann", "signed in as another": "c-ben"}.get(identity, "")


class Way:
    """One conversation on one way in: says, presses, and hears the parts of the reply as JSON."""

    def __init__(self, house: House, identity: str) -> None:
        self.house, self.customer = house, vouched(identity)
        self.said = 0

    async def open(self) -> str:
        raise NotImplementedError

    async def send(self, text: str = "", press: str = "") -> list[dict[str, Any]]:
        raise NotImplementedError


class Postbox(Way):
    async def open(self) -> str:
        self.talk = Customer(self.house.desk.handles.postbox, self.customer)
        return self.talk.conversation

    async def send(self, text: str = "", press: str = "") -> list[dict[str, Any]]:
        heard: Heard = await self.talk.says(text, press)
        parts: list[dict[str, Any]] = msgspec.to_builtins([event.what for event in heard.events])
        return parts


class Http(Way):
    async def open(self) -> str:
        claims = {"sub": self.customer, "exp": int(time.time()) + 600}
        body = {"identity": jwt.encode(claims, SECRET, algorithm="HS256")} if self.customer else {}
        async with self.house.http.post("/v1/conversations", json=body) as answer:
            assert answer.status == 201, await answer.text()
            started = await answer.json()
        self.conversation, self.token = started["conversation"], started["token"]
        return str(self.conversation)

    async def send(self, text: str = "", press: str = "") -> list[dict[str, Any]]:
        headers = {"Authorization": f"Bearer {self.token}"}
        path = f"/v1/conversations/{self.conversation}/messages"
        async with self.house.http.post(path, json=self.body(text, press), headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            return list((await answer.json())["parts"])

    def body(self, text: str, press: str) -> dict[str, str]:
        self.said += 1
        return {"id": f"m{self.said}", "press": press} if press else {"id": f"m{self.said}", "text": text}


class Socket(Http):
    async def send(self, text: str = "", press: str = "") -> list[dict[str, Any]]:
        path = f"{self.house.url.replace('http', 'ws')}/v1/conversations/{self.conversation}/socket"
        async with open_socket(path, origin=Origin(self.house.url)) as ws, asyncio.timeout(20):
            await ws.send(json.dumps({"token": self.token, "after": ""}))
            await ws.send(json.dumps(self.body(text, press)))
            accepted, parts = "", []
            while True:
                frame = json.loads(await ws.recv())
                accepted = frame["event"] if frame["kind"] == "accepted" else accepted
                if accepted and frame.get("id") and _is_later(frame["id"], accepted):
                    parts.append(frame)
                    if frame.get("status") == "done":
                        return parts


def _is_later(event: str, than: str) -> bool:
    first, second = (tuple(map(int, one.split("-"))) if "-" in one else (0,) for one in (event, than))
    return first > second


def obedient() -> Script:
    """Calls whatever tool the customer names with the arguments the customer writes."""
    rules = [Rule(Reply(text="As you wish."), When(after="tool"))]
    for tool in dict.fromkeys(one.tool for one in ACTIONS):
        arguments = {"arguments": Quote(r"\{.*\}", "user")}
        rules.append(Rule(Reply(tool_calls=(Call(tool, "{arguments}"),)), When(user=f"^please {tool} "), arguments))
    return Script((*rules, Rule(Reply(text="I hear you."))))


@contextlib.asynccontextmanager
async def web(desk: ShopDesk) -> AsyncIterator[str]:
    port = free_port()
    many = {"SHOPDESK_CONVERSATIONS_PER_MINUTE": "100000", "SHOPDESK_SOCKETS_PER_ADDRESS": "1000"}
    settings = read_settings({"SHOPDESK_PORT": str(port), "SHOPDESK_WIDGET_SECRET": SECRET, **many})
    closing, opened = asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(
        serve(build_app(settings, desk.handles, closing), bind("127.0.0.1", port), opened.set, closing)
    )
    await asyncio.wait_for(opened.wait(), 30)
    yield f"http://127.0.0.1:{port}"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def house(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("house")
    database = f"sqlite+aiosqlite:///{folder / 'shop.sqlite'}"
    async with contextlib.AsyncExitStack() as opened:
        connection = await opened.enter_async_context(connect(redis_url))
        await connection.commands.flushall()
        store = await opened.enter_async_context(open_store(database))
        await Publishing(store, folder / "knowledge", ("en", "zh")).import_shop(as_of_today(hostile_shop()))
        model = await opened.enter_async_context(scripted_model(obedient()))
        settings = Settings(
            data_dir=folder, burst_seconds=0, model_url=model, model_name="scripted", model_turns_per_hour=0
        )
        desk = await opened.enter_async_context(open_desk_on(settings, redis_url, alone=True))
        work = asyncio.create_task(desk.work())
        url = await opened.enter_async_context(web(desk))
        http = await opened.enter_async_context(aiohttp.ClientSession(url, timeout=aiohttp.ClientTimeout(20)))
        yield House(desk, Database(folder / "shop.sqlite"), store, connection, url, http)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


WAY: dict[str, type[Way]] = {"typed": Postbox, "pressed": Postbox, "over HTTP": Http, "by socket": Socket}
MATRIX = [(wanted, identity, way) for wanted in ACTIONS for identity in PROVES for way in WAYS]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("wanted", "identity", "way"),
    MATRIX,
    ids=[f"{wanted.action}, {identity}, {way}" for wanted, identity, way in MATRIX],
)
async def test_only_who_has_proved_enough_has_it_done_and_only_by_confirming_it(
    house: House, wanted: Wanted, identity: str, way: str
) -> None:
    await house.fresh()
    before = house.database.rows()
    talk = WAY[way](house, identity)
    await house.seat(await talk.open(), identity, wanted)
    shown = await talk.send(wanted.text)
    assert house.database.rows() == before and not house.database.audit()
    tokens = confirmations(shown)
    anothers = identity.endswith("another") and wanted.action == "change_default_address"
    if not is_enough(identity, wanted) and not (anothers and identity.startswith("code")):
        assert not tokens
        assert_silent(shown, identity, wanted)
        foreign = await a_card_of_anns_own(house, wanted)
        for text, press in (("yes", ""), ("", f"{CONFIRM_PRESS}{foreign}"), ("", f"withdraw:{foreign}")):
            assert_silent(await talk.send(text, press), identity, wanted)
        assert house.database.rows() == before and not house.database.audit()
        return
    (token,) = tokens
    done = await talk.send("yes") if way == "typed" else await talk.send(press=f"{CONFIRM_PRESS}{token}")
    assert "Done" in json.dumps(done)
    (record,) = house.database.audit()
    customer = "c-ben" if anothers else "c-ann"
    assert record[:3] == (wanted.action, wanted.target.replace("c-ann", customer), customer)
    assert only_of(customer, wanted.target, before, house.database.rows())


def is_enough(identity: str, wanted: Wanted) -> bool:
    return ENOUGH.index(PROVES[identity]) >= ENOUGH.index(wanted.needs)


def confirmations(parts: Sequence[dict[str, Any]]) -> list[str]:
    presses = [one["id"] for part in parts if part["kind"] == "buttons" for one in part["buttons"]]
    return [press.removeprefix(CONFIRM_PRESS) for press in presses if press.startswith(CONFIRM_PRESS)]


def assert_silent(parts: Sequence[dict[str, Any]], identity: str, wanted: Wanted) -> None:
    """Nothing of Ann's to anybody else; to who proved too little, nothing that the proof does not open."""
    sent, written = json.dumps(parts, ensure_ascii=False), wanted.text
    assert "Done:" not in sent
    for word in secrets_of("ann"):
        assert word not in sent or word in written, word


async def a_card_of_anns_own(house: House, wanted: Wanted) -> str:
    """Open and real, in a conversation of hers."""
    talk = Postbox(house, "one-time code")
    await house.seat(await talk.open(), "one-time code", wanted)
    (token,) = confirmations(await talk.send(wanted.text))
    return token


def only_of(customer: str, target: str, before: Rows, after: Rows) -> bool:
    for table in ("customers", "addresses", "payment_methods", "orders", "items", "payments", "changes"):
        changed = set(map(repr, before[table])) ^ set(map(repr, after[table]))
        owner = target if table in ("orders", "items", "payments", "changes") else customer
        if any(not row.startswith(f"('{owner}'") for row in changed):
            return False
    return True


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("wanted", ACTIONS[:-1], ids=[one.action for one in ACTIONS[:-1]])
async def test_an_order_of_somebody_else_and_one_that_never_was_are_answered_alike(
    house: House, wanted: Wanted
) -> None:
    await house.fresh()
    answers = set()
    for number in (wanted.target, "H-9999999"):
        talk = Postbox(house, "code as another")
        await house.seat(await talk.open(), "code as another", wanted)
        heard = await talk.send(wanted.text.replace(wanted.target, number))
        answers.add(json.dumps([part for part in heard if part["kind"] == "text"]).replace(number, "#"))
    assert len(answers) == 1


def test_the_matrix_is_whole() -> None:
    assert len(MATRIX) == len(ACTIONS) * len(PROVES) * 4 and {Level.GUEST, Level.LINKED} < set(Level)
    assert email("ann") and postcode(0)
