"""What a customer of Discord does besides asking: sends files, takes words back, writes too fast, presses twice."""

import asyncio
import subprocess
import sys
import time

import msgspec
import pytest

from bot.assembly import ShopDesk
from bot.channels import Handles, Postbox
from bot.messages import Event, Incoming, Said
from tests.discord_fixtures import served
from tests.discord_server import SUPPORT, DiscordServer, components, discord_server
from tests.discord_world import PUBLIC, Payload

QUESTION, ANSWER = "How long does delivery take?", "3 to 5 working days"
JPEG = b"\xff\xd8\xff\xe0" + b"x" * 2000
SLOWER = "faster than I can read"


async def said(desk: ShopDesk, conversation: str) -> list[Said]:
    events: list[Event] = await desk.handles.postbox.transcript(conversation)
    return [one.what for one in events if isinstance(one.what, Said)]


async def has_said(desk: ShopDesk, conversation: str, words: list[str]) -> None:
    """Wait until the customer's words are these."""
    deadline = time.monotonic() + 30
    while (found := [one.text for one in await said(desk, conversation) if one.by == "customer"]) != words:
        assert time.monotonic() < deadline, f"{found} instead of {words}"
        await asyncio.sleep(0.02)


async def answered(server: DiscordServer, channel: str, words: str = ANSWER, count: int = 1) -> list[Payload]:
    def found() -> list[Payload]:
        them = [one for one in server.answers(channel) if words in one["content"]]
        return them if len(them) >= count else []

    return await server.until(found, 20)


def direct(server: DiscordServer, name: str = "ann") -> str:
    return f"{server.account}:{server.direct(name)}"


def test_discord_py_is_not_loaded_before_it_is_needed() -> None:
    asked = "import sys, adapters.discord.channel; sys.exit('discord' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0


async def test_a_photo_with_a_caption_is_kept_and_its_caption_answered(
    on_discord: DiscordServer, desk: ShopDesk
) -> None:
    await on_discord.writes_directly("ann", QUESTION, files={"broken.jpg": ("image/jpeg", JPEG)})
    await answered(on_discord, on_discord.direct("ann"))
    (message,) = await said(desk, direct(on_discord))
    (photo,) = message.attachments
    assert (photo.kind, photo.name, photo.size) == ("photo", "broken.jpg", len(JPEG))
    assert await desk.handles.attachments.read(photo.kept) == JPEG


async def test_a_file_that_is_too_large_is_not_even_fetched(on_discord: DiscordServer, desk: ShopDesk) -> None:
    most = desk.handles.attachments.most_bytes
    nowhere = {"url": "http://127.0.0.1:9/", "size": most + 1}
    too_large = on_discord._attach("film.mp4", ("video/mp4", JPEG)) | nowhere
    await on_discord.writes_directly("ann", QUESTION, attachments=[too_large])
    await answered(on_discord, on_discord.direct("ann"))
    (message,) = await said(desk, direct(on_discord))
    assert [one.kept for one in message.attachments] == [""]


async def test_a_file_that_says_it_is_small_and_is_not_is_not_kept(on_discord: DiscordServer, desk: ShopDesk) -> None:
    content = JPEG + b"x" * desk.handles.attachments.most_bytes
    fields = on_discord._attach("small.jpg", ("image/jpeg", content)) | {"size": 10}
    await on_discord.writes_directly("ann", QUESTION, attachments=[fields])
    await answered(on_discord, on_discord.direct("ann"))
    (message,) = await said(desk, direct(on_discord))
    assert [one.kept for one in message.attachments] == [""]


async def test_a_file_that_cannot_be_had_holds_up_nothing(on_discord: DiscordServer, desk: ShopDesk) -> None:
    fields = on_discord._attach("gone.jpg", ("image/jpeg", JPEG)) | {"url": f"{on_discord.files_url}/1/gone.jpg"}
    await on_discord.writes_directly("ann", QUESTION, attachments=[fields])
    assert await answered(on_discord, on_discord.direct("ann"))


async def test_a_frame_that_the_library_does_not_understand_ends_nothing(on_discord: DiscordServer) -> None:
    await on_discord.writes_directly("ann", QUESTION)
    await answered(on_discord, on_discord.direct("ann"))
    await on_discord.gateway.tell("THREAD_CREATE", {"guild_id": on_discord.world.guild_id, "id": "12"})
    fields = on_discord._attach("photo.jpg", ("image/jpeg", JPEG))
    del fields["proxy_url"]
    await on_discord.writes_directly("ann", QUESTION, attachments=[fields])
    assert await answered(on_discord, on_discord.direct("ann"), count=2)
    await on_discord.until(lambda: on_discord.gateway.identified == 2)  # discord.py gives up at such a thread


