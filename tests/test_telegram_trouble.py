"""Telegram in trouble: nothing is lost or answered twice, the order stays, and no token gets into a log."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import msgspec
import pytest
import pytest_asyncio

from bot.assembly import ShopDesk
from bot.channels import Attachments, Handles, Postbox, TooMuch
from bot.messages import Event, Happening, Incoming, Said
from serving.ports import free_port
from tests.telegram_desk import on_telegram
from tests.telegram_server import NO_LIMITS, TelegramServer, open_telegram
from tests.telegram_world import Person, until

RETURNS = "How long do I have to return something?"
ANSWER = "30 days of delivery"
PUBLIC = "https://desk.example"
WORDS = [f"number {one} of them" for one in ("one", "two", "three", "four", "five", "six")]


@pytest_asyncio.fixture
async def telegram() -> AsyncIterator[TelegramServer]:
    async with open_telegram(NO_LIMITS) as opened:
        yield opened


@dataclass
class Stubborn:
    """The desk's own postbox behind a door that may be shut: for everybody, or for some texts."""

    postbox: Postbox
    shut: bool = False
    refuses: str = ""  # messages with this in their text
    with_error: Exception = field(default_factory=lambda: ConnectionError("the line is cut"))
    tried: list[str] = field(default_factory=list)

    async def accept(self, incoming: Incoming, per_minute: int = 0, deliver: bool = False) -> str:
        self.tried.append(incoming.text)
        if self.shut or (self.refuses and self.refuses in incoming.text):
            raise self.with_error
        return await self.postbox.accept(incoming, per_minute, deliver)

    async def happened(self, conversation: str, event: str) -> Happening | None:
        return await self.postbox.happened(conversation, event)

    async def transcript(self, conversation: str, after: str = "") -> list[Event]:
        return await self.postbox.transcript(conversation, after)

    async def withdraw(self, conversation: str, message: str) -> None:
        await self.postbox.withdraw(conversation, message)

    def events(self, conversation: str, after: str = "") -> AsyncIterator[Event]:
        return self.postbox.events(conversation, after)

    def reply(self, conversation: str, to: str) -> AsyncIterator[Event]:
        return self.postbox.reply(conversation, to)


@pytest.fixture
def stubborn(desk: ShopDesk) -> Stubborn:
    return Stubborn(desk.handles.postbox)


@pytest.fixture
def handles(desk: ShopDesk, stubborn: Stubborn) -> Handles:
    return msgspec.structs.replace(desk.handles, postbox=stubborn)


async def texts_of(handles: Handles, person: Person) -> list[str]:
    events = await handles.postbox.transcript(f"telegram:{person.bot.id}:{person.id}")
    return [one.what.text for one in events if isinstance(one.what, Said) and one.what.by == "customer"]


async def stored(handles: Handles, person: Person, count: int) -> list[str]:
    end = asyncio.get_running_loop().time() + 15
    while len(found := await texts_of(handles, person)) < count:
        assert asyncio.get_running_loop().time() < end, f"{len(found)} of {count} are stored"
        await asyncio.sleep(0.02)
    return found


# What the desk cannot take


async def test_what_is_not_stored_is_not_acknowledged_and_stored_in_order_later(
    telegram: TelegramServer, handles: Handles, stubborn: Stubborn
) -> None:
    stubborn.shut = True
    async with on_telegram(telegram, handles):
        ann = telegram.person()
        for words in WORDS:
            ann.writes(words)
        await until(lambda: len(stubborn.tried) >= 3, "it is tried again")
        assert len(telegram.bot.updates) == len(WORDS) and set(stubborn.tried) == {WORDS[0]}
        stubborn.shut = False
        assert await stored(handles, ann, len(WORDS)) == WORDS
        await until(lambda: not telegram.bot.updates, "all of it is acknowledged")


async def test_one_conversation_that_cannot_be_stored_holds_up_no_other(
    telegram: TelegramServer, handles: Handles, stubborn: Stubborn
) -> None:
    stubborn.refuses = "stuck"
    async with on_telegram(telegram, handles):
        ann, bob = telegram.person("Ann"), telegram.person("Bob")
        ann.writes("stuck here")
        ann.writes("and this after it")
        bob.writes(RETURNS)
        [answer] = await bob.hears()
        assert ANSWER in answer.text and await texts_of(handles, ann) == []
        assert telegram.bot.updates[0]["message"]["text"] == "stuck here"
        stubborn.refuses = ""
        assert await stored(handles, ann, 2) == ["stuck here", "and this after it"]


async def test_who_is_stopped_between_fetching_and_storing_loses_nothing(
    telegram: TelegramServer, desk: ShopDesk, handles: Handles, stubborn: Stubborn
) -> None:
    stubborn.shut = True
    ann = telegram.person()
    async with on_telegram(telegram, handles):
        for words in WORDS:
            ann.writes(words)
        await until(lambda: stubborn.tried, "it is fetched")
    async with on_telegram(telegram, desk.handles):
        assert await stored(desk.handles, ann, len(WORDS)) == WORDS


