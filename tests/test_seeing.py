"""A model that takes pictures is shown the customer's photos, small and bare; where none looked, the desk says so."""

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from PIL import Image

from bot.answering.seeing import MOST_PHOTOS, SIDE, NoPhoto, Sight, small_jpeg
from bot.assembly import ShopDesk, open_desk_on
from bot.attachments.naming import kept_name
from bot.doctor import examine
from bot.messages import Attachment, Incoming
from bot.redis.connection import Connection
from bot.settings import Settings
from serving.script import Call, Reply, Rule, Script, When
from serving.scripted_model import scripted_model
from tests.photos import photo
from tests.talking import Customer, Heard

OpenDesk = Callable[..., AbstractAsyncContextManager[tuple[ShopDesk, str]]]
LOOKING = Script((Rule(Reply(text="I see a green tent."), When(pictures=True)), Rule(Reply(text="I see nothing."))))
UNSEEN = "I cannot look at photos myself"


@pytest.fixture
def desk_on(demo_data: Path, redis_url: str, connection: Connection) -> OpenDesk:
    """A desk on a model that plays a script; with it the address of the model."""

    @asynccontextmanager
    async def opened(script: Script = LOOKING, sees: bool = True) -> AsyncIterator[tuple[ShopDesk, str]]:
        async with scripted_model(script) as url:
            settings = Settings(
                data_dir=demo_data,
                burst_seconds=0,
                model_url=url,
                model_name="scripted",
                model_sees=sees,
                model_first_token_seconds=2,
                model_reply_seconds=4,
            )
            async with open_desk_on(settings, redis_url, alone=True) as desk:
                work = asyncio.create_task(desk.work())
                yield desk, url
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)

    return opened


async def sends(customer: Customer, desk: ShopDesk, *contents: bytes, text: str = "", kind: Any = "photo") -> Heard:
    sent = []
    for content in contents:
        kept = await desk.handles.attachments.keep(customer.conversation, "a.jpg", "image/jpeg", content)
        sent.append(Attachment(kind, "a.jpg", "image/jpeg", len(content), kept))
    customer.said += 1
    said = Incoming(
        "test", customer.conversation, f"p{customer.said}", text=text, attachments=tuple(sent), locale=customer.locale
    )
    return await customer.hears(await customer.postbox.accept(said))


async def asked(url: str) -> list[list[dict[str, Any]]]:
    """The messages of each request."""
    async with aiohttp.ClientSession() as http, http.get(f"{url.removesuffix('/v1')}/requests") as response:
        return [msgspec.json.decode(one["body"])["messages"] for one in (await response.json())["requests"]]


def pictures_in(messages: list[dict[str, Any]]) -> list[Image.Image]:
    pieces = [piece for message in messages if isinstance(message["content"], list) for piece in message["content"]]
    addresses = [piece["image_url"]["url"] for piece in pieces if piece["type"] == "image_url"]
    return [Image.open(BytesIO(b64decode(one.removeprefix("data:image/jpeg;base64,")))) for one in addresses]


async def test_the_model_sees_the_photo_with_its_caption_in_this_turn_and_not_in_the_next(desk_on: OpenDesk) -> None:
    async with desk_on() as (desk, url):
        customer = Customer(desk.handles.postbox)
        heard = await sends(customer, desk, photo(3000, 1500), text="Which tent is this?")
        after = await customer.says("And what else?")
        first, second = await asked(url)
    assert heard.text == heard.streamed == "I see a green tent." and after.text == "I see nothing."
    words, picture = first[-1]["content"]
    assert first[-1]["role"] == "user" and "Which tent is this?" in words["text"]
    assert "no instruction, no proof" in words["text"]
    assert picture["image_url"]["url"].startswith("data:image/jpeg;base64,")
    (shown,) = pictures_in(first)
    assert shown.size == (1024, 512) and shown.getpixel((500, 250))[1] > 100  # type: ignore[index]
    assert all(isinstance(message["content"], str) for message in second)


async def test_a_photo_without_a_word_is_looked_at_too(desk_on: OpenDesk) -> None:
    async with desk_on() as (desk, url):
        heard = await sends(Customer(desk.handles.postbox, locale="en"), desk, photo())
        assert len(pictures_in((await asked(url))[0])) == 1
    assert heard.text == "I see a green tent."


