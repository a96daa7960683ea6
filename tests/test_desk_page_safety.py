"""The web desk in a real browser: nothing that a customer sends ever runs there."""

# ruff: noqa: F401, F811  # `browser` and `shop` are fixtures
import json
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Route, WebSocketRoute, expect

from bot.messages import Attachment, Incoming
from tests.desk_pages import StaffPage, at_the_desk, shop, waiting
from tests.staff_pages import StaffedShop
from tests.widget_visits import browser

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOSTILE = (Path(__file__).parent / "data" / "hostile_markup.txt").read_text("utf-8").splitlines()
TALK = "web:01HOSTILE"
NOW = time.time()


def line_of(hostile: list[str]) -> list[dict[str, Any]]:
    """A handoff for each, with it in every field that holds words."""
    kinds = {"state": "waiting", "since": NOW - 60, "wrote": NOW, "number": 1, "alerts": 1, "public": True}
    named = ("reason", "channel", "language", "words", "owner", "contact", "wanted")
    rows = [{"conversation": f"web:{number}", **dict.fromkeys(named, text)} for number, text in enumerate(hostile)]
    theirs = {"conversation": TALK, **dict.fromkeys(named, hostile[0]), "owner": "otto"}
    return [{**row, **kinds} for row in rows] + [{**theirs, **kinds, "state": "taken", "taken": NOW}]


def events_of(hostile: list[str]) -> list[dict[str, Any]]:
    """Each as what a customer, the bot and a colleague said, as a source, a card, a button and the name of a file."""
    found: list[dict[str, Any]] = []
    for text in hostile:
        file = {"kind": text, "name": text, "media_type": text, "url": text}
        photo = {"kind": "photo", "name": text, "url": f"/desk/api/talks/{TALK}/files/{text}"}
        said = {"kind": "said", "message": text, "text": text, "name": text, "attachments": [file, photo]}
        found += [
            {**said, "by": "customer"},
            {**said, "by": "staff"},
            {"kind": "text", "text": text},
            {"kind": "sources", "sources": [{"id": text, "title": text, "url": text}]},
            {"kind": "card", "title": text, "rows": [[text, text], [text, f"{text} → {text}"]]},
            {"kind": "buttons", "buttons": [{"id": text, "label": text}]},
            {"kind": "status", "status": text},
        ]
    return [{"id": f"{int(NOW * 1000) - 9000 + number}-0", **event} for number, event in enumerate(found)]


def answer_of(path: str, hostile: list[str]) -> dict[str, Any]:
    """What the API would say, if all of it were the customer's."""
    found = {"at": "2026-11-22T10:00:00Z"}
    named = ("conversation", "channel", "language", "by", "excerpt")
    card = {"title": hostile[1], "rows": [[text, text] for text in hostile]}
    rows = [{"label": text, "key": text, "value": 1.0, "of": 1} for text in hostile]
    answers: dict[str, Any] = {
        "members": {"members": [{"login": text, "name": text, "role": "agent"} for text in hostile]},
        f"talks/{TALK}": {"handoff": line_of(hostile)[-1], "events": events_of(hostile), "more": False}
        | {"notes": [{"id": text, "at": NOW, "by": text, "text": text} for text in hostile]},
        f"talks/{TALK}/case": {"summary": "\n".join(hostile), "by_model": True, "customer": card, "orders": [card] * 2},
        f"talks/{TALK}/replies": {
            "replies": [{"text": text, "sources": [{"id": text, "title": text, "url": text}]} for text in hostile]
        },
        f"talks/{TALK}/canned": {"canned": [{"id": text, "title": text, "text": text} for text in hostile]},
        "search": {"found": [{**found, **dict.fromkeys(named, text)} for text in hostile]},
        "canned": {"canned": [dict.fromkeys(("id", "language", "title", "text"), text) for text in hostile]},
        "drafts": {
            "drafts": [
                {
                    **dict.fromkeys(("id", "language", "text", "conversation"), text),
                    "questions": [text],
                    "marks": [text],
                }
                for text in hostile
            ]
        },
        "insight": {
            "tables": [{"name": name, "unit": "stars", "rows": rows[:1]} for name in hostile]
            + [{"name": "topics", "unit": "stars", "rows": rows}]
        },
        "insight/behind": {"found": [{**found, **dict.fromkeys(named, text)} for text in hostile]},
    }
    return dict(answers[path])


