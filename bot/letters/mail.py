"""Sending mail: by the shop's SMTP server, or, in the demo shop, into a folder and onto the terminal."""

import asyncio
import logging
import smtplib
import ssl
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from ipaddress import ip_address
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec

SMTP_SECONDS = 20.0
FINISH_SECONDS = 10.0  # how long what is on its way may take when we are to stop
MOST_ON_THEIR_WAY = 100  # letters of one Postroom; a mail server that hangs would let them grow without end
PORTS = {"smtp": 587, "smtps": 465}

log = logging.getLogger(__name__)


class MailFailed(ConnectionError):
    """A mail could not be sent. The text names neither the address nor what stands in it."""


class Letter(msgspec.Struct, frozen=True):
    to: str
    subject: str
    text: str
    id: str = ""  # mail programs know the same letter again by it; "" = one that is sent once


class Mailer(Protocol):
    async def send(self, letter: Letter) -> None:
        """Raises MailFailed."""


class SmtpServer(msgspec.Struct, frozen=True):
    host: str
    port: int
    user: str = ""
    password: str = ""
    tls: str = "starttls"  # "starttls", "always" or "no"


def smtp_server(url: str) -> SmtpServer:
    """smtp://user:password@host:587 (STARTTLS), smtps://user:password@host (TLS from the first byte).

    Without encryption only to this machine itself, or where `?tls=no` asks for it. Raises ValueError.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        raise ValueError("is not an address such as smtp://user:password@mail.example.com:587") from None
    if parts.scheme not in PORTS or not parts.hostname or parts.path.strip("/") or parts.query not in ("", "tls=no"):
        raise ValueError("must look like smtp://user:password@mail.example.com:587 or smtps://...")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(user) != bool(password):
        raise ValueError("names a user without a password, or a password without a user")
    return SmtpServer(parts.hostname, port, user, password, _tls(parts))


def _tls(parts: SplitResult) -> str:
    if parts.scheme == "smtps":
        return "always"
    return "no" if parts.query == "tls=no" or _is_this_machine(parts.hostname or "") else "starttls"


class Smtp:
    """A Mailer over the shop's own server."""

    def __init__(self, server: SmtpServer, sender: str, tls: ssl.SSLContext | None = None) -> None:
        self._server, self._sender = server, sender
        self._tls = tls or ssl.create_default_context()

    async def send(self, letter: Letter) -> None:
        await self._talk(_message(letter, self._sender))

    async def check(self) -> None:
        """Connect and sign in, and send nothing. Raises MailFailed."""
        await self._talk(None)

    async def _talk(self, message: EmailMessage | None) -> None:
        try:
            await asyncio.to_thread(self._deliver, message)
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            raise MailFailed(_reason(error)) from None  # what the server says repeats the address

    def _deliver(self, message: EmailMessage | None) -> None:
        server = self._server
        if server.tls == "always":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=SMTP_SECONDS, context=self._tls
            )
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=SMTP_SECONDS)
        with connection:
            if server.tls == "starttls":
                connection.starttls(context=self._tls)
            if server.user:
                connection.login(server.user, server.password)
            if message:
                connection.send_message(message)


class Announced:
    """A Mailer for the demo shop, whose customers have no mailboxes: a file, and a line on the terminal."""

    def __init__(self, folder: Path, sender: str, announce: Callable[[str], None]) -> None:
        self._folder, self._sender, self._announce = folder, sender, announce

    async def send(self, letter: Letter) -> None:
        await asyncio.to_thread(self._write, _message(letter, self._sender))
        self._announce(f"Mail to {letter.to} ({self._folder}): {letter.subject}")

    def _write(self, message: EmailMessage) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}.eml"
        unfinished = path.with_suffix(".part")
        unfinished.touch(mode=0o600)
        unfinished.write_bytes(bytes(message))
        unfinished.rename(path)  # whoever watches the folder sees whole letters


class Postroom:
    """Sends in the background, so that nobody can tell from the time of an answer whether there was a mail to send."""

    def __init__(self, mailer: Mailer) -> None:
        self._mailer = mailer
        self._running: set[asyncio.Task[None]] = set()

    async def send(self, letter: Letter) -> None:
        """Raises MailFailed."""
        await self._mailer.send(letter)

    def soon(self, errand: Coroutine[None, None, None]) -> bool:
        """Run it after this; what goes wrong is logged. False, and nothing is run, where too many are on their way."""
        if len(self._running) >= MOST_ON_THEIR_WAY:
            errand.close()
            log.warning("a mail was not sent: %d are on their way already", MOST_ON_THEIR_WAY)
            return False
        task = asyncio.create_task(errand)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return True

    async def finish(self, within_seconds: float = FINISH_SECONDS) -> None:
        """Wait for what is on its way; what takes too long is given up."""
        if self._running:
            await asyncio.wait(self._running, timeout=within_seconds)
        for task in self._running:
            task.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if task.cancelled() or not (error := task.exception()):
            return
        if isinstance(error, MailFailed):
            log.warning("a mail could not be sent: %s", error)
        else:
            log.error("a mail could not be prepared", exc_info=error)


def _message(letter: Letter, sender: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, letter.to, letter.subject
    message["Date"] = format_datetime(datetime.now(UTC))
    domain = sender.rpartition("@")[2].strip("> ") or None
    message["Message-ID"] = f"<{letter.id}@{domain}>" if letter.id and domain else make_msgid(domain=domain)
    message["Auto-Submitted"] = "auto-generated"  # an absence note answers a person, not a program
    message.set_content(letter.text + "\n")
    return message


def _reason(error: Exception) -> str:
    kind = type(error).__name__
    match error:
        case smtplib.SMTPRecipientsRefused():
            return f"the server refuses the recipient ({kind})"
        case smtplib.SMTPResponseException(smtp_code=code):
            return f"the server answered {code} ({kind})"
        case smtplib.SMTPNotSupportedError():
            return "the server does not offer STARTTLS, or no way to sign in"
        case ssl.SSLCertVerificationError():
            return f"the server's certificate is not trusted: {error.verify_message}"
        case _:
            return f"the server cannot be reached or broke off ({kind})"


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
