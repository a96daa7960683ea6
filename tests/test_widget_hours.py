"""The chat's header while a customer waits: it fetches a person only when one is there to be fetched."""

# ruff: noqa: F401, F811  # `browser` is a fixture
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import aiohttp
import pytest
from playwright.async_api import Browser, Route, expect

from adapters.web.opening import Opening, opening_at
from bot.desk.desk_settings import DeskSettings
from bot.desk.desk_settings import Opening as Hours
from bot.desk.hours import OpeningHours
from tests.web_fixtures import served
from tests.widget_visits import browser, visiting

pytestmark = pytest.mark.asyncio(loop_scope="module")

OSLO = ZoneInfo("Europe/Oslo")


def at(day: int, hour: int) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=OSLO)


async def test_it_is_told_whether_somebody_is_there_and_until_when() -> None:
    hours = OpeningHours(DeskSettings("Europe/Oslo", {"monday": (Hours(9 * 60, 17 * 60),)}))
    monday, next_monday = 23, 30
    assert opening_at(hours, at(monday, 8)) == Opening(False, at(monday, 9).timestamp())
    assert opening_at(hours, at(monday, 9)) == Opening(True, at(monday, 17).timestamp())
    assert opening_at(hours, at(monday, 17)) == Opening(False, at(next_monday, 9).timestamp())
    assert opening_at(OpeningHours(DeskSettings()), datetime.now(UTC)) == Opening(True)
    never = OpeningHours(DeskSettings("Europe/Oslo", {"monday": ()}))
    assert opening_at(never, at(monday, 12)) == Opening(False)


async def test_anybody_may_ask_whether_somebody_is_there() -> None:
    async with served() as shop, aiohttp.ClientSession(shop.url) as http, http.get("/v1/desk") as answer:
        assert (answer.status, await answer.json()) == (200, {"open": True})


@pytest.mark.parametrize(
    ("locale", "path", "closed", "fetching"),
    [
        ("en-GB", "/en/", "Closed now, back", "Fetching a person…"),
        ("zh-CN", "/zh/", "休息中", "正在转接人工……"),
    ],
)
async def test_who_waits_while_the_desk_is_closed_reads_when_a_person_is_back_and_then_that_one_is_fetched(
    browser: Browser, locale: str, path: str, closed: str, fetching: str
) -> None:
    opens = datetime.now(UTC).timestamp() + 3 * 24 * 3600
    told: dict[str, object] = {"open": False, "changes": opens}

    async def tell(route: Route) -> None:
        await route.fulfill(json=told)

    async with visiting(browser, path, locale=locale, timezone_id="Europe/Oslo") as visit:
        await visit.context.route("**/v1/desk", tell)
        await visit.open()
        await visit.chat.locator("#human").click()
        state = visit.chat.locator("#state")
        await expect(state).to_contain_text(closed)
        await expect(state).to_contain_text(f"{datetime.fromtimestamp(opens, OSLO):%H:%M}")
        await visit.picture(f"chat-closed-{locale[:2]}")
        told["changes"] = 0.0
        await visit.page.reload()
        await expect(state).to_contain_text(closed.partition(",")[0])
        told |= {"open": True}
        await visit.page.reload()
        await expect(state).to_have_text(fetching)
