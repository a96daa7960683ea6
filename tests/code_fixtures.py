"""The desk's ground over the demo shop, with a mailbox that a test can open."""

import asyncio
import re
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from bot.answering.deed_mail import DeedMail
from bot.answering.ground import Ground
from bot.answering.intents import Intents
from bot.answering.presenting import Presenting
from bot.answering.prompting import Prompts
from bot.answering.turn import Turn
from bot.knowledge.index import open_index
from bot.letters.courier import PAUSES, Courier
from bot.letters.errands import ErrandBook
from bot.letters.mail import Mailer, Postroom, Smtp, smtp_server
from bot.limits import Limits
from bot.link_codes import LinkCodes
from bot.messages import Buttons, FinalText, Part
from bot.one_time_codes import OneTimeCodes
from bot.redis.connection import Connection
from bot.sessions import Line, Session
from bot.shop.identity import Identity
from bot.shop.store import open_store
from serving.ports import free_port

PROMPTS = Path(__file__).parent.parent / "prompts"
SECONDS = 30.0


@dataclass
class Mailbox:
    """A real mail server on this machine that keeps what it is sent; it can be out of order."""

    letters: list[EmailMessage] = field(default_factory=list)
    broken: bool = False
    begun: int = 0
    goes_on: threading.Event = field(default_factory=threading.Event)  # before, it says neither yes nor no
    mailer: Smtp | None = None

    async def handle_DATA(self, server: object, session: object, envelope: Envelope) -> str:
        self.begun += 1
        await asyncio.to_thread(self.goes_on.wait)
        if self.broken:
            return f"451 cannot keep mail for {envelope.rcpt_tos}"
        content = envelope.original_content or b""
        self.letters.append(message_from_bytes(content, policy=policy.default))
        return "250 kept"

    def __post_init__(self) -> None:
        self.goes_on.set()

    async def code(self, letters: int = 1) -> str:
        """The code in the newest of so many letters."""
        await self.has(letters)
        found = re.search(r"\b\d{6}\b", str(self.letters[-1].get_content()))
        assert found
        return found.group()

    async def has(self, letters: int, within: float = SECONDS) -> None:
        deadline = time.monotonic() + within
        while len(self.letters) < letters:
            assert time.monotonic() < deadline, "no letter came"
            await asyncio.sleep(0.01)

    async def is_busy(self) -> None:
        """Somebody is handing over a letter."""
        deadline = time.monotonic() + SECONDS
        while not self.begun:
            assert time.monotonic() < deadline, "no letter was handed over"
            await asyncio.sleep(0.01)


@contextmanager
def open_mailbox(port: int = 0) -> Iterator[Mailbox]:
    """0: at any free port."""
    mailbox, port = Mailbox(), port or free_port()
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        mailbox.mailer = Smtp(smtp_server(f"smtp://127.0.0.1:{port}"), "desk@shop.example")
        yield mailbox
    finally:
        mailbox.goes_on.set()
        controller.stop()


@asynccontextmanager
async def ground_over(data: Path, connection: Connection, mailbox: Mailbox | None) -> AsyncIterator[Ground]:
    """None: a shop that can send no mail."""
    prompts, limits = Prompts(PROMPTS), Limits(connection.commands)
    async with open_store(f"sqlite+aiosqlite:///{data / 'shop.sqlite'}") as store:
        profile = await store.profile()
        assert profile
        postroom = Postroom(mailbox.mailer) if mailbox and mailbox.mailer else None
        yield Ground(
            profile=profile,
            store=store,
            identity=Identity(store, limits),
            retriever=await open_index(data / "knowledge"),
            presenting=Presenting(store, prompts, profile.currency),
            prompts=prompts,
            intents={
                language: Intents(prompts.table(language, "intents.toml")["wanted"]) for language in prompts.languages
            },
            codes=OneTimeCodes(connection, limits),
            postroom=postroom,
            link_codes=LinkCodes(connection, limits),
            errands=ErrandBook(connection) if postroom else None,
        )
        if postroom:
            await postroom.finish()


def courier_of(
    ground: Ground, mailer: Mailer | None = None, pauses: Sequence[float] = PAUSES, book: ErrandBook | None = None
) -> Courier:
    """Of a worker on this ground; with a book of its own, of another process."""
    assert ground.errands and ground.postroom
    return Courier(book or ground.errands, DeedMail(ground), mailer or ground.postroom, pauses)


async def all_due_is_sent(ground: Ground) -> None:
    """The letters that are due now; a worker that is stopped sends them too."""
    courier = courier_of(ground)
    courier.start()
    await courier.finish(SECONDS)


def turn_of(session: Session, text: str = "", press: str = "") -> Turn:
    """The customer says something in this session, and it is remembered as it is in a real turn."""
    session.language = session.language or "en"
    session.remember(Line("customer", text or f"[{press}]"))
    return Turn(session=session, text=text, press=press, language=session.language)


def text_of(parts: list[Part] | tuple[Part, ...]) -> str:
    return "\n\n".join(part.text for part in parts if isinstance(part, FinalText))


def presses_of(parts: list[Part] | tuple[Part, ...]) -> list[str]:
    return [button.id for part in parts if isinstance(part, Buttons) for button in part.buttons]
