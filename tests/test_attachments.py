"""What customers send is kept: by its content, within limits, as long as its conversation, and for nobody else."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from click.testing import CliRunner

from bot.assembly import ShopDesk, open_desk_on
from bot.attachments.keeping import MOST_A_DAY, KeptAttachments
from bot.attachments.naming import conversation_of, kept_name
from bot.attachments.sniffing import ending_of, is_photo
from bot.attachments.sweeping import Sweeper
from bot.cli import main
from bot.keys import Keys
from bot.limits import Limits
from bot.listening import Listener
from bot.mailbox import Mailbox
from bot.messages import Attachment, Incoming
from bot.object_stores import open_store
from bot.redis.connection import Connection
from bot.settings import Settings, SettingsError, read_settings
from tests.photos import photo
from tests.talking import Customer

HERE, ELSEWHERE = "platform:7:42", "platform:7:43"
DAY, ZEROS = 24 * 3600, "0" * 40
PHOTO = photo()


class Shelf:
    """A store of its own over the Redis of the test."""

    def __init__(self, folder: Path, connection: Connection) -> None:
        self.folder, self.keys = folder, Keys()
        self.store = open_store(f"file://{folder}")
        self.attachments = KeptAttachments(self.store, 10_000, Limits(connection.commands))
        self.sweeper = Sweeper(self.store, connection, self.keys)
        self.mailbox = Mailbox(connection, self.keys, Listener(connection))

    def files(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*") if path.is_file())

    async def keep(self, conversation: str = HERE, content: bytes = PHOTO) -> str:
        return await self.attachments.keep(conversation, "photo.jpg", "image/jpeg", content)

    def age(self, kept: str, days: float) -> None:
        when = time.time() - days * DAY
        os.utime(self.folder / kept, (when, when))


@pytest.fixture
def shelf(tmp_path: Path, connection: Connection) -> Shelf:
    return Shelf(tmp_path / "attachments", connection)


async def said_something(shelf: Shelf, conversation: str) -> None:
    await shelf.mailbox.accept(Incoming("platform", conversation, "1", text="hello"))


async def test_what_was_kept_is_read_back_byte_for_byte(shelf: Shelf) -> None:
    assert await shelf.attachments.read(await shelf.keep()) == PHOTO


async def test_the_same_content_twice_in_a_conversation_is_one_and_in_another_is_another(shelf: Shelf) -> None:
    first = await shelf.keep()
    assert await shelf.keep() == first
    other = await shelf.keep(ELSEWHERE)
    assert other != first and len(shelf.files()) == 2


@pytest.mark.parametrize(
    "name",
    ["../../../../etc/passwd", "/etc/passwd", "C:\\boot.ini", "a\0b.jpg", "x" * 5000, "", "照片.jpg", "..", "evil.php"],
)
async def test_a_customers_name_for_a_file_is_no_part_of_its_place(shelf: Shelf, name: str) -> None:
    kept = await shelf.attachments.keep(HERE, name, "text/html; charset=../..", b"<script>alert(1)</script>")
    assert kept == kept_name(HERE, b"<script>alert(1)</script>") and kept.endswith(".bin")
    assert [path.relative_to(shelf.folder).as_posix() for path in shelf.files()] == [kept]


@pytest.mark.parametrize(
    "kept",
    ["../secret", "/etc/passwd", "", "a/../../secret", "secret", f"mfrgg/{ZEROS}.jpg\n", f"MFRGG/{ZEROS}.jpg",
     f"mfrgg/{ZEROS}.jpg/..", f"1/{ZEROS}.jpg", f"mfrgg/{ZEROS}.jpg"],
)  # fmt: skip
async def test_nothing_is_read_that_was_not_kept(shelf: Shelf, kept: str) -> None:
    (shelf.folder / "secret").write_text("the shop's")
    with pytest.raises(FileNotFoundError):
        await shelf.attachments.read(kept)


@pytest.mark.parametrize("conversation", [HERE, "客户:一:二", "a", "web:" + "x" * 136, "../../x", "a/b:c\0d"])
def test_the_name_says_whose_it_is_and_leaves_its_folder_for_no_other(conversation: str) -> None:
    kept = kept_name(conversation, PHOTO)
    assert conversation_of(kept) == conversation
    folder, name = kept.split("/")
    assert folder.isalnum() and folder.islower() and ".." not in name and len(folder) <= 240


@pytest.mark.parametrize("conversation", ["", "x" * 141])
def test_an_id_that_no_channel_gives_is_refused(conversation: str) -> None:
    with pytest.raises(ValueError, match="1 to 140 bytes"):
        kept_name(conversation, PHOTO)


async def test_what_is_empty_or_too_large_is_refused_and_nothing_is_kept(shelf: Shelf) -> None:
    for content, why in ((b"", "empty"), (b"x" * 10_001, "10000 are kept at most")):
        with pytest.raises(ValueError, match=why):
            await shelf.keep(content=content)
    assert shelf.files() == []
    await shelf.keep(content=b"x" * 10_000)


async def test_a_conversation_cannot_fill_the_disk(shelf: Shelf) -> None:
    for number in range(MOST_A_DAY):
        await shelf.keep(content=f"file {number}".encode())
    with pytest.raises(ValueError, match="in a day"):
        await shelf.keep(content=b"one more")
    assert len(shelf.files()) == MOST_A_DAY
    await shelf.keep(content=b"file 0")  # a platform that delivers twice takes nothing away
    await shelf.keep(ELSEWHERE, b"one more")


@pytest.mark.parametrize(
    ("content", "ending", "photographed"),
    [
        (photo(), "jpg", True),
        (photo(kind="PNG"), "png", True),
        (photo(kind="WEBP"), "webp", True),
        (photo(kind="GIF"), "gif", True),
        (b"%PDF-1.7 ...", "pdf", False),
        (b"\0\0\0\x18ftypheic....", "heic", False),
        (b"\0\0\0\x18ftypisom....", "mp4", False),
        (b"PK\x03\x04", "zip", False),
        (b"<html>photo.jpg</html>", "bin", False),
        (b"MZ\x90\0", "bin", False),
        (b"RIFF....WAVE", "bin", False),
    ],
)
def test_a_file_is_what_its_bytes_say(content: bytes, ending: str, photographed: bool) -> None:
    assert ending_of(content) == ending
    assert is_photo(kept_name(HERE, content)) == photographed


async def test_what_a_forgotten_conversation_had_is_erased_and_what_others_have_stays(shelf: Shelf) -> None:
    mine, others = await shelf.keep(), await shelf.keep(ELSEWHERE)
    await said_something(shelf, HERE)
    await shelf.sweeper.erase_forgotten()
    assert len(shelf.files()) == 2
    await shelf.mailbox.erase(HERE)
    await shelf.sweeper.erase_forgotten()
    assert [path.relative_to(shelf.folder).as_posix() for path in shelf.files()] == [others]
    with pytest.raises(FileNotFoundError):
        await shelf.attachments.read(mine)


async def test_what_is_sent_after_a_conversation_was_forgotten_stays(shelf: Shelf) -> None:
    await shelf.keep()
    await shelf.mailbox.erase(HERE)
    kept = await shelf.keep(content=photo(colour="red"))
    shelf.age(kept, days=-1 / DAY)  # a second later
    for _ in range(2):
        await shelf.sweeper.erase_forgotten()
    assert await shelf.attachments.read(kept)
    assert len(shelf.files()) == 1


async def test_what_came_with_a_message_that_stays_is_kept_though_the_clocks_disagree(shelf: Shelf) -> None:
    gone = await shelf.keep()
    await said_something(shelf, HERE)
    await shelf.mailbox.erase(HERE)
    kept = await shelf.keep(content=photo(colour="red"))
    shelf.age(kept, days=1 / DAY)  # a second before
    sent = (Attachment("photo", kept=kept),)
    await shelf.mailbox.accept(Incoming("platform", HERE, "later", attachments=sent))
    await shelf.sweeper.erase_forgotten()
    assert await shelf.attachments.read(kept)
    with pytest.raises(FileNotFoundError):
        await shelf.attachments.read(gone)
    await shelf.mailbox.erase(HERE)
    await shelf.sweeper.erase_forgotten()
    assert not shelf.files()


async def test_every_machine_erases_in_its_own_store_and_one_that_was_off_does_so_when_it_starts(
    shelf: Shelf, tmp_path: Path, connection: Connection
) -> None:
    other = Shelf(tmp_path / "other-machine", connection)
    await shelf.keep()
    await other.keep()
    await shelf.mailbox.erase(HERE)
    await shelf.sweeper.erase_forgotten()
    assert not shelf.files() and other.files()
    await Sweeper(other.store, connection, other.keys).erase_forgotten()
    assert not other.files()


async def test_the_photo_of_a_message_that_its_customer_deletes_is_erased_and_what_other_messages_have_stays(
    shelf: Shelf,
) -> None:
    torn, whole = await shelf.keep(), await shelf.keep(content=photo(colour="red"))
    for number, kept in enumerate(((torn, whole), (whole,))):
        sent = tuple(Attachment("photo", kept=one) for one in kept)
        await shelf.mailbox.accept(Incoming("platform", HERE, str(number), attachments=sent))
    await shelf.mailbox.withdraw(HERE, "no such message")
    await shelf.sweeper.erase_forgotten()
    assert len(shelf.files()) == 2
    await shelf.mailbox.withdraw(HERE, "0")
    await shelf.sweeper.erase_forgotten()
    assert [path.relative_to(shelf.folder).as_posix() for path in shelf.files()] == [whole]


async def test_forgetting_twice_erases_twice(shelf: Shelf) -> None:
    for _ in range(2):
        await shelf.keep()
        await shelf.mailbox.erase(HERE)
        await shelf.sweeper.erase_forgotten()
        assert not shelf.files()


async def test_only_what_is_older_than_conversations_become_and_has_none_any_more_expires(shelf: Shelf) -> None:
    living, gone, young = await shelf.keep(), await shelf.keep(ELSEWHERE), await shelf.keep("platform:7:44")
    await said_something(shelf, HERE)
    for kept, days in ((living, 91), (gone, 91), (young, 89)):
        shelf.age(kept, days)
    strange = shelf.folder / "somebody-elses.txt"
    strange.write_text("keep me")
    os.utime(strange, (0, 0))
    await shelf.sweeper.erase_expired(time.time())
    left = {path.relative_to(shelf.folder).as_posix() for path in shelf.files()}
    assert left == {living, young, "somebody-elses.txt"}


async def test_a_store_that_is_away_is_an_error_that_is_tried_again(tmp_path: Path, connection: Connection) -> None:
    shelf = Shelf(tmp_path / "attachments", connection)
    (tmp_path / "attachments").rmdir()
    (tmp_path / "attachments").write_text("a file where the folder was")
    with pytest.raises(ConnectionError):
        await shelf.keep()
    with pytest.raises((ConnectionError, FileNotFoundError)):
        await shelf.attachments.read(kept_name(HERE, PHOTO))


@pytest_asyncio.fixture
async def kept_in_desk(desk: ShopDesk) -> AsyncIterator[tuple[ShopDesk, Customer, str]]:
    customer = Customer(desk.handles.postbox)
    kept = await desk.handles.attachments.keep(customer.conversation, "box.jpg", "image/jpeg", PHOTO)
    yield desk, customer, kept


async def posts_photo(customer: Customer, kept: str, text: str = "", name: str = "box.jpg") -> str:
    sent = Attachment("photo", name, "image/jpeg", len(PHOTO), kept)
    return await customer.postbox.accept(
        Incoming("test", customer.conversation, "p1", text=text, attachments=(sent,), locale="en")
    )


async def test_a_running_desk_erases_the_photos_of_a_conversation_that_is_erased(
    kept_in_desk: tuple[ShopDesk, Customer, str],
) -> None:
    desk, customer, kept = kept_in_desk
    await customer.hears(await posts_photo(customer, kept, "The box was torn."))
    await desk.handles.postbox.erase(customer.conversation)  # type: ignore[attr-defined]
    async with asyncio.timeout(20):
        while True:
            try:
                await desk.handles.attachments.read(kept)
            except FileNotFoundError:
                return
            await asyncio.sleep(0.1)


async def test_staff_see_that_there_is_a_photo_and_can_have_it(
    demo_data: Path, redis_url: str, connection: Connection, tmp_path: Path
) -> None:
    async with open_desk_on(Settings(data_dir=demo_data), redis_url, alone=True) as desk:
        customer = Customer(desk.handles.postbox)
        kept = await desk.handles.attachments.keep(customer.conversation, "box.jpg", "", PHOTO)
        await posts_photo(customer, kept, "Look \x1b[2Jat this", name="bo\x1bx\n.jpg")
    runner, copy = CliRunner(), tmp_path / "copy.jpg"
    settings = {"SHOPDESK_DATA_DIR": str(demo_data), "SHOPDESK_REDIS_URL": redis_url}

    def desk_command(*words: str) -> str:
        return runner.invoke(main, ["desk", *words], env=settings).output

    shown = await asyncio.to_thread(desk_command, "show", customer.conversation)
    assert f"[photo box .jpg, {len(PHOTO) / 1000:.0f} kB, shopdesk desk fetch {kept} FILE]" in shown
    assert "\x1b" not in shown and "Look [2Jat this" in shown
    assert "as carefully as any stranger's file" in await asyncio.to_thread(desk_command, "fetch", kept, str(copy))
    assert copy.read_bytes() == PHOTO
    assert "is there already" in await asyncio.to_thread(desk_command, "fetch", kept, str(copy))
    assert "not the name of an attachment" in await asyncio.to_thread(
        desk_command, "fetch", "../shop.sqlite", str(tmp_path / "stolen")
    )
    assert not (tmp_path / "stolen").exists()


def test_a_wrong_address_is_named() -> None:
    with pytest.raises(SettingsError, match="SHOPDESK_ATTACHMENTS_URL: must begin with s3://"):
        read_settings({"SHOPDESK_ATTACHMENTS_URL": "ftp://files"})
    with pytest.raises(SettingsError, match="SHOPDESK_ATTACHMENT_MB"):
        read_settings({"SHOPDESK_ATTACHMENT_MB": "0"})
    with pytest.raises(ValueError, match="SHOPDESK_ATTACHMENTS_URL s3:// cannot be opened"):
        open_store("s3://", "SHOPDESK_ATTACHMENTS_URL")
