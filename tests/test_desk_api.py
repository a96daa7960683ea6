"""The API and the socket of the web desk, over a real desk: what staff read, do and are told."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from adapters.web.desk.insight import as_csv
from adapters.web.desk.signing_in import own_page
from bot.desks import Figure, Table
from tests.staff_pages import (
    Browser,
    StaffedShop,
    browsing,
    csrf_of,
    hear,
    new_id,
    staffed_shop,
    texts,
    waiting_customer,
)
from tests.web_callers import Caller, closed_with, receive, socket_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

PNG = b"\x89PNG\r\n\x1a\n" + b"picture" * 20


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shop(
    demo_copied_to: Callable[[Path], Path], redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[StaffedShop]:
    data = demo_copied_to(tmp_path_factory.mktemp("staffed") / "data")
    async with staffed_shop(data, redis_url) as opened:
        yield opened


async def said_at_desk(browser: Browser, conversation: str) -> list[str]:
    _, talk = await browser.get(f"talks/{conversation}")
    return texts(talk["events"])


async def customer_hears(caller: Caller, text: str) -> Any:
    """The event, once it is with the customer."""
    async with asyncio.timeout(30):
        while True:
            for event in await caller.events():
                if event.get("text") == text:
                    return event
            await asyncio.sleep(0.02)


async def test_a_conversation_is_taken_answered_noted_and_closed(shop: StaffedShop) -> None:
    async with browsing(shop, "olivia") as olivia, waiting_customer(shop) as customer:
        _, line = await olivia.get("line")
        row = next(one for one in line["handoffs"] if one["conversation"] == customer.id)
        assert (row["state"], row["reason"], row["words"]) == ("waiting", "asked", "I want to talk to a person")
        talk = f"talks/{customer.id}"
        status, refused = await olivia.post(f"{talk}/say", {"id": new_id(), "text": "too early"})
        assert (status, refused["code"]) == (409, "take_first")
        status, taken = await olivia.post(f"{talk}/take")
        assert (status, taken["owner"]) == (200, "olivia")
        once = {"id": new_id(), "text": "Hello, how can I help?"}
        assert await olivia.post(f"{talk}/say", once) == await olivia.post(f"{talk}/say", once)
        heard = await customer_hears(customer, once["text"])
        assert (heard["by"], heard["name"]) == ("staff", "Olivia")
        status, note = await olivia.post(f"{talk}/note", {"text": "Speaks softly"})
        assert (status, note["by"], note["text"]) == (200, "olivia", "Speaks softly")
        assert "Speaks softly" not in json.dumps(await customer.events())
        _, shown = await olivia.get(talk)
        assert [one["text"] for one in shown["notes"] if one.get("kind", "note") == "note"] == ["Speaks softly"]
        assert (await olivia.post(f"{talk}/close", {"help": "resolved"}))[0] == 200
        assert (await olivia.get(talk))[1]["handoff"] is None
        assert (await said_at_desk(olivia, customer.id)).count(once["text"]) == 1
        assert "olivia" not in json.dumps(await customer.events())


async def test_two_take_at_once_and_one_has_it(shop: StaffedShop) -> None:
    async with browsing(shop, "olivia") as olivia, browsing(shop, "otto") as otto, waiting_customer(shop) as customer:
        tries = await asyncio.gather(*(one.post(f"talks/{customer.id}/take") for one in (olivia, otto)))
        assert sorted(status for status, _ in tries) == [200, 409]
        lost = next(body for status, body in tries if status == 409)
        won = next(body for status, body in tries if status == 200)
        assert (lost["code"], lost["owner"]) == ("taken", won["owner"])


async def test_agents_give_away_what_they_have_and_leads_anything(shop: StaffedShop) -> None:
    async with browsing(shop, "olivia") as olivia, browsing(shop, "otto") as otto, waiting_customer(shop) as customer:
        talk = f"talks/{customer.id}"
        await otto.post(f"{talk}/take")
        assert (await olivia.post(f"{talk}/assign", {"to": "olivia"}))[1]["code"] == "not_allowed"
        assert (await otto.post(f"{talk}/assign", {"to": "nobody"}))[1]["code"] == "wrong"
        assert (await otto.post(f"{talk}/assign", {"to": "olivia"}))[1]["owner"] == "olivia"
        assert (await otto.post(f"{talk}/say", {"id": new_id(), "text": "still me"}))[1]["code"] == "taken"
        assert (await olivia.post(f"{talk}/return"))[0] == 200
        assert (await olivia.get(talk))[1]["handoff"] is None


async def test_a_page_is_told_the_line_its_changes_and_the_talk_that_it_shows(shop: StaffedShop) -> None:
    async with browsing(shop, "otto") as otto, otto.socket() as page:
        await hear(page, lambda frame: frame["kind"] == "line")
        async with waiting_customer(shop) as customer:
            rows = (await hear(page, lambda frame: _row(frame, customer.id)))["handoffs"]
            assert [one["state"] for one in rows if one["conversation"] == customer.id] == ["waiting"]
            await page.send(json.dumps({"watch": customer.id}))
            whole = await hear(page, lambda frame: frame["kind"] == "talk")
            assert texts(whole["events"])[0] == "I want to talk to a person"
            assert (whole["notes"], whole["handoff"]["state"]) == ([], "waiting")
            await customer.post({"id": "second", "text": "It is about my kettle"})
            await hear(
                page, lambda frame: frame["kind"] == "talk" and "It is about my kettle" in texts(frame["events"])
            )
            await otto.post(f"talks/{customer.id}/note", {"text": "kettle again"})
            noted = await hear(page, lambda frame: frame["kind"] == "talk" and frame.get("notes"))
            assert [one["text"] for one in noted["notes"]] == ["kettle again"]
            await otto.post(f"talks/{customer.id}/take")
            await otto.post(f"talks/{customer.id}/close")
            await hear(page, lambda frame: frame["kind"] == "changed" and customer.id in frame["gone"])


def _row(frame: Any, conversation: str) -> bool:
    return any(one["conversation"] == conversation for one in frame.get("handoffs", []))


async def test_a_page_that_comes_again_is_told_what_it_missed_of_its_talk_and_no_more(shop: StaffedShop) -> None:
    def is_told(frame: Any) -> bool:
        """What stands beside a talk may come before it."""
        return bool(frame["kind"] == "talk" and frame["events"])

    async with browsing(shop, "otto") as otto, waiting_customer(shop) as customer:
        async with otto.socket() as page:
            await page.send(json.dumps({"watch": customer.id}))
            seen = (await hear(page, is_told))["events"]
        await customer.post({"id": "meanwhile", "text": "Are you there?"})
        async with otto.socket() as page:
            await page.send(json.dumps({"watch": customer.id, "after": seen[-1]["id"]}))
            missed = (await hear(page, is_told))["events"]
        assert texts(missed)[0] == "Are you there?"
        assert not {one["id"] for one in missed} & {one["id"] for one in seen}


async def test_who_writes_is_seen_on_the_other_side_and_only_by_who_has_it(shop: StaffedShop) -> None:
    async with (
        browsing(shop, "olivia") as olivia,
        browsing(shop, "otto") as otto,
        waiting_customer(shop) as customer,
        olivia.socket() as page,
        otto.socket() as other,
        socket_of(customer) as chat,
    ):
        await chat.send(json.dumps({"token": customer.token}))
        await hear(page, lambda frame: frame["kind"] == "line")
        await olivia.post(f"talks/{customer.id}/take")
        await hear(page, lambda frame: _row(frame, customer.id) and frame["kind"] == "changed")
        await chat.send('{"typing":true}')
        assert (await hear(page, lambda frame: frame["kind"] == "typing"))["conversation"] == customer.id
        await page.send(json.dumps({"types": customer.id}))
        async with asyncio.timeout(30):
            while (await receive(chat, "status"))["status"] != "staff_typing":
                pass
        await otto.post(f"talks/{customer.id}/note", {"text": "the last"})
        told = [json.loads(await other.recv())]
        while not (told[-1]["kind"] == "changed" and _row(told[-1], customer.id)):
            told.append(json.loads(await other.recv()))
        assert "typing" not in {frame["kind"] for frame in told}
        await chat.send('{"typing":false}')
        assert await closed_with(chat) == 4400


async def test_a_photo_of_staff_reaches_the_customer_who_alone_can_open_it(shop: StaffedShop) -> None:
    async with (
        browsing(shop, "otto") as otto,
        waiting_customer(shop) as customer,
        waiting_customer(shop) as other,
    ):
        assert (await otto.send_up(customer.id, "box.png", PNG))[1]["code"] == "take_first"
        await otto.post(f"talks/{customer.id}/take")
        await otto.post(f"talks/{other.id}/take")
        status, kept = await otto.send_up(customer.id, "..%2F..%2Fbox%0A.png", PNG)
        assert (status, kept["kind"], kept["media_type"], kept["size"]) == (201, "photo", "image/png", len(PNG))
        assert kept["name"] == "....box.png"
        message = {"id": new_id(), "text": "", "files": [kept["file"]]}
        status, refused = await otto.post(f"talks/{other.id}/say", message)
        assert (status, refused["code"]) == (422, "wrong")  # sent up for another conversation
        assert (await otto.post(f"talks/{customer.id}/say", {**message, "files": ["made.up.one"]}))[0] == 422
        assert (await otto.post(f"talks/{customer.id}/say", message))[0] == 200
        photo = await _attachment(customer)
        async with customer.http.get(photo["url"]) as answer:
            assert (answer.status, answer.content_type, await answer.read()) == (200, "image/png", PNG)
            assert "sandbox" in answer.headers["content-security-policy"]
            assert answer.headers["x-content-type-options"] == "nosniff"
        changed = photo["url"].replace(customer.id.replace(":", "%3A"), other.id.replace(":", "%3A"))
        for address in (changed, photo["url"][:-1] + "x", photo["url"].partition("?")[0]):
            async with customer.http.get(address) as answer:
                assert answer.status == 404
        assert b"kept" not in json.dumps(await customer.events()).encode()
        _, talk = await otto.get(f"talks/{customer.id}")
        url = next(one["attachments"][0]["url"] for one in talk["events"] if one.get("attachments"))
        async with otto.http.get(url) as answer:
            assert (answer.status, await answer.read()) == (200, PNG)
        async with customer.http.get(url, headers=customer.proof) as answer:
            assert answer.status == 401


async def _attachment(customer: Caller) -> Any:
    async with asyncio.timeout(30):
        while True:
            for event in await customer.events():
                if event.get("attachments"):
                    return event["attachments"][0]
            await asyncio.sleep(0.02)


async def test_a_customers_photo_reaches_staff_and_no_other_conversation(shop: StaffedShop) -> None:
    async with (
        browsing(shop, "otto") as otto,
        waiting_customer(shop) as customer,
        waiting_customer(shop) as other,
    ):
        sent = {**customer.proof, "Content-Type": "image/jpeg"}  # says what it likes: what is found in it counts
        async with customer.http.post(f"{customer.path}/files?name=box.png", data=PNG, headers=sent) as answer:
            assert answer.status == 201
            kept = await answer.json()
            assert (kept["kind"], kept["media_type"]) == ("photo", "image/png")
        refused: list[tuple[Caller, dict[str, Any]]] = [
            (other, {"id": "p1", "text": "", "files": [kept["file"]]}),
            (customer, {"id": "p2", "text": "", "files": ["made.up.one"]}),
            (customer, {"id": "p3", "text": "", "files": [kept["file"]] * 7}),
            (customer, {"id": "p4", "press": "human", "files": [kept["file"]]}),
        ]
        for who, message in refused:
            assert (await who.post(message))[0] == 422, message
        for headers, content, status in (({}, PNG, 401), (other.proof, PNG, 404), (customer.proof, b"", 422)):
            async with customer.http.post(f"{customer.path}/files", data=content, headers=headers) as answer:
                assert answer.status == status
        assert (await customer.post({"id": "p5", "text": "", "files": [kept["file"]]}))[0] == 200
        _, talk = await otto.get(f"talks/{customer.id}")
        photo = next(one["attachments"][0] for one in talk["events"] if one.get("attachments"))
        async with otto.http.get(photo["url"]) as answer:
            assert await answer.read() == PNG


async def test_a_page_sent_as_a_picture_is_no_page_of_ours(shop: StaffedShop) -> None:
    async with browsing(shop, "otto") as otto, waiting_customer(shop) as customer:
        await otto.post(f"talks/{customer.id}/take")
        _, kept = await otto.send_up(customer.id, "x.png", b"<script>alert(1)</script>")
        assert kept["kind"] == "file"
        await otto.post(f"talks/{customer.id}/say", {"id": new_id(), "files": [kept["file"]]})
        async with customer.http.get((await _attachment(customer))["url"]) as answer:
            assert answer.content_type == "application/octet-stream"
            assert answer.headers["content-disposition"].startswith("attachment")


async def test_what_helps_staff_is_there(shop: StaffedShop) -> None:
    async with browsing(shop, "otto") as otto, waiting_customer(shop) as customer:
        talk = f"talks/{customer.id}"
        assert "person" in (await otto.get(f"{talk}/case?language=en"))[1]["summary"]
        assert (await otto.get(f"{talk}/replies"))[0] == 200
        assert (await otto.get(f"{talk}/canned?language=en"))[1]["canned"]
        assert (await otto.get("search?q=kettle"))[0] == 200
        status, refused = await otto.post(f"{talk}/translate", {"text": "Hallo", "language": "en"})
        assert (status, refused["code"]) == (503, "no_model")
        _, members = await otto.get("members")
        assert [one["login"] for one in members["members"]] == ["olivia", "otto"]


async def test_canned_answers_are_read_by_all_and_changed_by_leads(shop: StaffedShop) -> None:
    one = {"language": "en", "title": "Thanks", "text": "Thank you, {{ customer }}."}
    async with browsing(shop, "otto") as otto, browsing(shop, "olivia") as olivia:
        assert (await olivia.post("canned", one))[1]["code"] == "not_allowed"
        status, kept = await otto.post("canned", one)
        assert status == 200
        _, found = await olivia.get("canned")
        assert {**one, "id": kept["id"]} in found["canned"]
        assert (await olivia.post(f"canned/{kept['id']}/drop"))[0] == 403
        assert (await otto.post(f"canned/{kept['id']}/drop"))[0] == 200
        assert kept["id"] not in str((await olivia.get("canned"))[1])


async def test_figures_are_for_leads_and_come_as_a_table_for_spreadsheets(shop: StaffedShop) -> None:
    span = "first=2026-11-01&last=2026-11-22"
    async with browsing(shop, "otto") as otto, browsing(shop, "olivia") as olivia:
        for path in (f"insight?{span}", f"insight/behind?{span}&table=outcomes&key=x", "drafts"):
            assert (await otto.get(path))[0] == 200
            assert (await olivia.get(path))[1]["code"] == "not_allowed"
        for wrong in (
            "first=x&last=2026-11-22",
            "first=2026-11-22&last=2026-11-01",
            "first=2020-01-01&last=2026-01-01",
        ):
            assert (await otto.get(f"insight?{wrong}"))[0] == 422
        async with otto.http.get(f"/desk/api/insight/outcomes.csv?{span}") as answer:
            assert (answer.status, answer.content_type) == (200, "text/csv")
            assert (await answer.read()).startswith(b"\xef\xbb\xbfoutcomes,conversations,conversations,key\r\n")
        assert (await olivia.http.get(f"/desk/api/insight/outcomes.csv?{span}")).status == 403
        assert (await otto.http.get(f"/desk/api/insight/nothing.csv?{span}")).status == 404


async def test_the_pages_are_there_each_for_whom_it_is(shop: StaffedShop) -> None:
    async with browsing(shop, "otto") as otto, browsing(shop, "olivia") as olivia:
        for path in ("/desk", "/desk/answers", "/desk/account", "/desk/insight", "/desk/drafts"):
            async with otto.http.get(path) as page:
                assert (page.status, csrf_of(await page.text())) == (200, otto.csrf), path
            leads_only = path in ("/desk/insight", "/desk/drafts")
            assert (await olivia.http.get(path)).status == (403 if leads_only else 200), path
        assert (await otto.http.get("/desk/nothing")).status == 404
        async with otto.http.get("/desk?language=zh") as page:
            assert '<html lang="zh">' in await page.text()
        async with otto.http.get("/desk/answers") as page:  # remembered
            assert '<html lang="zh">' in await page.text()
        for language in ("en", "zh"):
            async with otto.http.get(f"/desk/words/{language}.json") as words:
                assert (await words.json())["language_name"]


async def test_what_cannot_be_is_refused_in_words(shop: StaffedShop) -> None:
    async with browsing(shop, "otto") as otto, waiting_customer(shop) as customer:
        talk = f"talks/{customer.id}"
        await otto.post(f"{talk}/take")
        cases: list[tuple[str, object, int, str]] = [
            ("say", {"id": "a", "text": ""}, 422, "wrong"),
            ("say", {"id": "a b", "text": "x"}, 422, "wrong"),
            ("say", {"id": "a", "text": "x" * 4001}, 413, "too_long"),
            ("say", {"id": "a", "text": "x", "more": 1}, 422, "wrong"),
            ("say", {"id": "a", "text": "x", "files": ["f"] * 7}, 422, "wrong"),
            ("note", {"text": " "}, 422, "wrong"),
            ("close", {"help": "perhaps"}, 422, "wrong"),
            ("translate", {"text": "x", "language": "../en"}, 422, "wrong"),
        ]
        for deed, body, status, code in cases:
            found = await otto.post(f"{talk}/{deed}", body)
            assert (found[0], found[1]["code"]) == (status, code), (deed, body, found)
        for unknown in ("web:NOBODY", "x" * 200):
            assert (await otto.get(f"talks/{unknown}"))[1]["code"] == "gone"
            assert (await otto.post(f"talks/{unknown}/take"))[1]["code"] == "gone"
        assert (await otto.get("nothing"))[1]["code"] == "gone"


async def test_a_new_password_ends_every_session(shop: StaffedShop) -> None:
    another = "three-otters-in-a-teapot-7"
    shop.signed_in.pop("olivia", None)
    async with browsing(shop, "olivia", anew=True) as olivia, browsing(shop, "olivia", anew=True) as elsewhere:
        assert (await olivia.post("password", {"old": "wrong", "new": another}))[1]["code"] == "bad_password"
        assert (await olivia.post("password", {"old": shop.password, "new": "olivia1"}))[1]["code"] == "easy_password"
        assert (await olivia.post("password", {"old": shop.password, "new": another}))[0] == 200
        assert (await olivia.get("me"))[1]["code"] == (await elsewhere.get("me"))[1]["code"] == "signed_out"
        assert (await olivia.sign_in("olivia", another)).status == 303
        assert (await olivia.post("password", {"old": another, "new": shop.password}))[0] == 200


@pytest.mark.parametrize(
    ("wanted", "led"),
    [
        ("/desk", "/desk"),
        ("/desk/insight?first=2026-11-01", "/desk/insight?first=2026-11-01"),
        ("/desk#web:01X", "/desk#web:01X"),
        ("", "/desk"),
        ("//evil.example", "/desk"),
        ("/desk//evil.example", "/desk"),
        ("/desk\\evil", "/desk"),
        ("https://evil.example/desk", "/desk"),
        ("javascript:alert(1)", "/desk"),
        ("/desk/../v1", "/desk"),
        ("/desk/sign-out", "/desk"),
        ("/desk?x=\r\nSet-Cookie: a", "/desk"),
        ("/deskevil", "/desk"),
    ],
)
async def test_signing_in_leads_to_pages_of_the_desk_only(wanted: str, led: str) -> None:
    assert own_page(wanted) == led


async def test_nothing_in_a_spreadsheet_is_a_formula() -> None:
    rows = (Figure("=HYPERLINK(1)", 12.0, 3, "+x"), Figure('say "hi", you', None, 0, "@y"), Figure("ok", 0.25, 1, "-z"))
    lines = as_csv(Table("topics", "questions", rows)).splitlines()
    assert lines == [
        "topics,questions,conversations,key",
        "'=HYPERLINK(1),12,3,'+x",
        '"say ""hi"", you",,0,\'@y',
        "ok,0.25,1,'-z",
    ]