async def test_stickers_and_voice_messages_are_answered(on_discord: DiscordServer) -> None:
    await on_discord.writes_directly("ann", "", sticker_items=[{"id": "1", "name": "Wave", "format_type": 1}])
    await on_discord.until(lambda: on_discord.answers(on_discord.direct("ann")))
    await on_discord.writes_directly("bob", "", files={"voice-message.ogg": ("audio/ogg", b"OggS")}, flags=1 << 13)
    await on_discord.until(lambda: on_discord.answers(on_discord.direct("bob")))


async def test_a_deleted_message_is_no_longer_shown(on_discord: DiscordServer, desk: ShopDesk) -> None:
    message = await on_discord.writes_directly("ann", QUESTION)
    await answered(on_discord, on_discord.direct("ann"))
    await on_discord.deletes(message)
    await has_said(desk, direct(on_discord), [])


async def test_a_message_of_before_a_restart_is_withdrawn_too(discord: DiscordServer, desk: ShopDesk) -> None:
    async with served(discord, desk.handles):
        await discord.writes("ann", "hello")
        thread = str((await discord.until(lambda: discord.threads(SUPPORT, PUBLIC)))[0]["id"])
        await discord.until(lambda: discord.answers(thread))
        message = await discord.writes("ann", QUESTION, thread)
        await answered(discord, thread)
    conversation = f"{discord.account}:{thread}:{discord.world.person('ann')['id']}"
    async with served(discord, desk.handles):
        await discord.deletes(message)
        await has_said(desk, conversation, ["hello"])


async def test_who_writes_too_fast_is_told_once(on_discord: DiscordServer) -> None:
    for number in range(40):
        await on_discord.writes_directly("ann", f"and {number}?")
    await answered(on_discord, on_discord.direct("ann"), SLOWER)
    await on_discord.writes_directly("bob", QUESTION)
    await answered(on_discord, on_discord.direct("bob"))
    assert len([one for one in on_discord.answers(on_discord.direct("ann")) if SLOWER in one["content"]]) == 1


async def test_a_reply_tells_the_desk_what_it_is_about(on_discord: DiscordServer, desk: ShopDesk) -> None:
    await on_discord.writes("ann", "<@100> " + QUESTION, "1002")
    thread = str((await on_discord.until(lambda: on_discord.threads("1002", PUBLIC)))[0]["id"])
    first = (await answered(on_discord, thread))[0]
    await on_discord.writes("bob", "Which payment methods do you accept?", thread, to=first)
    assert await answered(on_discord, thread, "PayPigeon")


async def test_a_press_of_somebody_else_in_a_public_thread_is_refused(on_discord: DiscordServer) -> None:
    await on_discord.writes("ann", "I need a bigger one")
    thread = str((await on_discord.until(lambda: on_discord.threads(SUPPORT, PUBLIC)))[0]["id"])
    shown = (await on_discord.until(lambda: [one for one in on_discord.answers(thread) if components(one)]))[0]
    label = next(one["label"] for one in components(shown) if "custom_id" in one)
    asked = await on_discord.presses("eve", shown, label)
    await on_discord.until(lambda: asked.answers)
    assert asked.answers[0]["type"] == 4
    assert "somebody else" in asked.answers[0]["data"]["content"]


class Failing:
    """A postbox whose storage is away for some time."""

    def __init__(self, postbox: Postbox) -> None:
        self._postbox, self.failures = postbox, 0

    async def accept(self, incoming: Incoming, per_minute: int = 0, deliver: bool = False) -> str:
        if self.failures:
            self.failures -= 1
            raise ConnectionError("not stored")
        return await self._postbox.accept(incoming, per_minute, deliver)

    def __getattr__(self, name: str) -> object:
        return getattr(self._postbox, name)


def failing(handles: Handles) -> tuple[Handles, Failing]:
    postbox = Failing(handles.postbox)
    return msgspec.structs.replace(handles, postbox=postbox), postbox


async def test_what_could_not_be_stored_is_tried_again_in_its_order(discord: DiscordServer, desk: ShopDesk) -> None:
    handles, postbox = failing(desk.handles)
    async with served(discord, handles):
        postbox.failures = 3
        words = ["one", "two", "three"]
        for word in words:
            await discord.writes_directly("ann", word)
        await has_said(desk, direct(discord), words)


async def test_a_press_that_could_not_be_stored_is_said_to_have_failed(discord: DiscordServer, desk: ShopDesk) -> None:
    handles, postbox = failing(desk.handles)
    async with served(discord, handles):
        await discord.until(lambda: discord.rest.commands)
        postbox.failures = 1
        asked = await discord.commands("ann", "help", discord.direct("ann"))
        await discord.until(lambda: asked.answers)
        assert "Please send it again" in asked.answers[0]["data"]["content"]