async def play_hostile(staff: StaffPage) -> None:
    """From now on the page hears nothing but hostile words."""

    async def answer(route: Route) -> None:
        path = route.request.url.partition("/desk/api/")[2].partition("?")[0].replace("%3A", ":")
        if "/files/" in path:
            await route.fulfill(status=404)
        else:
            await route.fulfill(json=answer_of(path, HOSTILE))

    def speak(socket: WebSocketRoute) -> None:
        socket.send(json.dumps({"kind": "line", "now": NOW, "handoffs": line_of(HOSTILE)}))
        socket.on_message(lambda _: None)

    await staff.page.route("**/desk/api/**", answer)
    await staff.page.route_web_socket("**/desk/api/live", speak)


HARMLESS = """() => {
  const all = [...document.querySelectorAll("body *")];
  const made = all.filter((one) => one.matches("script, style, iframe, object, embed, svg, math, video, audio, base, "
    + "link, meta, template, marquee, portal, form form, [style*=url], [srcset]"));
  const handlers = all.filter((one) => [...one.attributes].some(({ name }) => name.startsWith("on")));
  const links = [...document.links].filter(({ protocol }) => !["http:", "https:"].includes(protocol));
  const names = (nodes) => nodes.map((one) => one.outerHTML.slice(0, 200));
  return { hurt: window.hurt ?? null, made: names(made), handlers: names(handlers), links: names(links), violations };
}"""
NOTHING: dict[str, Any] = {"hurt": None, "made": [], "handlers": [], "links": [], "violations": []}


async def test_no_words_of_a_customer_run_on_any_page_of_the_desk(browser: Browser, shop: StaffedShop) -> None:
    assert len(HOSTILE) >= 80
    async with at_the_desk(browser, shop) as staff:
        await play_hostile(staff)
        asked: list[str] = []
        staff.context.on("request", lambda request: asked.append(request.url))
        await staff.go(f"/desk#{TALK}")
        await expect(staff.page.locator("a.row")).to_have_count(len(HOSTILE) + 1)
        await expect(staff.log.locator(".customer")).to_have_count(len(HOSTILE))
        await expect(staff.page.locator(".suggestion")).to_have_count(len(HOSTILE))
        await expect(staff.page.locator("#cards .card")).to_have_count(3)
        assert await staff.log.locator(".customer .plain").all_text_contents() == HOSTILE  # not one character less
        await staff.text.fill("")
        await staff.page.keyboard.type("/")
        await expect(staff.page.get_by_role("option").first).to_be_visible()
        await staff.page.locator(".suggestion button").nth(15).click()
        assert await staff.page.evaluate(HARMLESS) == NOTHING
        await staff.key("Escape")
        await staff.key("a")
        await expect(staff.page.locator(".members button").first).to_be_visible()
        await staff.key("Escape")
        await staff.key("s")
        await staff.page.locator("#searched").fill("x")
        await expect(staff.page.locator("#found li")).to_have_count(len(HOSTILE))
        assert await staff.page.evaluate(HARMLESS) == NOTHING
        for path, drawn in {
            "/desk/answers": ".entry",
            "/desk/drafts": ".entry",
            "/desk/insight": ".figures",
            "/desk/insight?table=topics&key=x&label=<img src=x onerror=window.hurt=true>": "#behind li",
        }.items():
            await staff.go(path)
            await expect(staff.page.locator(drawn).nth(len(HOSTILE) - 1)).to_be_attached()
            assert await staff.page.evaluate(HARMLESS) == NOTHING, path
        assert [url for url in asked if not url.startswith((shop.url, "about:", shop.url.replace("http", "ws")))] == []


async def test_hostile_words_of_a_real_customer_come_to_staff_as_they_were_written(
    browser: Browser, shop: StaffedShop
) -> None:
    """Through the mailbox, the line and the socket, as they would."""
    async with waiting(shop, "My tent is torn") as caller, at_the_desk(browser, shop) as staff:
        photo = Attachment("photo", "<img src=x onerror='window.hurt=true'>.jpg")
        sent = "\n".join(HOSTILE)[:3900]
        hostile = Incoming("web", caller.id, "hostile", sent, attachments=(photo,), name="<b onclick=x>Mia</b>")
        await shop.desk.handles.postbox.accept(hostile)
        await expect(staff.page.locator("a.row .said")).to_contain_text("<script>window.hurt=true</script>")
        await staff.page.locator("a.row").click()
        await expect(staff.log.locator(".customer .plain").last).to_have_text(sent, use_inner_text=True)
        await expect(staff.log.locator(".attached").last).to_contain_text("<img src=x onerror='window.hurt=true'>.jpg")
        assert await staff.page.evaluate(HARMLESS) == NOTHING
        await staff.key("e")
        await staff.page.get_by_role("button", name="Not solved").click()
        await expect(staff.page.locator("a.row")).to_have_count(0)
