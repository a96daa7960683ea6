"""Mail: over a real SMTP server on this machine, with STARTTLS and signed in; or into a folder, in the demo shop."""

import asyncio
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from pathlib import Path

import msgspec
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from bot.letters.mail import Announced, Letter, MailFailed, Postroom, Smtp, SmtpServer, smtp_server
from bot.opening.back_office import mailer_of
from bot.settings import SettingsError, read_settings
from bot.shop.files import ShopFiles
from serving.ports import free_port
from tests.code_fixtures import Mailbox, open_mailbox

LETTER = Letter("ada@example.com", "123456 是您的验证码", "您好！\n123456")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("certificate")
    files = folder / "certificate.pem", folder / "key.pem"
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    new = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *name]
    subprocess.run([*new, "-out", files[0], "-keyout", files[1]], check=True, capture_output=True)
    return files


@contextmanager
def encrypted_mailbox(certificate: tuple[Path, Path]) -> Iterator[tuple[Mailbox, int]]:
    """A server that wants STARTTLS and a password."""

    def knows(_server: object, _session: object, _envelope: object, _mechanism: str, given: object) -> AuthResult:
        right = LoginPassword(b"desk", b"p@ss:word")
        return AuthResult(success=given == right, handled=False)

    mailbox, port = Mailbox(), free_port()
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(*certificate)
    controller = Controller(
        mailbox,
        hostname="127.0.0.1",
        port=port,
        tls_context=tls,
        require_starttls=True,
        auth_required=True,
        authenticator=knows,
    )
    controller.start()
    try:
        yield mailbox, port
    finally:
        controller.stop()


def trusting(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate[0]))


async def test_a_letter_arrives_as_it_was_written() -> None:
    with open_mailbox() as mailbox:
        assert mailbox.mailer
        await mailbox.mailer.send(LETTER)
    (letter,) = mailbox.letters
    assert (letter["From"], letter["To"]) == ("desk@shop.example", "ada@example.com")
    assert letter["Subject"] == LETTER.subject
    assert str(letter.get_content()).splitlines() == LETTER.text.splitlines()
    assert letter["Message-ID"].endswith("@shop.example>") and letter["Date"]
    assert letter["Auto-Submitted"] == "auto-generated"


async def test_a_letter_goes_encrypted_and_signed_in(certificate: tuple[Path, Path]) -> None:
    with encrypted_mailbox(certificate) as (mailbox, port):
        server = SmtpServer("localhost", port, "desk", "p@ss:word", tls="starttls")
        smtp = Smtp(server, "desk@shop.example", trusting(certificate))
        await smtp.check()
        await smtp.send(LETTER)
    assert [letter["To"] for letter in mailbox.letters] == ["ada@example.com"]


async def test_a_server_that_cannot_prove_its_name_gets_neither_password_nor_letter(
    certificate: tuple[Path, Path],
) -> None:
    with encrypted_mailbox(certificate) as (mailbox, port):
        server = SmtpServer("localhost", port, "desk", "p@ss:word", tls="starttls")
        with pytest.raises(MailFailed, match="certificate is not trusted"):
            await Smtp(server, "desk@shop.example").send(LETTER)
    assert mailbox.letters == []


async def test_a_server_without_encryption_gets_no_letter_where_encryption_is_asked_for() -> None:
    with open_mailbox() as mailbox:
        assert mailbox.mailer
        port = mailbox.mailer._server.port
        server = SmtpServer("localhost", port, tls="starttls")
        with pytest.raises(MailFailed, match="does not offer STARTTLS"):
            await Smtp(server, "desk@shop.example").send(LETTER)
    assert mailbox.letters == []


async def test_a_wrong_password_is_told_without_it(certificate: tuple[Path, Path]) -> None:
    with encrypted_mailbox(certificate) as (_, port):
        server = SmtpServer("localhost", port, "desk", "wrong-one", tls="starttls")
        with pytest.raises(MailFailed, match="535") as failed:
            await Smtp(server, "desk@shop.example", trusting(certificate)).check()
    assert "wrong-one" not in str(failed.value)


async def test_why_a_letter_was_not_taken_is_said_without_naming_anybody() -> None:
    with open_mailbox() as mailbox:
        mailbox.broken = True
        assert mailbox.mailer
        with pytest.raises(MailFailed, match="451") as failed:
            await mailbox.mailer.send(LETTER)
    assert "ada" not in str(failed.value) and failed.value.__cause__ is None
    gone = Smtp(smtp_server(f"smtp://127.0.0.1:{free_port()}"), "desk@shop.example")
    with pytest.raises(MailFailed, match="cannot be reached"):
        await gone.send(LETTER)


