"""The steps of a confirmation case, and the play that carries them out over a real Redis, database and worker.

After each reply of the desk the play looks whether rows changed without a record in the audit.
"""

import asyncio
import re
import secrets
import sqlite3
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import msgspec

from bot.answering.action_desk import CONFIRM_PRESS
from bot.keys import Keys
from bot.messages import Event, Incoming
from bot.shop.actions import Action, CancelOrder, ChangeAddress, ChangeItems, ChangePayment, ReturnItems
from bot.shop.files import ShopFiles
from bot.shop.identity import Level
from tests.action_shop import ANN, NEW_HOME, RULES, action_shop
from tests.hostile_fixtures import OpenedDesk, Rows, WishingAnswerer, as_of_today, opened_desk
from tests.members import member
from tests.talking import Heard

PROMPTS = Path(__file__).parent.parent / "prompts"
OTHERWISE = "I hear you."
SECONDS = 20.0

CANCEL, MIXED = CancelOrder("A-PENDING", "mistake"), CancelOrder("A-MIXED", "mistake")
SHIPPED, MOVE = CancelOrder("A-SHIPPED", "mistake"), ChangeAddress("A-PENDING", NEW_HOME)
SWAP, PAY = ChangeItems("A-PENDING", ("B-38",), ("B-39",)), ChangePayment("A-PENDING", "wallet")
RETURN = ReturnItems("A-DELIVERED", ("B-38",), "", "faulty")
WISHES: dict[str, tuple[str, str, tuple[Action, ...]]] = {
    "cancel": ("Please cancel order A-PENDING", "请帮我取消订单 A-PENDING", (CANCEL,)),
    "cancel the mixed one": (
        "Please cancel order A-MIXED",
        "请帮我取消订单 A-MIXED",
        (CancelOrder("A-MIXED", "mistake"),),
    ),
    "cancel what is shipped": (
        "Please cancel A-SHIPPED",
        "请取消订单 A-SHIPPED",
        (CancelOrder("A-SHIPPED", "mistake"),),
    ),
    "move": (
        "Please send A-PENDING to Bruges",
        "请把订单 A-PENDING 寄到布鲁日",
        (ChangeAddress("A-PENDING", NEW_HOME),),
    ),
    "swap": (
        "I want size 39 in A-PENDING",
        "订单 A-PENDING 我想换成三十九码",
        (ChangeItems("A-PENDING", ("B-38",), ("B-39",)),),
    ),
    "return": (
        "The boots of A-DELIVERED go back",
        "订单 A-DELIVERED 的靴子我要退",
        (ReturnItems("A-DELIVERED", ("B-38",), "", "faulty"),),
    ),
    "pay": (
        "Please charge A-PENDING to PayPigeon",
        "订单 A-PENDING 请改用飞鸽支付",
        (ChangePayment("A-PENDING", "wallet"),),
    ),
    "cancel and return": (
        "Please cancel A-PENDING and take the boots of A-DELIVERED back",
        "请取消订单 A-PENDING，另外退掉 A-DELIVERED 的靴子",
        (CANCEL, RETURN),
    ),
    "swap and cancel": (
        "Size 39 in A-PENDING, and cancel it as well",
        "订单 A-PENDING 换成三十九码，然后再取消",
        (SWAP, CANCEL),
    ),
    "two that cannot and one that can": (
        "Cancel A-SHIPPED, cancel B-PENDING, cancel A-PENDING",
        "请取消 A-SHIPPED、B-PENDING 和 A-PENDING 这些订单",
        (SHIPPED, CancelOrder("B-PENDING", "mistake"), CANCEL),
    ),
    "three": (
        "Cancel A-PENDING and A-MIXED, and take the boots of A-DELIVERED back",
        "请取消 A-PENDING 和 A-MIXED，再退掉 A-DELIVERED 的靴子",
        (CANCEL, MIXED, RETURN),
    ),
}
YES, NO, ELSE = (
    {"en": "yes", "zh": "是的"},
    {"en": "no", "zh": "不用了"},
    {"en": "What a nice day", "zh": "今天天气真好啊"},
)
SPOKEN = {wish: actions for en, zh, actions in WISHES.values() for wish in (en, zh)}


