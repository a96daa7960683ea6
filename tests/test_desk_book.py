"""The book as leads read it: in a page, looked through, page by page, and as a spreadsheet; nobody else does."""

# ruff: noqa: F401, F811  # `browser` and `shop` are fixtures
import asyncio
import csv
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from adapters.web.desk.book import as_csv
from adapters.web.desk.words import read_desk_words
from bot.desks import DEEDS, BookEntry, Member
from tests.desk_pages import at_the_desk, shop, waiting
from tests.staff_pages import Browser as Program
from tests.staff_pages import StaffedShop, browsing
from tests.widget_visits import browser

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def member(shop: StaffedShop, login: str) -> Member:
    found = await shop.handles.staff.people.named(login)
    assert found is not None
    return found


async def read(program: Program, **wanted: str) -> list[Any]:
    """All pages of it, one after the other."""
    found: list[Any] = []
    while True:
        query = "&".join(f"{name}={value}" for name, value in wanted.items())
        status, page = await program.get(f"book?{query}&before={found[-1]['id'] if found else 0}")
        assert status == 200, page
        found += page["entries"]
        if not page["more"]:
            return found


async def test_a_lead_reads_who_did_what_by_person_deed_and_conversation(shop: StaffedShop) -> None:
    desk, olivia = shop.handles.staff.desk, await member(shop, "olivia")
    async with waiting(shop, "One") as first, waiting(shop, "Two") as second, browsing(shop, "otto") as otto:
        await desk.take(olivia, first.id)
        await desk.take(await member(shop, "otto"), second.id)
        for number in range(130):
            await desk.note(olivia, first.id, f"Secret {number}")
        entries = await read(otto, by="olivia", conversation=first.id)
        assert [one["deed"] for one in entries] == ["noted"] * 130 + ["took"]
        assert [one["id"] for one in entries] == sorted({one["id"] for one in entries}, reverse=True)
        assert "Secret" not in str(entries)
        assert [one["by"] for one in await read(otto, deed="took", conversation=second.id)] == ["otto"]
        assert await read(otto, by="nobody") == []
        before = ("x", "-1", str(2**31), "0" * 20 + "9" * 30)
        wrongs = ("deed=flew", "conversation=" + "x" * 200, "by=" + "x" * 200, *(f"before={one}" for one in before))
        for wrong in wrongs:
            assert (await otto.get(f"book?{wrong}"))[0] == 422, wrong
        async with otto.http.get(f"/desk/api/book.csv?conversation={first.id}") as answer:
            assert (answer.status, answer.content_type) == (200, "text/csv")
            rows = list(csv.reader((await answer.text("utf-8-sig")).splitlines()))
        assert rows[0] == ["id", "at", "by", "deed", "conversation", "detail"]
        assert [row[3] for row in rows[1:] if row[3] != "read"] == ["noted"] * 130 + ["took"]


async def test_who_opens_a_conversation_stands_in_the_book(shop: StaffedShop) -> None:
    async with waiting(shop, "One") as caller, browsing(shop, "olivia") as olivia, browsing(shop, "otto") as otto:
        await olivia.get(f"talks/{caller.id}")
        async with asyncio.timeout(20):
            while True:  # until it has been written down
                if found := await read(otto, deed="read", conversation=caller.id):
                    break
                await asyncio.sleep(0.05)
        assert [one["by"] for one in found] == ["olivia"]


async def test_nobody_but_a_lead_reads_the_book(shop: StaffedShop) -> None:
    async with browsing(shop, "olivia") as olivia:
        for path in ("/desk/book", "/desk/api/book", "/desk/api/book.csv"):
            async with olivia.http.get(path) as answer:
                assert answer.status == 403, path
                assert '"entries"' not in await answer.text()
        async with olivia.http.get("/desk") as page:
            assert "/desk/book" not in await page.text()


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_every_deed_has_its_words(language: str) -> None:
    assert set(read_desk_words(language)["deeds"]) == set(DEEDS)


async def test_nothing_in_the_books_spreadsheet_is_a_formula(shop: StaffedShop) -> None:
    found = await shop.handles.staff.book.entries(1)
    told = as_csv([BookEntry(7, found[0].at, "=x", "said", "@web:1", "+1\n2")])
    assert list(csv.reader(told.splitlines(keepends=True)))[1][2:] == ["'=x", "said", "'@web:1", "'+1\n2"]


async def test_a_lead_goes_from_the_book_to_the_conversation_and_back_to_older_pages(
    browser: Browser, shop: StaffedShop
) -> None:
    desk, olivia = shop.handles.staff.desk, await member(shop, "olivia")
    async with waiting(shop, "The singing kettle") as caller, at_the_desk(browser, shop, path="/desk/book") as staff:
        await desk.take(olivia, caller.id)
        for number in range(101):
            await desk.note(olivia, caller.id, str(number))
        page = staff.page
        await staff.go("/desk/book")
        lines = page.locator("#book tbody tr")
        await expect(lines).to_have_count(100)
        await expect(lines.first).to_contain_text("Olivia")
        await expect(lines.first).to_contain_text("Wrote a note")
        await page.get_by_role("button", name="Older entries").click()
        await expect(lines.nth(101)).to_contain_text("Took a conversation")
        await lines.first.get_by_role("link", name="Only this conversation").click()
        await expect(page.get_by_role("searchbox", name="Conversation")).to_have_value(caller.id)
        await page.get_by_role("combobox", name="What").select_option("Took a conversation")
        await page.get_by_role("button", name="Show").click()
        await expect(lines).to_have_count(1)
        assert f"deed=took&conversation={caller.id.replace(':', '%3A')}" in str(
            await page.get_by_role("link", name="CSV").get_attribute("href")
        )
        await lines.get_by_role("link", name=caller.id).click()
        await expect(staff.log).to_contain_text("The singing kettle")
