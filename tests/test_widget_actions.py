"""A proposal in a real browser: a card that says what changes and what it costs, and is answered once."""

# ruff: noqa: F401, F811  # `browser` is a fixture
import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from bot.answering.prompting import Prompts
from bot.answering.yes_and_no import YesAndNo
from bot.messages import Button, Buttons, Card, FinalText, Said
from tests.test_widget_safety import AXE
from tests.widget_visits import PHONE, Visit, browser, visiting

pytestmark = pytest.mark.asyncio(loop_scope="module")

LONG_WORD = "Donaudampfschifffahrtsgesellschaft" * 8
HOSTILE = Card(
    "New address <img src=x onerror='window.hurt = true'>",
    (
        ("Address", f"\u202e1 Old Lane\u2066, <script>window.hurt = true</script> → {LONG_WORD}, 5700 Voss"),
        ("Note", "1 Old Lane → 2 New Lane → 3 Last Lane"),
        ("<b>Label</b>", "**bold** [click](javascript:window.hurt=true) → "),
        ("عنوان", "شارع الملك 5، الرياض"),
    ),
)


def confirm(visit: Visit) -> Any:
    return visit.log.get_by_role("button", name="Confirm").last


def leave(visit: Visit) -> Any:
    return visit.log.get_by_role("button", name="Leave it as it is").last


async def proposed(visit: Visit) -> None:
    await visit.open()
    await visit.ask("propose")
    await visit.answered()
    await expect(leave(visit)).to_be_visible()


async def style(element: Locator, name: str) -> str:
    return str(await element.evaluate("(element, name) => getComputedStyle(element)[name]", name))


def presses(visit: Visit) -> list[str]:
    return [incoming.press for incoming in visit.shop.postbox.accepted if incoming.press]


async def test_a_card_shows_before_and_after_the_money_at_once_and_one_main_button(browser: Browser) -> None:
    async with visiting(browser) as visit:
        await proposed(visit)
        card = visit.log.get_by_role("group", name="Cancel order OT-10042368")
        await expect(card.locator("del")).to_have_text("From pending")
        await expect(card.locator("ins")).to_have_text("to cancelled")
        assert "line-through" in await style(card.locator("del"), "textDecorationLine")
        assert int(await style(card.locator("ins"), "fontWeight")) > 500
        amount = card.locator(".amount")
        await expect(amount).to_have_text("$92.00")
        text = card.get_by_role("definition").last
        assert float((await style(amount, "fontSize"))[:-2]) > float((await style(text, "fontSize"))[:-2]) + 4
        plain = await style(leave(visit), "backgroundColor")
        assert await style(confirm(visit), "backgroundColor") != plain == "rgba(0, 0, 0, 0)"
        await expect(card.get_by_role("button")).to_have_text(["Confirm", "Leave it as it is"])
        for button in (confirm(visit), leave(visit)):
            await expect(button).to_have_accessible_description("Cancel order OT-10042368")
            await expect(button).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("answer", ["Confirm", "Leave it as it is"])
async def test_a_card_is_answered_once_however_often_it_is_clicked(browser: Browser, answer: str) -> None:
    async with visiting(browser) as visit:
        await proposed(visit)
        pressed = visit.log.get_by_role("button", name=answer)
        await pressed.dblclick(force=True)
        await visit.answered(2)
        for _ in range(2):  # a reload brings it back as it was answered
            await expect(confirm(visit)).to_be_disabled()
            await expect(leave(visit)).to_be_disabled()
            await expect(pressed).to_have_accessible_name(f"{answer} (chosen)")
            await expect(visit.log.locator(".chosen")).to_have_count(1)
            await confirm(visit).click(force=True)
            await leave(visit).click(force=True)
            await visit.page.reload()
            await visit.answered(2)
        assert presses(visit) == ["confirm:1" if answer == "Confirm" else "withdraw:1"]


async def test_a_press_can_be_seen_before_it_has_arrived_and_survives_a_reload(browser: Browser) -> None:
    async with visiting(browser) as visit:
        await proposed(visit)
        visit.shop.postbox.stores = False
        await confirm(visit).click()
        await expect(confirm(visit)).to_be_disabled()
        await expect(visit.log.locator(".fate")).to_be_visible()
        await visit.page.reload()
        await expect(confirm(visit)).to_be_disabled()
        await expect(confirm(visit)).to_have_accessible_name("Confirm (chosen)")
        visit.shop.postbox.stores = True
        await visit.answered(2)
        assert presses(visit) == ["confirm:1"]