@dataclass
class Play:
    """One case on the stage. `cards` are the presses of every card that was shown, in order."""

    desk: OpenedDesk
    language: str = "en"
    customers: dict[str, str] = field(default_factory=lambda: {"main": ANN})  # by talk; "" = a guest
    cards: list[str] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    said: int = 0
    shop_rows: Rows = field(default_factory=dict)
    audited: int = 0
    name: str = field(default_factory=lambda: secrets.token_hex(6))

    def place(self, talk: str) -> str:
        return f"test:{self.name}:{talk}"

    def words(self, text: str) -> str:
        """A text of the tables in the play's language."""
        at = 0 if self.language == "en" else 1
        for known, names in (("YES", YES), ("NO", NO), ("ELSE", ELSE)):
            text = text.replace(f"{{{known}}}", names[self.language])
        return re.sub(r"\{(.+?)\}", lambda match: str(WISHES[match[1]][at]), text)

    def incoming(self, text: str = "", press: str = "", talk: str = "main", author: str = "") -> Incoming:
        self.said += 1
        return Incoming(
            channel="test",
            conversation=self.place(talk),
            message=str(self.said),
            text=self.words(text),
            press=press,
            customer=self.customers.get(talk, ""),
            author=author,
            locale=self.language,
        )

    async def hears(self, incoming: Incoming) -> Heard:
        event_id = await self.desk.mailbox.accept(incoming)
        async with asyncio.timeout(SECONDS):
            return self.note(Heard([one async for one in self.desk.mailbox.reply(incoming.conversation, event_id)]))

    def note(self, heard: Heard) -> Heard:
        self.heard.append(heard)
        self.cards += [one.id.partition(":")[2] for one in heard.buttons if one.id.startswith(CONFIRM_PRESS)]
        return heard

    def look(self) -> None:
        """What is changed is in the audit, one record for each change."""
        rows, audited = self.desk.database.rows(), len(self.desk.database.audit())
        assert (rows == self.shop_rows) == (audited == self.audited), "rows changed and no record tells of it"
        self.shop_rows, self.audited = rows, audited


Step = Callable[[Play], Awaitable[None]]


def says(*texts: str, talk: str = "main", author: str = "") -> Step:
    """One message after the other, each heard out. {YES}, {NO}, {ELSE} and {a wish} are said in the case's language."""

    async def step(play: Play) -> None:
        for text in texts:
            await play.hears(play.incoming(text, talk=talk, author=author))
            play.look()

    return step


def presses(button: str = "confirm", card: int = -1, talk: str = "main", author: str = "", token: str = "{}") -> Step:
    """`token` is what is made of the card's own."""

    async def step(play: Play) -> None:
        made = token.format(play.cards[card], cut=play.cards[card][:-1], upper=play.cards[card].swapcase())
        await play.hears(play.incoming(press=f"{button}:{made}", talk=talk, author=author))
        play.look()

    return step


def at_once(*what: str) -> Step:
    """Several messages before the desk looks at the first; "confirm" and "withdraw" press the last card."""

    async def step(play: Play) -> None:
        await play.desk.stop_workers()
        events = []
        for one in what:
            press = f"{one}:{play.cards[-1]}" if one in ("confirm", "withdraw") else ""
            incoming = play.incoming("" if press else one, press)
            events.append(await play.desk.mailbox.accept(incoming))
        play.desk.start_worker()
        async with asyncio.timeout(SECONDS):
            play.note(Heard([one async for one in play.desk.mailbox.reply(play.place("main"), events[-1])]))
        play.look()

    return step


def waits(minutes: float) -> Step:
    async def step(play: Play) -> None:
        await asyncio.to_thread(play.desk.database.grow_older, timedelta(minutes=minutes))

    return step


def shop(sql: str) -> Step:
    """The shop changes something meanwhile."""

    async def step(play: Play) -> None:
        await asyncio.to_thread(play.desk.database.write, sql)
        play.shop_rows = play.desk.database.rows()

    return step


def is_now(customer: str, talk: str = "main") -> Step:
    """Whom the channel vouches for from now on; "" = nobody."""

    async def step(play: Play) -> None:
        play.customers[talk] = customer

    return step


def proved(by: str, minutes_ago: float, **fields: object) -> Step:
    """The session is one of Ann's that proved so much so long ago, on a channel that vouches for nobody."""

    async def step(play: Play) -> None:
        play.customers["main"] = ""
        session = await play.desk.session(play.place("main"))
        moment = datetime.now(UTC) - timedelta(minutes=minutes_ago)
        session.customer, session.level, session.proved = ANN, Level.VERIFIED, moment
        session.by_email, session.by_code = by != "postcode", moment if by == "code" else None
        session.proven_orders = ("apending",)
        await play.desk.save(session)

    return step


def staff(verb: str, text: str = "") -> Step:
    async def step(play: Play) -> None:
        where, handoff = play.place("main"), play.desk.staff
        if verb == "take":
            await handoff.take(member(), where)
        elif verb == "leave":
            await handoff.give_back(member(), where)
        else:
            await handoff.say(member(), where, text, secrets.token_hex(4))
        await _answered(play, where)
        play.look()

    return step


