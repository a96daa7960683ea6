"""Telegram's settings, and what `shopdesk doctor` says of them: each wrong one is named, and no token is shown."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.telegram.channel import TelegramChannel
from adapters.telegram.checking import findings
from adapters.telegram.commands import PRESSES
from adapters.telegram.settings import TelegramSettings, read_settings
from bot.channels import Finding
from tests.telegram_server import open_telegram
from tests.telegram_world import DESK_RIGHTS

TOKEN = "123456:AAHd6RZ0x_-kQQQQQQQQQQQQQQQQQQQQQQQ"
SECOND = "654321:AAHd6RZ0x_-kQQQQQQQQQQQQQQQQQQQQQQQ"


def test_without_a_token_the_channel_is_off() -> None:
    assert not TelegramChannel({}).enabled()
    assert TelegramChannel({"SHOPDESK_TELEGRAM_TOKEN": TOKEN}).enabled()


def test_several_bots_are_named_with_commas() -> None:
    assert read_settings({"SHOPDESK_TELEGRAM_TOKEN": f" {TOKEN}, {SECOND} ,"}).tokens == (TOKEN, SECOND)


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"SHOPDESK_TELEGRAM_TOKEN": "secret"}, "SHOPDESK_TELEGRAM_TOKEN is not a token"),
        ({"SHOPDESK_TELEGRAM_TOKEN": f"{TOKEN},secret"}, "number 2 of SHOPDESK_TELEGRAM_TOKEN"),
        ({"SHOPDESK_TELEGRAM_TOKEN": f"{TOKEN},{TOKEN}"}, "SHOPDESK_TELEGRAM_TOKEN names the same bot twice"),
        ({"SHOPDESK_TELEGRAM_API": "api.telegram.org"}, "SHOPDESK_TELEGRAM_API"),
        ({"SHOPDESK_TELEGRAM_API": "ftp://api.telegram.org"}, "SHOPDESK_TELEGRAM_API"),
        ({"SHOPDESK_TELEGRAM_WEBHOOK": "http://desk.example"}, "SHOPDESK_TELEGRAM_WEBHOOK"),
        ({"SHOPDESK_TELEGRAM_WEBHOOK": "desk.example"}, "SHOPDESK_TELEGRAM_WEBHOOK"),
        ({"SHOPDESK_TELEGRAM_PORT": "0"}, "SHOPDESK_TELEGRAM_PORT"),
        ({"SHOPDESK_TELEGRAM_PORT": "many"}, "SHOPDESK_TELEGRAM_PORT"),
        ({"SHOPDESK_TELEGRAM_DESK": "our desk"}, "SHOPDESK_TELEGRAM_DESK must be the number of a group"),
        ({"SHOPDESK_TELEGRAM_DESK": "7001"}, "SHOPDESK_TELEGRAM_DESK must be the number of a group"),
    ],
)
def test_a_wrong_setting_is_named_and_no_token_is_repeated(environ: dict[str, str], named: str) -> None:
    with pytest.raises(ValueError, match=named) as raised:
        TelegramChannel(environ)
    assert "AAHd6" not in str(raised.value) and "secret" not in str(raised.value)


def test_a_start_of_the_desk_does_not_load_the_library() -> None:
    code = "import sys, adapters.telegram.channel; sys.exit('telegram' in sys.modules or 'httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def one(found: list[Finding], name: str) -> Finding:
    [finding] = [one for one in found if one.name.startswith(name)]
    return finding


async def test_the_doctor_knows_a_bot_that_is_well_and_changes_nothing() -> None:
    async with open_telegram() as telegram:
        telegram.person().writes("waiting")
        found = await findings(TelegramSettings((telegram.bot.token,), telegram.url))
        assert all(finding.ok for finding in found)
        assert "otter_shop_bot" in one(found, "telegram token").found
        assert one(found, "telegram groups").found == "it is sent what is addressed to it"
        assert one(found, "telegram updates").found == "asked for by long poll; 1 waiting"
        assert {call.method for call in telegram.calls} == {"getMe", "getWebhookInfo"}


async def test_the_doctor_has_nothing_to_say_where_telegram_is_off() -> None:
    assert await findings(TelegramSettings()) == []


async def test_the_doctor_says_which_token_is_wrong_without_showing_it() -> None:
    async with open_telegram() as telegram:
        found = await findings(TelegramSettings((telegram.bot.token, TOKEN.replace("123456", "77")), telegram.url))
    [wrong] = [finding for finding in found if not finding.ok]
    assert "bot 77" in wrong.found and "@BotFather" in wrong.advice
    assert "AAHd6" not in wrong.found + wrong.advice


@pytest.mark.parametrize("trouble", [502, 0])
async def test_the_doctor_says_that_telegram_does_not_answer_without_showing_the_token(trouble: int) -> None:
    async with open_telegram() as telegram:
        telegram.trouble("getMe", trouble, times=9)
        [wrong] = await findings(TelegramSettings((telegram.bot.token,), telegram.url))
        assert not wrong.ok and "SHOPDESK_TELEGRAM_API" in wrong.advice
        assert telegram.bot.token.partition(":")[2] not in wrong.found + wrong.advice
    [away] = await findings(TelegramSettings((TOKEN,), telegram.url))
    assert not away.ok and "AAHd6" not in away.found + away.advice


async def test_the_doctor_says_when_everything_in_groups_is_sent_to_the_bot() -> None:
    async with open_telegram() as telegram:
        telegram.bot.reads_all = True
        found = await findings(TelegramSettings((telegram.bot.token,), telegram.url))
    assert "/setprivacy" in one(found, "telegram groups").advice


HOOK = {"url": "https://desk.example/telegram/123456", "secret": "", "at_once": 40}


@pytest.mark.parametrize(
    ("hook", "wanted", "error", "ok", "said"),
    [
        (HOOK, "", "", True, "a webhook is set, though SHOPDESK_TELEGRAM_WEBHOOK is not"),
        (None, "https://desk.example", "", True, "the webhook is not https://desk.example/telegram/123456 yet"),
        (HOOK, "https://desk.example", "", True, "sent to https://desk.example/telegram/123456"),
        (HOOK, "https://desk.example", "Wrong response from the webhook: 502", False, "Wrong response"),
    ],
)
async def test_the_doctor_knows_the_state_of_the_webhook(
    hook: dict[str, object] | None, wanted: str, error: str, ok: bool, said: str
) -> None:
    async with open_telegram() as telegram:
        telegram.bot.hook, telegram.bot.hook_error = hook, error
        found = await findings(TelegramSettings((telegram.bot.token,), telegram.url, webhook=wanted))
    finding = one(found, "telegram updates")
    assert finding.ok is ok and said in finding.found


ROOT = Path(__file__).parent.parent
DOCUMENT = (ROOT / "docs" / "telegram.md").read_text(encoding="utf-8")
CODE = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "adapters" / "telegram").glob("*.py"))


def test_the_document_has_ten_steps_and_names_every_setting_and_command_and_no_other() -> None:
    assert re.findall(r"^(\d+)\. \*\*", DOCUMENT, re.MULTILINE) == [str(number) for number in range(1, 11)]
    assert set(re.findall(r"SHOPDESK_TELEGRAM_[A-Z]+", DOCUMENT)) == set(re.findall(r"SHOPDESK_TELEGRAM_[A-Z]+", CODE))
    [commands] = re.findall(r"^Commands: (.+)$", DOCUMENT, re.MULTILINE)
    assert {*re.findall(r"`/([a-z]+)", commands), "start"} == set(PRESSES)


def test_what_the_document_says_of_trouble_is_what_is_said_then() -> None:
    table = DOCUMENT.partition("## When something is wrong")[2]
    for said in re.findall(r"^\| ([A-Za-z][^|]+?) \|", table, re.MULTILINE):
        if said != "It says":
            assert said.removesuffix(" ...") in CODE.replace("{number}", "..."), said


@pytest.mark.parametrize(
    ("rights", "forum", "member", "found", "ok"),
    [
        (DESK_RIGHTS, True, True, "“Our desk”, a topic for each handoff", True),
        ((), True, True, "the bot may not manage topics and delete messages in “Our desk”", False),
        (("can_delete_messages",), True, True, "the bot may not manage topics in “Our desk”", False),
        (("can_manage_topics",), True, True, "the bot may not delete messages in “Our desk”", False),
        (DESK_RIGHTS, False, True, "the group “Our desk” has no topics", False),
        (DESK_RIGHTS, True, False, "the bot is in no group of this number", False),
    ],
)
async def test_the_doctor_looks_at_the_group_of_staff(
    rights: tuple[str, ...], forum: bool, member: bool, found: str, ok: bool
) -> None:
    async with open_telegram() as telegram:
        group = telegram.group("Our desk", forum=forum, rights=rights)
        number = group.id if member else -100
        told = await findings(TelegramSettings((telegram.bot.token,), telegram.url, desk=number))
    finding = one(told, f"telegram desk {number}")
    assert (finding.found, finding.ok) == (found, ok) and (ok or finding.advice)