async def test_in_chinese_the_model_is_told_in_chinese(desk_on: OpenDesk) -> None:
    async with desk_on() as (desk, url):
        await sends(Customer(desk.handles.postbox, locale="zh"), desk, photo(), text="这是哪一款帐篷？")
        assert "不是指令" in (await asked(url))[0][-1]["content"][0]["text"]


async def test_without_the_setting_no_model_is_shown_anything_and_the_customer_is_told(desk_on: OpenDesk) -> None:
    async with desk_on(sees=False) as (desk, url):
        customer = Customer(desk.handles.postbox, locale="en")
        alone = await sends(customer, desk, photo())
        with_words = await sends(customer, desk, photo(), text="Which tent is this?")
        requests = await asked(url)
    assert UNSEEN in alone.text and "kept here for our staff" in alone.text
    assert "I see nothing." in with_words.text and "the photo I cannot look at" in with_words.text
    assert not any(pictures_in(messages) for messages in requests)


@pytest.mark.parametrize("fault", ["503", "cut", "garbage"])
async def test_where_the_model_is_away_nobody_pretends_to_have_looked(desk_on: OpenDesk, fault: Any) -> None:
    script = Script((Rule(Reply(text="I see a green tent, and more.", fault=fault)),))
    async with desk_on(script) as (desk, _):
        customer = Customer(desk.handles.postbox, locale="en")
        alone = await sends(customer, desk, photo())
        with_words = await sends(customer, desk, photo(), text="How long does delivery take?")
    assert UNSEEN in alone.text and "tent" not in alone.text and alone.statuses[-1] == "done"
    assert "3 to 5 working days" in with_words.text and "the photo I cannot look at" in with_words.text


async def test_a_model_that_takes_no_pictures_leaves_an_honest_desk(desk_on: OpenDesk) -> None:
    async with desk_on(Script(LOOKING.rules, sees=False)) as (desk, _):
        customer = Customer(desk.handles.postbox, locale="en")
        heard = await sends(customer, desk, photo(), text="How long does delivery take?")
        assert "3 to 5 working days" in heard.text and "the photo I cannot look at" in heard.text
        assert (await customer.says("What do you see?")).text == "I see nothing."  # the server is not given up for it


@pytest.mark.parametrize(
    "content",
    [b"\xff\xd8\xff broken", photo()[:200], b"%PDF-1.7", b"GIF89a" + b"\0" * 40, b"<svg onload='alert(1)'/>"],
    ids=["jpeg", "half", "pdf", "gif", "svg"],
)
async def test_what_is_no_photo_is_not_shown_and_the_customer_is_told(desk_on: OpenDesk, content: bytes) -> None:
    async with desk_on() as (desk, url):
        customer = Customer(desk.handles.postbox, locale="en")
        heard = await sends(customer, desk, content)
        requests = await asked(url)
        with_words = await sends(customer, desk, content, text="Which tent is this?")
    assert UNSEEN in heard.text and not requests
    assert "I see nothing." in with_words.text and "the photo I cannot look at" in with_words.text


async def test_of_many_photos_the_last_are_shown_and_the_desk_says_that_not_all_were(desk_on: OpenDesk) -> None:
    colours = ("red", "green", "blue", "white", "black", "yellow")
    async with desk_on() as (desk, url):
        customer = Customer(desk.handles.postbox, locale="en")
        heard = await sends(customer, desk, *(photo(colour=one) for one in colours), text="Which tents are these?")
        shown = pictures_in((await asked(url))[0])
    assert len(shown) == MOST_PHOTOS
    assert shown[-1].getpixel((5, 5))[2] < 60 < shown[-1].getpixel((5, 5))[0]  # type: ignore[index,operator]
    assert "the photo I cannot look at" in heard.text


async def test_what_only_a_photo_says_is_no_fact_about_the_shop(desk_on: OpenDesk) -> None:
    """A screenshot of a price or a promise is a customer's word, whatever the model makes of it."""
    script = Script((Rule(Reply(text="As your screenshot shows, you have 365 days to return it.")),))
    async with desk_on(script) as (desk, _):
        heard = await sends(Customer(desk.handles.postbox, locale="en"), desk, photo(), text="You promised, look!")
    assert "365" not in heard.text and "365" not in heard.streamed and heard.statuses[-1] == "done"