async def test_who_writes_too_much_is_told_so_once_and_the_rest_of_the_world_goes_on(
    telegram: TelegramServer, handles: Handles, stubborn: Stubborn, desk: ShopDesk
) -> None:
    stubborn.refuses, stubborn.with_error = "again", TooMuch("messages", 30)
    async with on_telegram(telegram, handles):
        ann = telegram.person()
        for _ in range(5):
            ann.writes("again and again")
        [told] = await ann.hears()
        await until(lambda: not telegram.bot.updates, "all of it is acknowledged")
        bob = telegram.person("Bob")
        bob.writes(RETURNS)
        await bob.hears()
    assert told.text == desk.handles.words("en", "too_fast")
    assert len(ann.private.said) == 1


async def test_a_real_flood_is_cut_off_after_twenty_in_a_minute(telegram: TelegramServer, desk: ShopDesk) -> None:
    async with on_telegram(telegram, desk.handles):
        ann = telegram.person()
        for number in range(30):
            ann.writes(f"spam {number}")
        await until(lambda: telegram.bot.ever and not telegram.bot.updates, "all of it is acknowledged")
        assert await texts_of(desk.handles, ann) == [f"spam {number}" for number in range(20)]
        too_fast = desk.handles.words("en", "too_fast")
        await until(lambda: too_fast in [one.text for one in ann.private.said], "it is said")


async def test_a_fault_of_ours_is_told_to_the_customer_and_blocks_nobody(
    telegram: TelegramServer, handles: Handles, stubborn: Stubborn, caplog: pytest.LogCaptureFixture
) -> None:
    stubborn.refuses, stubborn.with_error = "poison", RuntimeError("a bug")
    async with on_telegram(telegram, handles):
        ann = telegram.person()
        ann.writes("poison")
        [told] = await ann.hears()
        ann.writes(RETURNS)
        await ann.hears(after=told)
        await until(lambda: not telegram.bot.updates, "all of it is acknowledged")
    assert told.text == handles.words("en", "not_taken")
    assert "a bug" in caplog.text


async def test_an_update_that_nobody_understands_is_passed_over(
    telegram: TelegramServer, desk: ShopDesk, caplog: pytest.LogCaptureFixture
) -> None:
    ann = telegram.person()
    old_poll = {"id": "5", "question": "?", "options": [], "total_voter_count": 0, "type": "regular"}
    ann.sends({"poll": old_poll})  # an older server leaves out what the library insists on
    async with on_telegram(telegram, desk.handles):
        ann.writes(RETURNS)
        [answer] = await ann.hears()
        await until(lambda: not telegram.bot.updates, "all of it is acknowledged")
    assert ANSWER in answer.text and "form that is not known" in caplog.text


# The same thing several times, in any order


async def test_every_update_three_times_and_shuffled_is_each_once_and_in_order(
    telegram: TelegramServer, desk: ShopDesk
) -> None:
    telegram.bot.repeats, telegram.bot.shuffled = 3, True
    people = [telegram.person(f"P{number}") for number in range(4)]
    for words in WORDS:
        for person in people:
            person.writes(words)
    async with on_telegram(telegram, desk.handles):
        for person in people:
            assert await stored(desk.handles, person, len(WORDS)) == WORDS
        await until(lambda: not telegram.bot.updates, "all of it is acknowledged")
        assert [await texts_of(desk.handles, person) for person in people] == [WORDS] * 4


async def test_by_webhook_too_where_forty_calls_come_at_once(telegram: TelegramServer, handles: Handles) -> None:
    telegram.bot.repeats, telegram.bot.shuffled = 3, True
    port = free_port()
    telegram.reach[PUBLIC] = f"http://127.0.0.1:{port}"
    environ = {"SHOPDESK_TELEGRAM_WEBHOOK": PUBLIC, "SHOPDESK_TELEGRAM_PORT": str(port)}
    people = [telegram.person(f"P{number}") for number in range(4)]
    for words in WORDS:
        for person in people:
            person.writes(words)
    async with on_telegram(telegram, handles, **environ):
        for person in people:
            assert await stored(handles, person, len(WORDS)) == WORDS
        await until(lambda: not telegram.bot.updates, "all of it is acknowledged")
        assert [await texts_of(handles, person) for person in people] == [WORDS] * 4


async def test_a_webhook_call_is_answered_only_when_its_message_is_stored(
    telegram: TelegramServer, handles: Handles, stubborn: Stubborn
) -> None:
    stubborn.shut = True
    port = free_port()
    telegram.reach[PUBLIC] = f"http://127.0.0.1:{port}"
    environ = {"SHOPDESK_TELEGRAM_WEBHOOK": PUBLIC, "SHOPDESK_TELEGRAM_PORT": str(port)}
    ann = telegram.person()
    ann.writes(WORDS[0])
    async with on_telegram(telegram, handles, **environ):
        await until(lambda: len(stubborn.tried) >= 3, "it is tried again")
        assert telegram.bot.hook_calls.count(200) == 0 and telegram.bot.updates
        stubborn.shut = False
        assert await stored(handles, ann, 1) == [WORDS[0]]
        await until(lambda: not telegram.bot.updates, "it is acknowledged")


# Telegram itself


