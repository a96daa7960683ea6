"""The desk's ground over the demo shop, with a mailbox that a test can open."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from bot.answering.ground import Ground
from bot.answering.intents import Intents
from bot.answering.presenting import Presenting
from bot.answering.prompting import Prompts
from bot.answering.turn import Turn
from bot.connection import Connection
from bot.knowledge.index import open_index
from bot.limits import Limits
from bot.link_codes import LinkCodes
from bot.mail import Postroom, Smtp, smtp_server
from bot.messages import Buttons, FinalText, Part
from bot.one_time_codes import OneTimeCodes
from bot.sessions import Line, Session
from bot.shop.identity import Identity
from bot.shop.store import open_store
from tests.running import free_port

PROMPTS = Path(__file__).parent.parent / "prompts"
SECONDS = 10.0


@dataclass
class Mailbox:
    """A real mail server on this machine that keeps what it is sent; it can be out of order."""

    letters: list[EmailMessage] = field(default_factory=list)
    broken: bool = False
    mailer: Smtp | None = None

    async def handle_DATA(self, server: object, session: object, envelope: Envelope) -> str:
        if self.broken:
            return f"451 cannot keep mail for {envelope.rcpt_tos}"
        content = envelope.original_content or b""
        self.letters.append(message_from_bytes(content, policy=policy.default))
        return "250 kept"

    async def code(self, letters: int = 1) -> str:
        """The code in the newest of so many letters."""
        await self.has(letters)
        found = re.search(r"\b\d{6}\b", str(self.letters[-1].get_content()))
        assert found
        return found.group()

    async def has(self, letters: int) -> None:
        deadline = time.monotonic() + SECONDS
        while len(self.letters) < letters:
            assert time.monotonic() < deadline, "no letter came"
            await asyncio.sleep(0.01)


@contextmanager
def open_mailbox() -> Iterator[Mailbox]:
    mailbox, port = Mailbox(), free_port()
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        mailbox.mailer = Smtp(smtp_server(f"smtp://127.0.0.1:{port}"), "desk@shop.example")
        yield mailbox
    finally:
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
            retriever=open_index(data / "knowledge"),
            presenting=Presenting(store, prompts, profile.currency),
            prompts=prompts,
            intents={
                language: Intents(prompts.table(language, "intents.toml")["wanted"]) for language in prompts.languages
            },
            codes=OneTimeCodes(connection, limits),
            postroom=postroom,
            link_codes=LinkCodes(connection, limits),
        )
        if postroom:
            await postroom.finish()


def turn_of(session: Session, text: str = "", press: str = "") -> Turn:
    """The customer says something in this session, and it is remembered as it is in a real turn."""
    session.language = session.language or "en"
    session.remember(Line("customer", text or f"[{press}]"))
    return Turn(session=session, text=text, press=press, language=session.language)


def text_of(parts: list[Part] | tuple[Part, ...]) -> str:
    return "\n\n".join(part.text for part in parts if isinstance(part, FinalText))


def presses_of(parts: list[Part] | tuple[Part, ...]) -> list[str]:
    return [button.id for part in parts if isinstance(part, Buttons) for button in part.buttons]