async def test_a_press_that_is_refused_leaves_the_card_open(browser: Browser) -> None:
    async with visiting(browser) as visit:
        await visit.open()

        async def too_long(incoming: Any, tell: Any) -> None:
            answers = Button("confirm:" + "x" * 200, "Confirm", "primary"), Button("withdraw:1", "Leave it as it is")
            for part in (FinalText("?"), visit.talk.proposed, Buttons(answers)):
                tell(part)

        visit.shop.postbox.script = too_long
        await visit.ask("cancel it")
        await visit.answered()
        await confirm(visit).click()
        await expect(visit.log.locator(".fate")).to_have_text("Not sent")
        await expect(confirm(visit)).to_be_enabled()
        await expect(confirm(visit)).to_have_accessible_name("Confirm")
        visit.shop.postbox.script = visit.talk.play
        await leave(visit).click()
        await expect(leave(visit)).to_have_accessible_name("Leave it as it is (chosen)")
        await visit.answered(2)
        assert presses(visit) == ["withdraw:1"]


async def test_another_tab_sees_that_the_card_was_answered(browser: Browser) -> None:
    async with visiting(browser) as visit:
        await proposed(visit)
        tab: Page = await visit.context.new_page()
        await tab.goto(visit.page.url)
        other = Visit(visit.shop, visit.talk, visit.context, tab)
        await other.open()
        await expect(confirm(other)).to_be_enabled()
        await leave(visit).click()
        await expect(confirm(other)).to_be_disabled()
        await expect(leave(other)).to_have_accessible_name("Leave it as it is (chosen)")


async def test_two_tabs_that_press_at_once_both_reach_the_desk_and_end_alike(browser: Browser) -> None:
    """Which of them counts, the desk decides."""
    async with visiting(browser) as visit:
        await proposed(visit)
        late: list[Any] = []
        holding = asyncio.Event()

        def through(route: Any) -> None:
            server = route.connect_to_server()
            server.on_message(lambda told: late.append((route, told)) if holding.is_set() else route.send(told))

        tab: Page = await visit.context.new_page()
        await tab.route_web_socket(re.compile("/socket"), through)
        await tab.goto(visit.page.url)
        other = Visit(visit.shop, visit.talk, visit.context, tab)
        await other.open()
        await expect(leave(other)).to_be_enabled()
        holding.set()  # this tab does not hear yet what the first one does
        await confirm(visit).click()
        await visit.answered(2)
        await leave(other).click()
        await visit.answered(3)
        holding.clear()
        for route, told in late:
            route.send(told)
        await other.answered(3)
        for window in (visit, other):
            await expect(confirm(window)).to_be_disabled()
            await expect(leave(window)).to_be_disabled()
            await expect(confirm(window)).to_have_accessible_name("Confirm (chosen)")  # what came first
            await expect(window.log.locator(".chosen")).to_have_count(1)
        assert presses(visit) == ["confirm:1", "withdraw:1"]


@pytest.mark.parametrize("written", ["Yes.", "no thanks", "propose"])
async def test_a_plain_answer_or_a_newer_card_closes_the_card_that_was_open(browser: Browser, written: str) -> None:
    """A typed yes is an answer, and a newer card counts instead: an old Confirm does not look alive."""
    async with visiting(browser) as visit:
        await proposed(visit)
        await visit.ask(written)
        await visit.answered(2)
        cards = visit.log.locator(".proposal")
        await expect(cards.first.get_by_role("button", name="Confirm")).to_be_disabled()
        await expect(cards.first.locator(".chosen")).to_have_count(0)
        if written == "propose":
            await confirm(visit).click()
            await visit.answered(3)
            assert presses(visit) == ["confirm:2"]


async def test_something_else_may_be_asked_before_a_card_is_answered(browser: Browser) -> None:
    async with visiting(browser) as visit:
        await proposed(visit)
        await visit.ask("How long does delivery take?")
        await visit.answered(2)
        await visit.ask("say no more than that")
        await visit.answered(3)
        await visit.page.reload()
        await visit.answered(3)
        other = Visit(visit.shop, visit.talk, visit.context, await visit.context.new_page())
        await other.page.goto(visit.page.url)
        await other.open()
        await other.answered(3)
        for window in (visit, other):
            await expect(confirm(window)).to_be_enabled()
            await expect(leave(window)).to_be_enabled()
            await expect(window.log.locator(".answered, .chosen")).to_have_count(0)
        await confirm(visit).click()
        for window in (visit, other):
            await window.answered(4)
            await expect(leave(window)).to_be_disabled()
            await expect(confirm(window)).to_have_accessible_name("Confirm (chosen)")
        await visit.page.reload()
        await visit.answered(4)
        await expect(confirm(visit)).to_be_disabled()
        await expect(confirm(visit)).to_have_accessible_name("Confirm (chosen)")
        assert presses(visit) == ["confirm:1"]


