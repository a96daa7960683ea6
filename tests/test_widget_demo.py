"""The demo shop as its visitor has it: a process of its own, a browser, and orders that really change."""

# ruff: noqa: F401, F811  # `browser` is a fixture
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.demo_visitors import ADA, mailed_code, order_of
from tests.running import running
from tests.widget_visits import PHONE, Window, browser

pytestmark = pytest.mark.asyncio(loop_scope="module")

PENDING, PACKED = order_of(ADA, "pending"), order_of(ADA, "processed")


@asynccontextmanager
async def as_ada(browser: Browser, url: str, language: str = "en", **options: Any) -> AsyncIterator[Window]:
    """Signed in by the menu of the demo shop, with the chat open."""
    context = await browser.new_context(**{"viewport": {"width": 1280, "height": 860}, **options})
    context.set_default_timeout(30_000)
    try:
        window = Window(context, await context.new_page())
        await window.page.goto(f"{url}/{language}/")
        await window.page.locator(".visitor summary").click()
        await window.page.get_by_role("button", name="Ada Holm").click()
        await window.open()
        yield window
    finally:
        await context.close()


async def press(window: Window, label: str) -> None:
    """The newest button that says so."""
    await window.log.get_by_role("button", name=label, exact=True).last.click()


async def test_a_customer_cancels_an_order_and_finds_it_cancelled(browser: Browser, demo_data: Path) -> None:
    with running(demo_data) as desk:
        async with as_ada(browser, desk.url) as ada:
            await ada.ask(f"Please cancel my order {PENDING}")
            await press(ada, "I ordered it by mistake")
            card = ada.log.get_by_role("group", name=f"Cancel order {PENDING}")
            await expect(card.locator("ins")).to_have_text("to cancelled")
            await expect(card.locator(".amount")).to_have_text("$92.00")
            await ada.picture("action-cancel")
            await press(ada, "Confirm")
            await expect(ada.log).to_contain_text(f"Done: order {PENDING} is cancelled.")
            await ada.page.reload()
            await expect(card.get_by_role("button", name="Confirm")).to_be_disabled()
            await expect(card.locator(".chosen")).to_have_count(1)
            await ada.ask(f"Where is my order {PENDING}?")
            await expect(ada.log.get_by_text("was cancelled")).to_be_visible()


async def test_a_question_in_between_leaves_the_card_to_be_confirmed(browser: Browser, demo_data: Path) -> None:
    with running(demo_data) as desk:
        async with as_ada(browser, desk.url) as ada:
            await ada.ask(f"Please cancel my order {PENDING}")
            await press(ada, "I ordered it by mistake")
            cards = ada.log.get_by_role("group", name=f"Cancel order {PENDING}")
            await expect(cards).to_have_count(1)
            await ada.ask("How long does delivery take?")
            await expect(ada.log.locator(".desk").last).to_contain_text("working days")
            await ada.page.reload()
            await press(ada, "Confirm")
            await expect(ada.log.locator(".desk").last).to_contain_text(f"Done: order {PENDING} is cancelled.")
            await expect(cards.get_by_role("button", name="Confirm")).to_have_accessible_name("Confirm (chosen)")


async def test_a_late_yes_brings_the_card_again_and_only_that_copy_is_open(browser: Browser, demo_data: Path) -> None:
    with running(demo_data) as desk:
        async with as_ada(browser, desk.url) as ada:
            await ada.ask(f"Please cancel my order {PENDING}")
            await press(ada, "I ordered it by mistake")
            cards = ada.log.get_by_role("group", name=f"Cancel order {PENDING}")
            await expect(cards).to_have_count(1)
            await ada.ask("How long does delivery take?")
            await expect(ada.log.locator(".desk").last).to_contain_text("working days")
            await ada.ask("yes")
            await expect(cards).to_have_count(2)
            await expect(cards.first.get_by_role("button", name="Confirm")).to_be_disabled()
            await cards.last.get_by_role("button", name="Confirm").click()
            await expect(ada.log.locator(".desk").last).to_contain_text(f"Done: order {PENDING} is cancelled.")


async def test_a_new_address_is_confirmed_with_the_code_from_the_mail(browser: Browser, demo_data: Path) -> None:
    with running(demo_data) as desk:
        async with as_ada(browser, desk.url, **{**PHONE, "has_touch": False}) as ada:
            await ada.ask(f"Change the address of order {PACKED}")
            await expect(ada.log.get_by_text(f"Where should order {PACKED} go?")).to_be_visible()
            await ada.ask("7 Hill Road <b>&, 8000 Bruges, Belgium")
            await expect(ada.log.get_by_text("I have mailed a code to a")).to_be_visible()
            code = await mailed_code(demo_data)
            assert f"{code} is your code for Owl & Otter" in desk.output.read_text()  # the terminal says so, too
            await ada.ask(code)
            card = ada.log.get_by_role("group", name=f"New delivery address for order {PACKED}")
            await expect(card.locator("del")).to_contain_text("14 Ferry Lane, 5003 Bergen, Norway")
            await expect(card.locator("ins")).to_have_text("to 7 Hill Road <b>&, 8000 Bruges, Belgium")
            await ada.picture("action-address")
            await press(ada, "Confirm")
            await expect(ada.log).to_contain_text(f"Done: order {PACKED} goes to the new address.")


async def test_in_chinese_a_typed_yes_does_it_too(browser: Browser, demo_data: Path) -> None:
    with running(demo_data) as desk:
        async with as_ada(browser, desk.url, "zh") as ada:
            await ada.ask(f"取消订单 {PENDING}")
            await press(ada, "拍错了")
            card = ada.log.get_by_role("group", name=f"取消订单 {PENDING}")
            await expect(card.locator(".amount")).to_have_text("US$92.00")
            await ada.picture("action-chinese")
            await ada.ask("是")
            await expect(ada.log.locator(".desk").last).to_contain_text("已取消")
            await expect(card.get_by_role("button", name="确认")).to_be_disabled()
