"""Photos and files that come over chat platforms: kept, limited, and never in the way of the words beside them."""

import asyncio
from typing import Any

import msgspec

from bot.assembly import ShopDesk
from bot.messages import Attachment, Said
from tests.discord_fixtures import served
from tests.discord_server import DiscordServer
from tests.photos import photo
from tests.telegram_desk import on_telegram
from tests.telegram_server import NO_LIMITS, open_telegram
from tests.telegram_world import until

PHOTO = photo()
QUESTION, ANSWER = "How long does delivery take?", "3 to 5 working days"
PER_MINUTE = 20


async def attached(desk: ShopDesk, conversation: str, messages: int) -> list[Attachment]:
    """What came with the customer's messages, when there are so many."""
    async with asyncio.timeout(60):
        while True:
            events = await desk.handles.postbox.transcript(conversation)
            said = [event.what for event in events if isinstance(event.what, Said) and event.what.by == "customer"]
            if len(said) >= messages:
                return [one for message in said for one in message.attachments]
            await asyncio.sleep(0.05)


def direct(server: DiscordServer, name: str) -> str:
    return f"{server.account}:{server.direct(name)}"


async def test_on_discord_a_photo_and_a_file_are_kept_with_their_words(
    on_discord: DiscordServer, desk: ShopDesk
) -> None:
    files = {"box.jpg": ("image/jpeg", PHOTO), "invoice.pdf": ("application/pdf", b"%PDF-1.7")}
    await on_discord.writes_directly("ann", QUESTION, files=files)
    box, invoice = await attached(desk, direct(on_discord, "ann"), 1)
    assert (box.kind, box.name, box.size) == ("photo", "box.jpg", len(PHOTO))
    assert await desk.handles.attachments.read(box.kept) == PHOTO
    assert (invoice.kind, await desk.handles.attachments.read(invoice.kept)) == ("file", b"%PDF-1.7")
    answers = await on_discord.until(lambda: on_discord.answers(on_discord.direct("ann")))
    assert ANSWER in answers[0]["content"] and "I cannot look at" in answers[0]["content"]


async def test_on_discord_what_is_larger_than_was_said_is_not_kept(on_discord: DiscordServer, desk: ShopDesk) -> None:
    most = desk.handles.attachments.most_bytes
    await on_discord.writes_directly("ann", QUESTION, files={"film.zip": ("application/zip", b"x" * (most + 1))})
    (film,) = await attached(desk, direct(on_discord, "ann"), 1)
    assert not film.kept and film.size == most + 1


async def test_on_discord_who_floods_with_files_has_so_many_fetched(on_discord: DiscordServer, desk: ShopDesk) -> None:
    for burst in range(3):
        files = {f"{burst}-{number}.jpg": ("image/jpeg", PHOTO + bytes([burst, number])) for number in range(10)}
        await on_discord.writes_directly("eve", f"Look {burst}", files=files)
    came = await attached(desk, direct(on_discord, "eve"), 3)
    assert len(came) == 30 and len([one for one in came if one.kept]) == PER_MINUTE


class Away:
    """A store that takes long to say that it is away."""

    most_bytes = 1_000_000

    async def keep(self, *_: Any) -> str:
        raise ConnectionError("away")

    async def read(self, kept: str) -> bytes:
        raise FileNotFoundError(kept)


async def test_on_discord_words_are_not_lost_with_a_photo_that_cannot_be_kept(
    discord: DiscordServer, desk: ShopDesk
) -> None:
    async with served(discord, msgspec.structs.replace(desk.handles, attachments=Away())):
        await discord.writes_directly("ann", QUESTION, files={"box.jpg": ("image/jpeg", PHOTO)})
        (box,) = await attached(desk, direct(discord, "ann"), 1)
        assert not box.kept
        answers = await discord.until(lambda: discord.answers(discord.direct("ann")))
    assert ANSWER in answers[0]["content"] and "could not take" in answers[0]["content"]


async def test_on_telegram_who_floods_with_files_has_so_many_fetched(desk: ShopDesk) -> None:
    async with open_telegram(NO_LIMITS) as telegram, on_telegram(telegram, desk.handles):
        eve = telegram.person()
        for number in range(PER_MINUTE + 5):
            eve.sends_photo(PHOTO + bytes([number]))
        await until(lambda: telegram.bot.offset > telegram.bot.ever[-1]["update_id"], "all is taken in")
        assert len(telegram.made("getFile")) == PER_MINUTE