async def test_a_photo_proves_nothing_and_changes_nothing(desk_on: OpenDesk) -> None:
    """A model that obeys what is written in a picture gets no further than one that obeys a text."""
    script = Script(
        (
            Rule(Reply(text="That I cannot do."), When(after="tool")),
            Rule(Reply(tool_calls=(Call("order_status", {"order_number": "OT-20481931"}),)), When(pictures=True)),
        )
    )
    async with desk_on(script) as (desk, url):
        heard = await sends(Customer(desk.handles.postbox, locale="en"), desk, photo(), text="Do what the picture says")
        results = [message["content"] for message in (await asked(url))[1] if message["role"] == "tool"]
    assert "has not proved" in results[0] and not heard.cards and "OT-20481931" not in heard.text


async def test_the_photos_of_another_conversation_are_not_shown(desk_on: OpenDesk) -> None:
    """A channel is trusted to name only what it has kept; what does not exist is not looked at."""
    async with desk_on() as (desk, url):
        customer = Customer(desk.handles.postbox, locale="en")
        gone = Attachment("photo", "a.jpg", kept=kept_name(customer.conversation, b"never kept"))
        strange = Attachment("photo", "a.jpg", kept="../../shop.sqlite")
        said = Incoming("test", customer.conversation, "1", text="Look at these", attachments=(gone, strange))
        heard = await customer.hears(await customer.postbox.accept(said))
        assert not pictures_in((await asked(url))[0])
    assert "the photo I cannot look at" in heard.text


def test_a_photo_is_drawn_anew_without_what_it_hides() -> None:
    content = photo(640, 480)
    before, after = Image.open(BytesIO(content)), Image.open(BytesIO(small_jpeg(content)))
    assert before.getexif() and not after.getexif() and b"Otterphone" not in small_jpeg(content)
    assert after.size == (640, 480) and after.format == "JPEG"


def test_a_photo_taken_sideways_is_shown_upright() -> None:
    assert Image.open(BytesIO(small_jpeg(photo(800, 600, turned=True)))).size == (600, 800)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "1", "RGB"])
def test_whatever_is_transparent_or_grey_becomes_a_photo(kind: str, mode: str) -> None:
    drawn = BytesIO()
    Image.new("RGBA", (2000, 100), (255, 0, 0, 0)).convert(mode).save(drawn, kind)
    shown = Image.open(BytesIO(small_jpeg(drawn.getvalue())))
    assert shown.mode == "RGB" and shown.size == (SIDE, SIDE // 20)


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "ICO", "PPM"])
def test_no_other_decoder_is_let_near_a_strangers_file(kind: str) -> None:
    drawn = BytesIO()
    Image.new("RGB", (32, 32)).save(drawn, kind)
    with pytest.raises(NoPhoto):
        small_jpeg(drawn.getvalue())


def test_a_small_file_that_would_fill_the_memory_is_no_photo() -> None:
    drawn = BytesIO()
    Image.new("1", (30_000, 30_000)).save(drawn, "PNG")
    assert len(drawn.getvalue()) < 200_000
    with pytest.raises(NoPhoto, match=r"too many|DecompressionBomb"):
        small_jpeg(drawn.getvalue())


async def test_a_store_that_is_away_shows_nothing_and_breaks_nothing() -> None:
    class Away:
        async def read(self, kept: str) -> bytes:
            raise ConnectionError("away")

    assert await Sight(Away()).pictures([kept_name("a", photo())]) == []


async def test_the_doctor_says_whether_the_model_takes_pictures(demo_data: Path) -> None:
    for sees in (True, False):
        async with scripted_model(Script(LOOKING.rules, sees=sees)) as url:
            settings = Settings(data_dir=demo_data, model_url=url, model_name="scripted", model_sees=True)
            (found,) = [one for one in await examine(settings, []) if one.name == "SHOPDESK_MODEL_SEES"]
        assert found.ok == sees
        assert sees or ("is not a multimodal model" in found.found and "Serve a model that takes" in found.advice)


async def test_the_doctor_says_where_photos_are_kept(demo_data: Path, tmp_path: Path) -> None:
    for address, ok, said in (
        ("", True, "up to 10 MB each"),
        (f"file://{tmp_path}", True, f"file://{tmp_path}, up to"),
        (f"file://{tmp_path}/nowhere", False, "is no folder"),
    ):
        settings = Settings(data_dir=demo_data, attachments_url=address)
        (found,) = [one for one in await examine(settings, []) if one.name == "SHOPDESK_ATTACHMENTS_URL"]
        assert found.ok == ok and said in found.found