@pytest.mark.parametrize("address", ["ada@example.com\r\nBcc: all@example.com", "ada@example.com\nSubject: x"])
async def test_an_address_cannot_write_headers(address: str) -> None:
    with open_mailbox() as mailbox:
        assert mailbox.mailer
        with pytest.raises((MailFailed, ValueError)):
            await mailbox.mailer.send(Letter(address, "Hello", "Hello"))
    assert mailbox.letters == []


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://desk:p%40ss@mail.example.com", SmtpServer("mail.example.com", 587, "desk", "p@ss")),
        ("smtp://mail.example.com:25", SmtpServer("mail.example.com", 25)),
        ("smtps://u:p@mail.example.com", SmtpServer("mail.example.com", 465, "u", "p", "always")),
        ("smtp://127.0.0.1:1025", SmtpServer("127.0.0.1", 1025, tls="no")),
        ("smtp://localhost:1025/", SmtpServer("localhost", 1025, tls="no")),
        ("smtp://mail:1025?tls=no", SmtpServer("mail", 1025, tls="no")),
    ],
)
def test_the_address_of_a_mail_server_is_read(url: str, server: SmtpServer) -> None:
    assert smtp_server(url) == server


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.com",
        "http://mail.example.com",
        "smtp://",
        "smtp://user:secret@",
        "smtp://mail:notaport",
        "smtp://mail:99999",
        "smtp://user@mail.example.com",
        "smtp://mail.example.com/path",
        "smtp://mail.example.com?tls=maybe",
        "smtp://[::1",
    ],
)
def test_a_wrong_address_is_one_sentence_that_names_the_setting_and_no_password(url: str) -> None:
    with pytest.raises(SettingsError, match=r"^SHOPDESK_SMTP_URL: [^\n]+\.$") as refused:
        read_settings({"SHOPDESK_SMTP_URL": url})
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("sender", ["desk", "desk@", "a b@c d", "x@example.com\nBcc: y@example.com"])
def test_a_wrong_sender_names_the_setting(sender: str) -> None:
    with pytest.raises(SettingsError, match=r"^SHOPDESK_MAIL_FROM: "):
        read_settings({"SHOPDESK_MAIL_FROM": sender})


def test_a_password_is_not_shown_with_the_settings() -> None:
    settings = read_settings({"SHOPDESK_SMTP_URL": "smtp://desk:hush-hush@mail.example.com"})
    assert "hush-hush" not in repr(settings)


async def test_in_the_demo_shop_mail_is_a_file_and_a_line_on_the_terminal(
    tmp_path: Path, small_shop: ShopFiles
) -> None:
    lines: list[str] = []
    profile = msgspec.structs.replace(small_shop.profile, demo=True)
    mailer = mailer_of(read_settings({"SHOPDESK_DATA_DIR": str(tmp_path)}), profile, lines.append)
    assert isinstance(mailer, Announced)
    await mailer.send(LETTER)
    (path,) = (tmp_path / "mail").glob("*.eml")
    letter = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert (letter["To"], letter["From"], letter["Subject"]) == (LETTER.to, profile.email, LETTER.subject)
    assert path.stat().st_mode & 0o077 == 0
    assert len(lines) == 1 and LETTER.to in lines[0] and LETTER.subject in lines[0]


def test_a_real_shop_without_a_server_sends_no_mail(tmp_path: Path, small_shop: ShopFiles) -> None:
    real = msgspec.structs.replace(small_shop.profile, demo=False)
    settings = read_settings({"SHOPDESK_SMTP_URL": "smtp://127.0.0.1:1025", "SHOPDESK_MAIL_FROM": "Us <us@a.example>"})
    assert mailer_of(read_settings({"SHOPDESK_DATA_DIR": str(tmp_path)}), real, print) is None
    assert isinstance(mailer_of(settings, real, print), Smtp)


async def test_what_is_on_its_way_is_waited_for_at_the_end_and_a_fault_ends_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with open_mailbox() as mailbox:
        assert mailbox.mailer
        postroom = Postroom(mailbox.mailer)

        async def mistake() -> None:
            raise RuntimeError("ours")

        postroom.soon(mistake())
        for _ in range(3):
            postroom.soon(postroom.send(LETTER))
        await postroom.finish()
    assert len(mailbox.letters) == 3
    await asyncio.sleep(0)
    assert "a mail could not be prepared" in caplog.text
