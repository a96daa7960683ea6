"""The whole way of one customer to a person and back, in a real browser on either side, in each language.

What staff and customers do is done by keys and clicks alone. STORY_SHOTS=folder keeps pictures of every step.
"""

# ruff: noqa: F401, F811  # `browser` is a fixture
import json
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from bot.desk.desk_settings import DeskSettings
from bot.desk.expected_wait import ExpectedWait
from bot.desk.hours import OpeningHours
from bot.keys import Keys
from bot.redis.connection import connect
from tests.desk_pages import StaffPage, at_the_desk, said
from tests.staff_pages import StaffedShop, staffed_shop
from tests.web_callers import calling
from tests.widget_visits import Window, browser

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHOTS = os.environ.get("STORY_SHOTS", "")
WAITS = (200, 250, 280)  # seconds, of customers before: "about 5 minutes"
EVENINGS_TOO = DeskSettings(calls_back=True)  # a story that can be told at any hour


class Tale(msgspec.Struct, frozen=True):
    """What is said in it, in one language."""

    language: str
    locale: str
    questions: tuple[tuple[str, str], ...]  # to the bot, each with something of its answer
    wants: str
    wait: str
    leave: str  # the button
    mails: tuple[tuple[str, str], ...]  # what the desk then says, and what the customer answers to it
    contact: str  # as staff see it
    words: str
    reason: str
    fetching: str
    here: str
    with_staff: str
    hello: str
    staff_writes: str
    signed: str
    more: str
    customer_types: str
    note: str
    solution: str
    solved: str  # the button
    how_was_it: str
    why: str  # the button
    thanks: str
    word: str
    read: str


ENGLISH = Tale(
    language="en",
    locale="en-GB",
    questions=(("Where is my order OT-20481931?", "e-mail"), ("ada.holm@example.com", "OT-20481931")),
    wants="I want to talk to a person",
    wait="Lately the wait was about 5 minutes.",
    leave="Leave an e-mail address",
    mails=(("our staff may use the e-mail address of your account", ""),),
    contact="ada.holm@example.com",
    words="One mug in my parcel arrived broken, and my guests come on Friday",
    reason="Asked for a person",
    fetching="Fetching a person…",
    here="Otto from our team is here now",
    with_staff="With our team",
    hello="Hello Ada, I am sorry about the mug. Is it the green one?",
    staff_writes="Otto is writing",
    signed="Otto · our team",
    more="Yes. Do I have to send the broken one back?",
    customer_types="The customer is typing…",
    note="The third cracked one of this batch: ask the packers.",
    solution="No need, keep it for pencils. A new one leaves today and is with you on Thursday.",
    solved="Solved",
    how_was_it="How was it? 1 is bad, 5 is very good.",
    why="Say why",
    thanks="we are glad to hear that",
    word="Quick and kind",
    read="our team will read that",
)

CHINESE = Tale(
    language="zh",
    locale="zh-CN",
    questions=(("配送需要多久？", "工作日"),),
    wants="我要找人工客服",
    wait="近来大约需要等待 5 分钟。",
    leave="留下邮箱",
    mails=(("客服可以回复到哪个邮箱？", "lin.wei@example.com"), ("已为客服记下：lin.wei@example.com。", "")),
    contact="lin.wei@example.com",
    words="我想把生日礼物分两次寄到两个城市",
    reason="要求人工",
    fetching="正在转接人工……",
    here="Otto",
    with_staff="人工客服",
    hello="您好，可以的。请问是哪两个城市？",
    staff_writes="Otto正在输入",
    signed="Otto · 客服人员",
    more="成都和厦门",
    customer_types="顾客正在输入…",
    note="厦门那份要赶在周六之前。",
    solution="已为您安排：两份都在周五前送到。",
    solved="已解决",
    how_was_it="您觉得怎么样？1 分很差，5 分很好。",
    why="说说原因",
    thanks="很高兴听到您这么说",
    word="又快又耐心",
    read="我们的团队会看到的",
)