@pytest.mark.parametrize(
    ("status", "more"),
    [
        (0, {}),
        (0, {"afterwards": True}),
        (500, {}),
        (502, {}),
        (429, {"retry_after": 1}),
        (400, {"description": "Bad Request: something new"}),
    ],
)
async def test_trouble_while_asking_for_updates_passes(
    telegram: TelegramServer, desk: ShopDesk, status: int, more: dict[str, object]
) -> None:
    trouble = telegram.trouble("getUpdates", status, **more)
    ann = telegram.person()
    ann.writes(RETURNS)
    async with on_telegram(telegram, desk.handles):
        [answer] = await ann.hears()
    assert ANSWER in answer.text and trouble.met == 1 and len(ann.private.said) == 1


async def test_another_program_with_the_same_token_is_named_and_does_not_end_us(
    telegram: TelegramServer, desk: ShopDesk, caplog: pytest.LogCaptureFixture
) -> None:
    conflict = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    telegram.trouble("getUpdates", 409, description=conflict)
    ann = telegram.person()
    ann.writes(RETURNS)
    async with on_telegram(telegram, desk.handles):
        await ann.hears()
    assert "another program asks Telegram" in caplog.text


async def test_a_telegram_that_is_away_at_the_start_is_waited_for(
    telegram: TelegramServer, desk: ShopDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    telegram.trouble("getMe", 502)
    ann = telegram.person()
    ann.writes(RETURNS)
    async with on_telegram(telegram, desk.handles):
        [answer] = await ann.hears()
    assert ANSWER in answer.text
    assert "cannot be reached" in capsys.readouterr().out


async def test_a_menu_that_is_refused_keeps_nobody_from_being_served(telegram: TelegramServer, desk: ShopDesk) -> None:
    telegram.trouble("setMyCommands", 400, times=9)
    ann = telegram.person()
    ann.writes(RETURNS)
    async with on_telegram(telegram, desk.handles):
        await ann.hears()


async def test_a_wrong_token_is_one_sentence_without_the_token(telegram: TelegramServer, desk: ShopDesk) -> None:
    wrong = "4711:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    with pytest.raises(OSError, match="does not know the token of bot 4711") as raised:
        async with on_telegram(telegram, desk.handles, SHOPDESK_TELEGRAM_TOKEN=wrong):
            await until(lambda: len(telegram.calls) > 0, "it is tried")
            await asyncio.sleep(0.2)
    assert "AAAA" not in str(raised.value) and raised.value.__cause__ is None


async def test_a_port_that_is_taken_is_one_sentence_that_names_the_setting(
    telegram: TelegramServer, desk: ShopDesk
) -> None:
    port = telegram.url.rpartition(":")[2]
    environ = {"SHOPDESK_TELEGRAM_WEBHOOK": PUBLIC, "SHOPDESK_TELEGRAM_PORT": port}
    with pytest.raises(OSError, match="SHOPDESK_TELEGRAM_PORT"):
        async with on_telegram(telegram, desk.handles, **environ):
            await until(lambda: telegram.made("getMe"), "it has begun")
            await asyncio.sleep(0.3)


async def test_no_token_stands_in_any_log_whatever_happens(
    telegram: TelegramServer, desk: ShopDesk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = telegram.bot.token.partition(":")[2]
    for method in ("getMe", "getUpdates", "sendMessage", "getFile", "sendChatAction", "setMyCommands"):
        telegram.trouble(method, 502)
        telegram.trouble(method, 0)
    ann = telegram.person()
    ann.sends_photo(b"\xff\xd8\xff\xe0" + bytes(100), RETURNS)
    async with on_telegram(telegram, desk.handles):
        await ann.hears(seconds=30)
    assert len(caplog.records) > 5 and secret not in caplog.text


# Photos and files


class Full:
    """A store that has no room."""

    most_bytes = 1_000_000

    async def keep(self, conversation: str, name: str, media_type: str, content: bytes) -> str:
        raise ConnectionError("no room")

    async def read(self, kept: str) -> bytes:
        raise FileNotFoundError(kept)


@pytest.mark.parametrize("trouble", [(400, "Bad Request: wrong file_id"), (502, ""), (0, "")])
async def test_words_are_not_lost_with_a_photo_that_cannot_be_fetched(
    telegram: TelegramServer, desk: ShopDesk, trouble: tuple[int, str]
) -> None:
    status, description = trouble
    telegram.trouble("getFile", status, description=description, times=9)
    async with on_telegram(telegram, desk.handles):
        ann = telegram.person()
        ann.sends_photo(b"\xff\xd8\xff\xe0" + bytes(100), RETURNS)
        assert await stored(desk.handles, ann, 1) == [RETURNS]
        await ann.hears()


async def test_words_are_not_lost_with_a_photo_that_cannot_be_kept(telegram: TelegramServer, desk: ShopDesk) -> None:
    full: Attachments = Full()
    async with on_telegram(telegram, msgspec.structs.replace(desk.handles, attachments=full)):
        ann = telegram.person()
        ann.sends_photo(b"\xff\xd8\xff\xe0" + bytes(100), RETURNS)
        assert await stored(desk.handles, ann, 1) == [RETURNS]
