"""The chat while staff are there: who they are, that they write, and photos both ways, in a real browser."""

# ruff: noqa: F401, F811  # `browser` is a fixture
import json
import re
import struct
import zlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from bot.desks import Handoff
from tests.staff_pages import StaffedShop, browsing, hear, new_id, staffed_shop
from tests.widget_visits import Window, browser

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shop(
    demo_copied_to: Callable[[Path], Path], redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[StaffedShop]:
    data = demo_copied_to(tmp_path_factory.mktemp("staffed") / "data")
    async with staffed_shop(data, redis_url) as opened:
        yield opened


def picture(width: int, height: int) -> bytes:
    """A PNG of one colour."""

    def chunk(name: bytes, content: bytes) -> bytes:
        checked = name + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    rows = b"".join(b"\0" + b"\x1c\x5c\x4d" * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


async def asks_for_a_person(shop: StaffedShop, window: Window) -> Handoff:
    known = {one.conversation for one in await shop.handles.staff.desk.handoffs()}
    await window.page.goto(shop.url + "/en/")
    await window.open()
    await window.ask("I want to talk to a person")
    await expect(window.chat.locator("#state")).to_have_text(re.compile("Fetching a person…|Closed now, back"))
    return next(one for one in await shop.handles.staff.desk.handoffs() if one.conversation not in known)


async def test_a_customer_sees_who_writes_and_that_they_do_and_photos_go_both_ways(
    browser: Browser, shop: StaffedShop
) -> None:
    context = await browser.new_context(viewport={"width": 1280, "height": 860})
    page = await context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda problem: complaints.append(str(problem)))
    page.on("console", lambda line: line.type == "error" and complaints.append(line.text))
    window = Window(context, page)
    async with browsing(shop, "olivia") as olivia, olivia.socket() as staff:
        handoff = await asks_for_a_person(shop, window)
        talk = f"talks/{handoff.conversation}"
        await staff.send(json.dumps({"watch": handoff.conversation}))
        await olivia.post(f"{talk}/take")
        await expect(window.chat.locator("#state")).to_have_text("With our team")
        await staff.send(json.dumps({"types": handoff.conversation}))
        await expect(window.chat.locator("#typing")).to_be_visible()
        await expect(window.chat.locator("#writing")).to_have_text("Olivia is writing")
        _, kept = await olivia.send_up(handoff.conversation, "like-this.png", picture(60, 40))
        await olivia.post(f"{talk}/say", {"id": new_id(), "text": "Does it look like this?", "files": [kept["file"]]})
        block = window.log.locator(".turn.staff").last
        await expect(block.locator(".name")).to_have_text("Olivia · our team")
        await expect(block.get_by_role("img")).to_have_attribute("alt", "Photo: like-this.png")
        await expect(window.chat.locator("#typing")).to_be_hidden()
        assert await block.get_by_role("img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 60

        await window.text.press_sequentially("No, ")
        told = await hear(staff, lambda frame: frame["kind"] == "typing")
        assert told["conversation"] == handoff.conversation
        files = window.chat.locator("#files")
        await files.set_input_files({"name": "mine.png", "mimeType": "image/png", "buffer": picture(30, 20)})
        sent = await hear(staff, lambda frame: any(one.get("attachments") for one in frame.get("events", [])))
        photo = next(one["attachments"][0] for one in sent["events"] if one.get("attachments"))
        assert (photo["kind"], photo["name"]) == ("photo", "mine.png")
        async with olivia.http.get(photo["url"]) as answer:
            assert await answer.read() == picture(30, 20)
        mine = window.log.locator(".turn.customer").last
        await expect(mine.get_by_role("img")).to_have_attribute("alt", "Photo: mine.png")
        await expect(mine.locator(".fate")).to_have_count(0)
        await files.set_input_files(
            {"name": "big.png", "mimeType": "image/png", "buffer": b"\x89PNG" + bytes(10_000_001)}
        )
        await expect(window.log.locator(".fate")).to_have_text("Not sent: the file is too large")
        assert [one for one in complaints if "413" not in one] == []

        await page.reload()
        await expect(window.log.get_by_role("img")).to_have_count(2)
        await window.picture("chat-with-staff")
        await olivia.post(f"{talk}/close")
        await expect(window.chat.locator("#state")).to_have_text("Service desk")
    await context.close()