async def test_of_a_card_that_is_shown_again_the_newer_copy_counts(browser: Browser) -> None:
    """A yes that comes after other talk brings the same question, with the same buttons."""
    async with visiting(browser) as visit:
        await proposed(visit)
        await visit.ask("How long does delivery take?")
        await visit.answered(2)
        visit.talk.shown = 0
        await visit.ask("propose")
        await visit.answered(3)
        older, newer = visit.log.locator(".proposal").first, visit.log.locator(".proposal").last
        for _ in range(2):
            await expect(newer.get_by_role("button", name="Confirm")).to_be_enabled()
            await expect(older.get_by_role("button", name="Confirm")).to_be_disabled()
            await visit.page.reload()
            await visit.answered(3)
        await confirm(visit).click()
        await visit.answered(4)
        for _ in range(2):
            await expect(newer.get_by_role("button", name="Confirm")).to_have_accessible_name("Confirm (chosen)")
            await expect(visit.log.locator(".chosen")).to_have_count(1)
            await visit.page.reload()
            await visit.answered(4)
        assert presses(visit) == ["confirm:1"]


async def test_once_staff_have_spoken_the_card_is_closed_whatever_they_say(browser: Browser) -> None:
    async with visiting(browser) as visit:
        await proposed(visit)
        await visit.shop.postbox.tell(visit.shop.postbox.accepted[0].conversation, Said("staff", "s1", "Confirm"))
        await expect(visit.log.locator(".staff")).to_be_visible()
        await expect(confirm(visit)).to_be_disabled()
        await expect(visit.log.locator(".chosen")).to_have_count(0)


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_what_closes_a_card_as_a_plain_answer_is_one_for_the_desk(browser: Browser, language: str) -> None:
    desk = YesAndNo.read(Prompts(Path(__file__).parent.parent / "prompts"))
    async with visiting(browser, f"/{language}/") as visit:
        words = f"async () => (await import('/static/widget/words/{language}.js')).default.answers"
        answers = await visit.page.evaluate(words)
        assert len(answers) > 10
        assert [answer for answer in answers if not (desk.is_yes(answer) or desk.is_no(answer))] == []


async def test_whatever_stands_in_a_card_is_text_that_wraps_and_turns_nothing_around(browser: Browser) -> None:
    async with visiting(browser, **PHONE) as visit:
        visit.talk.proposed = HOSTILE
        await proposed(visit)
        card = visit.log.locator(".proposal")
        await expect(card.locator("h2")).to_have_text(HOSTILE.title)
        await expect(card.locator("dt").nth(2)).to_have_text("<b>Label</b>")
        await expect(card.locator("del")).to_have_text("From 1 Old Lane, <script>window.hurt = true</script>")
        await expect(card.locator("ins")).to_have_text(f"to {LONG_WORD}, 5700 Voss")
        await expect(card.locator("dd").nth(1)).to_have_text("1 Old Lane → 2 New Lane → 3 Last Lane")  # not taken apart
        await expect(card.locator("dd").nth(2)).to_have_text("**bold** [click](javascript:window.hurt=true) → ")
        await expect(card.locator("script, img, b, a")).to_have_count(0)
        assert await visit.chat.locator("body").evaluate("() => window.hurt") is None
        assert await card.evaluate("card => card.scrollWidth <= card.clientWidth")
        assert await visit.chat.locator("#scroller").evaluate("one => one.scrollWidth <= one.clientWidth")
        await visit.picture("action-hostile-phone")


async def test_by_keyboard_the_answer_is_one_step_from_the_question(browser: Browser) -> None:
    async with visiting(browser) as visit:
        await proposed(visit)
        await visit.page.keyboard.press("Shift+Tab")
        await expect(leave(visit)).to_be_focused()
        await visit.page.keyboard.press("Shift+Tab")
        await expect(confirm(visit)).to_be_focused()
        await visit.page.keyboard.press("Enter")
        await visit.answered(2)
        await expect(confirm(visit)).to_be_focused()  # stays where the person is
        await visit.page.keyboard.press("Enter")
        await visit.page.keyboard.press("Space")
        await visit.page.keyboard.press("Tab")
        await expect(leave(visit)).to_be_focused()
        assert presses(visit) == ["confirm:1"]


async def test_on_a_phone_a_press_does_not_bring_up_the_keyboard(browser: Browser) -> None:
    async with visiting(browser, **PHONE) as visit:
        await proposed(visit)
        await visit.picture("action-phone")
        await visit.text.evaluate("text => text.blur()")
        await confirm(visit).tap()
        await visit.answered(2)
        await expect(visit.text).not_to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_card_breaks_no_accessibility_rule_open_or_answered(
    browser: Browser, scheme: Any, language: str
) -> None:
    options: dict[str, Any] = {"color_scheme": scheme, "bypass_csp": True, "reduced_motion": "reduce"}
    async with visiting(browser, f"/{language}/", **options) as visit:
        await proposed(visit)
        frame = next(frame for frame in visit.page.frames if "/widget" in frame.url)
        await frame.add_script_tag(path=AXE)
        for state in ("open", "answered"):
            await visit.picture(f"action-{scheme}-{language}-{state}")
            found = await frame.evaluate("async () => (await axe.run(document)).violations")
            assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
            if state == "open":
                await confirm(visit).click()
                await visit.answered(2)
