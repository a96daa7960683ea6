"""The chat in a real browser while the desk is behind: a calm line with the place, gone when the answer begins."""

# ruff: noqa: F401, F811  # `browser` is a fixture
import pytest
from playwright.async_api import Browser, expect

from bot.channels import TooMuch
from bot.messages import Busy
from tests.widget_visits import browser, visiting

pytestmark = pytest.mark.asyncio(loop_scope="module")

LINES = {
    "en": ("We are busy: 214 conversations are before yours.", "We are busy: 1 conversation is before yours."),
    "zh": ("咨询的人较多：您前面还有 214 个对话。", "咨询的人较多：您前面还有 1 个对话。"),
}
NOT_NOW = "We cannot take it just now. It goes out by itself in a moment."


@pytest.mark.parametrize("language", LINES)
async def test_who_has_to_wait_reads_how_many_are_before_them(browser: Browser, language: str) -> None:
    many, one = LINES[language]
    async with visiting(browser, f"/{language}/") as visit:
        await visit.open()
        visit.talk.go_on.clear()
        await visit.ask("How long?")
        await expect(visit.chat.locator("#draft")).to_be_visible()
        where = visit.shop.postbox.accepted[0].conversation
        busy = visit.chat.locator("#busy")
        for place, line in ((1, one), (214, many)):
            await visit.shop.postbox.tell(where, Busy(place))
            await expect(busy).to_have_text(line)
            await expect(busy).to_be_in_viewport()
        await visit.picture(f"chat-busy-{language}")
        visit.talk.go_on.set()
        await visit.answered()
        await expect(busy).to_be_hidden()


async def test_a_message_that_a_full_desk_refuses_goes_out_by_itself(browser: Browser) -> None:
    async with visiting(browser) as visit:
        visit.shop.postbox.refuses = TooMuch("line", 1)
        await visit.open()
        await visit.ask("How long?")
        await expect(visit.chat.get_by_text(NOT_NOW)).to_be_visible()
        visit.shop.postbox.refuses = None
        await visit.answered()
        await expect(visit.chat.get_by_text(NOT_NOW)).to_be_hidden()