@pytest.mark.parametrize("locale", ["zh-CN", "en-US", "fr"])
async def test_the_form_is_in_the_language_of_who_opens_it(on_discord: DiscordServer, locale: str) -> None:
    await on_discord.until(lambda: on_discord.rest.commands)
    form = await on_discord.commands("ann", "order", locale=locale)
    await on_discord.until(lambda: form.answers)
    title = form.answers[0]["data"]["title"]
    assert title.isascii() is (locale != "zh-CN")


async def test_a_server_of_another_shard_is_served_as_well(desk: ShopDesk) -> None:
    other = DiscordServer(str(3 << 22))
    other.gateway.shards = 2
    other.relax()
    async with discord_server(server=other), served(other, desk.handles):
        await other.until(lambda: other.gateway.identified == 2, 20)
        await other.writes("ann", QUESTION)
        thread = str((await other.until(lambda: other.threads(SUPPORT, PUBLIC)))[0]["id"])
        assert await answered(other, thread)
        await other.writes_directly("ann", QUESTION)
        assert await answered(other, other.direct("ann"))


async def test_a_thread_that_could_not_be_opened_at_once_is_tried_again(on_discord: DiscordServer) -> None:
    on_discord.fails("POST", "/threads", 0, times=2)
    await on_discord.writes("ann", QUESTION)
    thread = str((await on_discord.until(lambda: on_discord.threads(SUPPORT, PUBLIC)))[0]["id"])
    assert await answered(on_discord, thread)


async def test_a_thread_that_was_opened_though_the_answer_was_lost_is_used(on_discord: DiscordServer) -> None:
    on_discord.fails("POST", "/threads", 0, after=True)
    message = await on_discord.writes("ann", QUESTION)
    assert await answered(on_discord, message["id"])
    assert len(on_discord.threads(SUPPORT)) == 1


async def test_a_private_thread_that_went_to_sleep_is_woken(on_discord: DiscordServer) -> None:
    await on_discord.until(lambda: on_discord.rest.commands)
    asked = await on_discord.commands("ann", "account")
    await on_discord.until(lambda: asked.answers)
    private = on_discord.private_threads("ann")[0]
    private["thread_metadata"]["archived"] = True
    await on_discord.gateway.tell("THREAD_UPDATE", private)
    again = await on_discord.commands("ann", "help")
    await on_discord.until(lambda: again.answers)
    assert f"channels/{on_discord.world.guild_id}/{private['id']}" in str(again.answers[0])
    assert len(on_discord.threads(SUPPORT)) == 1
    assert not private["thread_metadata"]["archived"]


async def test_one_customers_private_thread_does_not_wait_for_anothers(on_discord: DiscordServer) -> None:
    await on_discord.until(lambda: on_discord.rest.commands)
    slow = on_discord.world.person("ann")["id"]
    on_discord.fails("PUT", f"/thread-members/{slow}", wait=8.0)
    anns = await on_discord.commands("ann", "account")
    await on_discord.until(lambda: on_discord.asked("PUT", f"/thread-members/{slow}"))
    bobs = await on_discord.commands("bob", "account")
    await on_discord.until(lambda: bobs.answers, 7)
    assert not [one for one in anns.answers if one["type"] != 5]  # 5: later


async def test_a_private_thread_that_cannot_be_opened_now_is_not_replaced_by_direct_messages(
    on_discord: DiscordServer,
) -> None:
    await on_discord.until(lambda: on_discord.rest.commands)
    on_discord.fails("POST", f"/channels/{SUPPORT}/threads", 503)
    asked = await on_discord.commands("ann", "account")
    await on_discord.until(lambda: asked.answers)
    assert "Please send it again" in asked.answers[0]["data"]["content"]
    again = await on_discord.commands("ann", "account")
    await on_discord.until(lambda: again.answers)
    assert on_discord.private_threads("ann")


async def test_a_customer_who_left_their_private_thread_is_called_back_into_it(on_discord: DiscordServer) -> None:
    await on_discord.until(lambda: on_discord.rest.commands)
    asked = await on_discord.commands("ann", "account")
    await on_discord.until(lambda: asked.answers)
    private = on_discord.private_threads("ann")[0]["id"]
    on_discord.world.members[private].discard(on_discord.world.person("ann")["id"])
    again = await on_discord.commands("ann", "help")
    await on_discord.until(lambda: again.answers)
    assert [one["id"] for one in on_discord.private_threads("ann")] == [private]
    assert len(on_discord.threads(SUPPORT)) == 1