async def _answered(play: Play, where: str) -> None:
    """Until the desk has taken note of what staff did: else it is told together with what comes next."""
    for _ in range(int(SECONDS * 100)):
        if not await play.desk.connection.commands.exists(Keys(1).mailbox(where)):
            return
        await asyncio.sleep(0.01)
    raise TimeoutError("the desk did not look at what staff did")


async def restarts(play: Play) -> None:
    await play.desk.stop_workers()
    play.desk.start_worker()


async def second_worker(play: Play) -> None:
    play.desk.start_worker()


def dies_after_the_deed(text: str = "", button: str = "") -> Step:
    """The worker is killed when the database has it and Redis has not; the next begins the same turn anew."""

    async def step(play: Play) -> None:
        desk, press = play.desk, f"{button}:{play.cards[-1]}" if button else ""
        await desk.stop_workers()
        incoming = play.incoming(text, press)
        event = await desk.mailbox.accept(incoming)
        session = await desk.session(incoming.conversation)
        message = msgspec.structs.replace(incoming, accepted=event)
        _ = [part async for part in desk.manager.turn(session, [message], "")]
        play.look()
        assert play.audited == 1
        desk.start_worker()
        async with asyncio.timeout(SECONDS):
            play.note(Heard([one async for one in desk.mailbox.reply(incoming.conversation, event)]))
        play.look()

    return step


def served_twice(text: str = "", button: str = "") -> Step:
    """Two workers that both believe the conversation is theirs make the same turn at the same time."""

    async def step(play: Play) -> None:
        incoming = play.incoming(text, f"{button}:{play.cards[-1]}" if button else "")

        async def one() -> Heard:
            session = await play.desk.session(incoming.conversation)
            return Heard([Event("", part) async for part in play.desk.manager.turn(session, [incoming], "")])

        first, second = await asyncio.gather(one(), one())
        play.look()
        assert play.note(first).text == play.note(second).text

    return step


def sends_again(text: str = "", button: str = "") -> Step:
    """The same message, with its same id, three times over."""

    async def step(play: Play) -> None:
        incoming = play.incoming(text, f"{button}:{play.cards[-1]}" if button else "")
        for _ in range(3):
            await play.hears(incoming)
            play.look()

    return step


def with_database_locked(step_then: Step) -> Step:
    async def step(play: Play) -> None:
        path = play.desk.database.path
        with closing(sqlite3.connect(path, timeout=20, isolation_level=None, check_same_thread=False)) as other:
            await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
            await step_then(play)
            other.execute("ROLLBACK")

    return step


BREAKS = "CREATE TRIGGER breaks BEFORE {} BEGIN SELECT RAISE(ABORT, 'the disk is gone'); END"


def with_database_breaking_at(what: str, step_then: Step) -> Step:
    """In the middle of the transaction, when it comes to this table."""

    async def step(play: Play) -> None:
        await asyncio.to_thread(play.desk.database.write, BREAKS.format(what))
        await step_then(play)
        await asyncio.to_thread(play.desk.database.write, "DROP TRIGGER breaks")

    return step


@cache
def sentence(name: str, language: str) -> str:
    """The longest piece of a fixed sentence that stands in it whatever is filled in; another text as it is."""
    known = tomllib.loads((PROMPTS / language / "sentences.toml").read_text(encoding="utf-8"))
    return max(re.split(r"\{[{%].*?[%}]\}", known[name]), key=len).strip() if name in known else name


@asynccontextmanager
async def stage(folder: Path, redis_url: str) -> AsyncIterator[OpenedDesk]:
    """Signed in counts as much as a code here, so that one customer may ask for everything."""
    async with opened_desk(
        folder,
        redis_url,
        confirming_shop(),
        lambda ground, actions: WishingAnswerer(actions, SPOKEN, OTHERWISE),
    ) as desk:
        yield desk


def confirming_shop() -> ShopFiles:
    return as_of_today(action_shop(msgspec.structs.replace(RULES, code_when_signed_in=False)))


async def plays(desk: OpenedDesk, language: str, steps: Sequence[Step]) -> Play:
    """From a fresh shop on."""
    if len(desk.workers) != 1:
        await desk.stop_workers()
        desk.start_worker()
    if not desk.untouched or desk.database.rows() != desk.untouched:
        await desk.store.replace(confirming_shop())
        desk.untouched = desk.database.rows()
    desk.database.forget_deeds()
    play = Play(desk, language)
    play.shop_rows = desk.database.rows()
    for step in steps:
        await step(play)
    return play
