"""What is wrong with the way to Discord is said in one sentence each, by the doctor and at the start."""

import asyncio
import re
from pathlib import Path

import pytest

from adapters.discord.channel import DiscordChannel
from adapters.discord.checking import INTENT_MISSING
from adapters.discord.commands import PRESSES
from adapters.discord.permissions import ALL_NEEDED, NEEDED, Overwrite, Role, missing
from adapters.discord.portal import Bot
from adapters.discord.settings import read_settings
from bot.assembly import ShopDesk
from bot.channels import Finding
from tests.discord_fixtures import environ, served
from tests.discord_server import DESK, GENERAL, SUPPORT, DiscordServer
from tests.discord_world import FILES, IN_THREADS, PRIVATE_THREADS, VIEW

ROOT = Path(__file__).parent.parent
WRONG = {
    "SHOPDESK_DISCORD_TOKEN": ["Bot abc.def.ghi", "abc", "a b"],
    "SHOPDESK_DISCORD_API": ["discord.com", "ftp://discord.com", "https://"],
    "SHOPDESK_DISCORD_GATEWAY": ["https://gateway.discord.gg", "gateway"],
    "SHOPDESK_DISCORD_CHANNELS": ["#support", "123,support", "12.5"],
    "SHOPDESK_DISCORD_DESK": ["#staff", "123,124"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=name) as refused:
        read_settings({name: value})
    assert name != "SHOPDESK_DISCORD_TOKEN" or value not in str(refused.value)


def test_a_channel_is_for_customers_or_for_staff() -> None:
    with pytest.raises(ValueError, match="SHOPDESK_DISCORD_DESK"):
        read_settings({"SHOPDESK_DISCORD_CHANNELS": "11,12", "SHOPDESK_DISCORD_DESK": "12"})


def test_without_a_token_the_channel_is_off() -> None:
    assert not DiscordChannel({}).enabled()
    assert DiscordChannel({"SHOPDESK_DISCORD_TOKEN": "a.b.c"}).enabled()


async def findings(server: DiscordServer, channels: str = SUPPORT, **more: str) -> dict[str, Finding]:
    found = await DiscordChannel(environ(server, channels, **more)).check()
    return {one.name: one for one in found}


async def test_when_all_is_well_the_doctor_says_so(discord: DiscordServer) -> None:
    found = await findings(discord)
    assert list(found) == ["discord", "discord intents", "discord servers", "discord channel support"]
    assert all(one.ok and not one.advice for one in found.values())
    assert "100" in found["discord"].found


async def test_without_a_token_the_doctor_says_what_to_set() -> None:
    (one,) = await DiscordChannel({}).check()
    assert one.ok
    assert "SHOPDESK_DISCORD_TOKEN" in one.advice


async def test_a_token_that_discord_refuses_is_told(discord: DiscordServer) -> None:
    (one,) = await DiscordChannel(environ(discord) | {"SHOPDESK_DISCORD_TOKEN": "a.wrong.token"}).check()
    assert not one.ok
    assert "SHOPDESK_DISCORD_TOKEN" in one.advice
    assert "a.wrong.token" not in one.found + one.advice


async def test_an_intent_that_is_off_is_told(discord: DiscordServer) -> None:
    discord.gateway.allowed_intents.discard("content")
    one = (await findings(discord))["discord intents"]
    assert not one.ok
    assert "Message Content Intent" in one.advice


async def test_permissions_that_lack_are_named_as_discord_calls_them(discord: DiscordServer) -> None:
    discord.world.forbidden[SUPPORT] = PRIVATE_THREADS | IN_THREADS
    one = (await findings(discord))["discord channel support"]
    assert not one.ok
    assert "Create Private Threads, Send Messages in Threads" in one.found


async def test_a_channel_that_is_not_there_or_not_to_be_seen_is_told(discord: DiscordServer) -> None:
    discord.world.forbidden[GENERAL] = VIEW
    found = await findings(discord, f"4711,{GENERAL}")
    assert not found["discord channel 4711"].ok
    assert not found[f"discord channel {GENERAL}"].ok
    assert "oauth2/authorize" in found["discord channel 4711"].advice


async def test_what_is_wrong_with_the_channel_of_staff_is_told(discord: DiscordServer) -> None:
    async def desk(channel: str = DESK) -> Finding:
        found = await findings(discord, SHOPDESK_DISCORD_DESK=channel)
        return next(one for name, one in found.items() if name.startswith("discord desk"))

    assert (await desk()).ok
    discord.world.forbidden[DESK] = PRIVATE_THREADS
    assert (await desk()).ok, "it needs no private threads there"
    discord.world.granted.clear()
    assert "lacks the permission Manage Threads" in (await desk()).found
    discord.world.forbidden[DESK] = FILES
    assert "Attach Files" in (await desk()).found
    discord.world.forbidden[DESK] = VIEW
    assert "cannot see" in (await desk()).found
    discord.world.forbidden.clear()
    discord.world.closed_to_all.discard(DESK)
    assert "everybody on the server can read it" in (await desk()).found
    discord.world.add_channel("1010", "posts", kind=15)
    discord.world.closed_to_all.add("1010")
    assert "no text channel" in (await desk("1010")).found


async def test_a_language_that_the_shop_has_not_is_told_at_the_start(discord: DiscordServer, desk: ShopDesk) -> None:
    settings = {"SHOPDESK_DISCORD_DESK": DESK, "SHOPDESK_DISCORD_DESK_LANGUAGE": "fr"}
    with pytest.raises(OSError, match="SHOPDESK_DISCORD_DESK_LANGUAGE must be a language of the shop: en, zh"):
        await DiscordChannel(environ(discord, **settings)).serve(desk.handles)


async def test_a_channel_without_threads_is_told(discord: DiscordServer) -> None:
    discord.world.add_channel("1009", "voice", kind=2)
    assert not (await findings(discord, "1009"))["discord channel voice"].ok


async def test_a_discord_that_does_not_answer_is_told() -> None:
    nowhere = {"SHOPDESK_DISCORD_TOKEN": "a.b.c", "SHOPDESK_DISCORD_API": "http://127.0.0.1:9"}
    (one,) = await DiscordChannel(nowhere).check()
    assert not one.ok
    assert "SHOPDESK_DISCORD_API" in one.advice


async def test_a_wrong_token_stops_the_start_with_a_sentence(discord: DiscordServer, desk: ShopDesk) -> None:
    channel = DiscordChannel(environ(discord) | {"SHOPDESK_DISCORD_TOKEN": "a.wrong.token"})
    with pytest.raises(OSError, match="SHOPDESK_DISCORD_TOKEN"):
        await channel.serve(desk.handles)


async def test_a_missing_intent_stops_the_start_with_a_sentence(discord: DiscordServer, desk: ShopDesk) -> None:
    discord.gateway.allowed_intents.discard("content")
    with pytest.raises(OSError, match="Message Content Intent"):
        await DiscordChannel(environ(discord)).serve(desk.handles)


async def test_an_intent_that_is_switched_off_later_ends_it_with_the_same_sentence(
    discord: DiscordServer, desk: ShopDesk
) -> None:
    serving = asyncio.create_task(DiscordChannel(environ(discord)).serve(desk.handles))
    await discord.until(discord.gateway.is_online)
    discord.gateway.allowed_intents.discard("content")
    await discord.gateway.cut(forget=True)
    with pytest.raises(OSError, match="Message Content Intent"):
        await asyncio.wait_for(serving, 20)


async def test_a_discord_that_is_away_at_the_start_is_waited_for(discord: DiscordServer, desk: ShopDesk) -> None:
    discord.fails("GET", "/oauth2/applications/@me", 503, times=1)
    async with served(discord, desk.handles):
        assert len(discord.asked("GET", "/oauth2/applications/@me")) >= 2


def test_what_a_channel_denies_and_allows_counts_in_discords_order() -> None:
    everybody, staff = Role("1", "0"), Role("2", str(ALL_NEEDED))
    sends = NEEDED["Send Messages"]

    def lacks(*overwrites: Overwrite, own: tuple[str, ...] = ("2",)) -> list[str]:
        return missing("1", "9", own, [everybody, staff], overwrites)

    assert lacks() == []
    assert lacks(own=()) == list(NEEDED)
    assert lacks(Overwrite("1", deny=str(sends))) == ["Send Messages"]
    assert lacks(Overwrite("1", deny=str(sends)), Overwrite("2", allow=str(sends))) == []
    assert lacks(Overwrite("2", allow=str(sends)), Overwrite("9", deny=str(sends))) == ["Send Messages"]
    assert lacks(Overwrite("9", allow=str(sends)), Overwrite("2", deny=str(sends))) == []
    assert lacks(Overwrite("3", deny=str(sends))) == []
    assert missing("1", "9", ["2"], [everybody, Role("2", "8")], [Overwrite("9", deny=str(sends))]) == []


def test_the_steps_of_the_documentation_are_what_the_code_asks_for(discord_page: str) -> None:
    steps = discord_page.split("## What customers see")[0]
    assert re.findall(r"^(\d+)\. ", steps, re.MULTILINE) == [str(number) for number in range(1, 11)]
    asked = steps.split("permissions **")[1].split("Their sum")[0]
    assert set(re.findall(r"\*\*([^*]+)\*\*", "**" + asked)) == NEEDED.keys()
    assert str(ALL_NEEDED) in steps
    assert str(ALL_NEEDED) in Bot("1", "desk", True, "", 1).invitation
    assert "Message Content Intent" in steps
    assert "Message Content Intent" in INTENT_MISSING


def test_the_documentation_names_every_command_and_every_setting(discord_page: str) -> None:
    assert {f"/{name}" for name in PRESSES} <= set(re.findall(r"`(/\w+)`", discord_page))
    source = (ROOT / "adapters/discord/settings.py").read_text("utf-8")
    settings = set(re.findall(r"SHOPDESK_DISCORD_\w+", source))
    assert settings <= set(re.findall(r"^\| `(SHOPDESK_\w+)`", discord_page, re.MULTILINE))


@pytest.fixture
def discord_page() -> str:
    return (ROOT / "docs/discord.md").read_text("utf-8")