OTHERS: dict[str, tuple[str, ...]] = {  # who else waits, and why
    "Upset": ("This is the third time you lose my parcel. You are useless, I have had enough of this!",),
    "No answer known": ("Do you breed alpacas?", "Who sings in your advert?", "Which saddle fits a bear?"),
    "Asked for a person": ("我要找人工客服", "这个水壶适合电磁炉吗"),
}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shop(
    demo_copied_to: Callable[[Path], Path], redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[StaffedShop]:
    """The demo shop, always open, where three customers have waited lately."""
    data = demo_copied_to(tmp_path_factory.mktemp("story") / "data")
    _always_open(data / "shop.sqlite")
    async with connect(redis_url) as opened:
        await opened.commands.flushall()
        lately = ExpectedWait(opened, Keys(), OpeningHours(EVENINGS_TOO))
        for hours_ago, seconds in enumerate(WAITS, start=1):
            joined = time.time() - 3600 * hours_ago
            await lately.note(joined, joined + seconds)
    async with staffed_shop(data, redis_url) as opened_shop:
        for words in OTHERS.values():
            async with calling(opened_shop, locale="en") as caller:
                for number, text in enumerate(words):
                    await caller.post({"id": str(number), "text": text})
        yield opened_shop


def _always_open(database: Path) -> None:
    hours = json.dumps(msgspec.to_builtins(EVENINGS_TOO))
    with sqlite3.connect(database) as connection:
        connection.execute("update shop set profile = json_set(profile, '$.desk', json(?))", (hours,))


@asynccontextmanager
async def in_the_shop(browser: Browser, shop: StaffedShop, tale: Tale) -> AsyncIterator[Window]:
    """The customer, with the chat open. Nothing may go wrong in their page."""
    context = await browser.new_context(viewport={"width": 1280, "height": 860}, locale=tale.locale)
    context.set_default_timeout(40_000)
    try:
        window = Window(context, await context.new_page())
        problems: list[str] = []
        window.page.on("pageerror", lambda problem: problems.append(str(problem)))
        await window.page.goto(f"{shop.url}/{tale.language}/")
        await window.open()
        yield window
        assert problems == []
    finally:
        await context.close()


async def picture(page: Page, tale: Tale, step: str) -> None:
    if SHOTS:
        await page.wait_for_timeout(2500)  # the last animation, and what the side looks up
        await page.screenshot(path=Path(SHOTS) / f"{tale.language}-{step}.png")


async def press(window: Window, label: str) -> None:
    await window.log.get_by_role("button", name=label, exact=True).last.click()


async def the_customer_gets_into_the_line(customer: Window, tale: Tale) -> None:
    for question, answer in tale.questions:
        await customer.ask(question)
        await expect(customer.log.locator(".turn.desk").last).to_contain_text(answer)
    await customer.ask(tale.wants)
    await expect(customer.chat.locator("#state")).to_have_text(tale.fetching)
    await expect(customer.log).to_contain_text(tale.wait)
    await picture(customer.page, tale, "1-told-the-wait")
    await press(customer, tale.leave)
    for says, answer in tale.mails:
        await expect(customer.log).to_contain_text(says)
        if answer:
            await customer.ask(answer)
    await customer.ask(tale.words)
    await expect(customer.log.locator(".turn.customer").last).to_contain_text(tale.words)


async def staff_take_it(staff: StaffPage, customer: Window, tale: Tale) -> None:
    row = staff.row(tale.words)
    await expect(row).to_contain_text(tale.reason)
    if tale is ENGLISH:
        for reason, words in OTHERS.items():
            await expect(staff.row(words[-1])).to_contain_text(reason)
    await picture(staff.page, tale, "2-line")
    await row.click()
    for told in (tale.words, tale.wants, tale.questions[0][0]):
        await expect(staff.log).to_contain_text(told)
    await expect(staff.page.locator("#reach")).to_contain_text(tale.contact)
    await expect(staff.log.locator(".waiting_for_staff")).to_have_count(1)
    await picture(staff.page, tale, "3-before-it-is-taken")
    await staff.key("t")
    await expect(staff.text).to_be_focused()
    await expect(customer.chat.locator("#state")).to_have_text(tale.with_staff)
    await expect(customer.log).to_contain_text(tale.here)


async def both_write(staff: StaffPage, customer: Window, tale: Tale) -> None:
    await staff.text.press_sequentially(tale.hello[:6])
    await expect(customer.chat.locator("#writing")).to_have_text(tale.staff_writes)
    await picture(customer.page, tale, "4-staff-write")
    await staff.text.fill(tale.hello)
    await staff.key("Enter")
    answer = customer.log.locator(".turn.staff").last
    await expect(answer).to_contain_text(tale.hello)
    await expect(answer.locator(".name")).to_have_text(tale.signed)
    await customer.text.press_sequentially(tale.more)
    await expect(staff.page.locator("#customer-types")).to_have_text(tale.customer_types)
    await customer.text.press("Enter")
    await expect(staff.log.locator(".customer").last).to_contain_text(tale.more)
    await expect(staff.row(tale.more)).to_be_visible()
    assert await staff.page.locator("li.typing").count() == 0
    await staff.key("Escape")
    await staff.key("n")
    await staff.page.keyboard.insert_text(tale.note)
    await staff.key("Enter")
    await expect(staff.log.locator(".note")).to_contain_text(tale.note)
    await staff.key("Escape")
    await staff.key("r")
    await staff.page.keyboard.insert_text(tale.solution)
    await staff.key("Enter")
    await expect(customer.log).to_contain_text(tale.solution)
    await staff.page.mouse.move(0, 0)
    await picture(staff.page, tale, "5-talk")
    await picture(customer.page, tale, "6-helped")


async def it_ends_with_stars_and_a_word(staff: StaffPage, customer: Window, tale: Tale) -> None:
    await staff.key("Escape")
    await staff.key("e")
    await staff.page.get_by_role("button", name=tale.solved, exact=True).click()
    await expect(staff.row(tale.more)).to_have_count(0)
    await expect(customer.log).to_contain_text(tale.how_was_it)
    await press(customer, "5")
    await expect(customer.log).to_contain_text(tale.thanks)
    await press(customer, tale.why)
    await customer.ask(tale.word)
    await expect(customer.log).to_contain_text(tale.read)
    await expect(customer.chat.locator("#state")).not_to_have_text(tale.with_staff)
    await picture(customer.page, tale, "7-rated")


async def the_lead_reads_it(staff: StaffPage, tale: Tale) -> None:
    comments = staff.page.locator("section.comments")
    for _ in range(60):  # until it has been written down
        await staff.go("/desk/insight")
        await expect(staff.page.locator(".days tbody")).to_be_attached()
        if await comments.get_by_text(tale.word).count():
            break
    await expect(comments).to_contain_text(tale.word)
    await expect(staff.page.locator("section.csat tbody a").first).to_be_attached()
    await picture(staff.page, tale, "8-insight")


@pytest.mark.parametrize("tale", [ENGLISH, CHINESE], ids=["english", "chinese"])
async def test_a_customer_asks_for_a_person_is_helped_and_says_how_it_was(
    browser: Browser, shop: StaffedShop, tale: Tale
) -> None:
    async with AsyncExitStack() as stack:
        customer = await stack.enter_async_context(in_the_shop(browser, shop, tale))
        await the_customer_gets_into_the_line(customer, tale)
        staff = await stack.enter_async_context(at_the_desk(browser, shop, locale=tale.locale))
        (handoff,) = [one for one in await shop.handles.staff.desk.handoffs() if one.words == tale.words]
        await staff_take_it(staff, customer, tale)
        await both_write(staff, customer, tale)
        await it_ends_with_stars_and_a_word(staff, customer, tale)
        assert tale.note not in str(await said(shop, handoff.conversation))
        assert tale.note not in await customer.chat.locator("body").inner_text()
        await the_lead_reads_it(staff, tale)
