"""Who does not belong to the staff gets nothing of the desk: no page, no answer, no socket, by no trick."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from websockets.exceptions import InvalidStatus

from adapters.web.desk.app import build_desk
from adapters.web.desk.cookies import Cookies
from adapters.web.uploads import Uploads
from tests.staff_pages import StaffedShop, another_server, browsing, hear, new_id, staffed_shop, waiting_customer
from tests.web_callers import closed_with
from tests.web_fixtures import served

pytestmark = pytest.mark.asyncio(loop_scope="module")

OPEN_TO_ALL = {"/desk/sign-in", "/desk/words/{language}.json", "/desk/csp"}  # and nothing of any conversation there


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shop(
    demo_copied_to: Callable[[Path], Path], redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[StaffedShop]:
    data = demo_copied_to(tmp_path_factory.mktemp("staffed") / "data")
    async with staffed_shop(data, redis_url) as opened:
        yield opened


def every_route(shop: StaffedShop) -> list[tuple[str, str]]:
    """(method, path) of all that the desk has."""
    app = build_desk(shop.settings, shop.handles, Uploads(shop.handles.attachments, shop.handles.secret))
    assert isinstance(app, Starlette)
    routes = [one for one in app.routes if isinstance(one, Route)]
    assert len(routes) + sum(isinstance(one, WebSocketRoute) for one in app.routes) == len(app.routes)
    return [(method, one.path) for one in routes for method in sorted(one.methods or ()) if method != "HEAD"]


def filled_in(path: str, conversation: str) -> str:
    values = {"{conversation}": conversation, "{event}": "1-0", "{number:int}": "0", "{table}": "outcomes", "{id}": "x"}
    for name, value in values.items():
        path = path.replace(name, value)
    return path


async def test_no_customer_and_no_stranger_reaches_anything_of_the_desk(shop: StaffedShop) -> None:
    routes = [(method, path) for method, path in every_route(shop) if path not in OPEN_TO_ALL]
    assert len(routes) > 25
    async with waiting_customer(shop) as customer:
        callers: dict[str, dict[str, str]] = {
            "nobody": {},
            "a customer": customer.proof,
            "a customer whose token is a cookie": {"Cookie": f"shopdesk-desk={customer.token}"},
            "one who makes a session up": {"Cookie": f"shopdesk-desk=made-up.{'0' * 32}"},
            "one with half a cookie": {"Cookie": "shopdesk-desk=x"},
        }
        for who, headers in callers.items():
            for method, path in routes:
                sent = {"Origin": shop.url, "X-Desk-Token": "0" * 64, **headers}
                place = filled_in(path, customer.id)
                async with customer.http.request(method, place, headers=sent, json={}, allow_redirects=False) as answer:
                    body = await answer.text()
                    refused = answer.status == 401 or answer.headers.get("location", "").startswith("/desk/sign-in")
                    assert refused, (who, method, path, answer.status)
                    assert "I want to talk to a person" not in body
        assert (await shop.handles.staff.desk.handoffs())[0].state == "waiting"


async def test_every_write_wants_our_own_page_and_its_token(shop: StaffedShop) -> None:
    writes = [path for method, path in every_route(shop) if method == "POST" and path not in OPEN_TO_ALL]
    async with browsing(shop, "otto") as otto, waiting_customer(shop) as customer:
        evil = "https://evil.example"
        tricks: dict[str, dict[str, str]] = {
            "another site": {"Origin": evil, "X-Desk-Token": otto.csrf},
            "no origin": {"X-Desk-Token": otto.csrf},
            "a hidden origin": {"Origin": "null", "X-Desk-Token": otto.csrf},
            "another site that the browser names": {
                "Origin": shop.url,
                "X-Desk-Token": otto.csrf,
                "Sec-Fetch-Site": "cross-site",
            },
            "no token": {"Origin": shop.url},
            "another's token": {"Origin": shop.url, "X-Desk-Token": "0" * 64},
            "a token that is none": {"Origin": shop.url, "X-Desk-Token": "é"},
        }
        for trick, headers in tricks.items():
            for path in writes:
                place = filled_in(path, customer.id)
                async with otto.http.post(place, json={}, headers=headers, allow_redirects=False) as answer:
                    assert answer.status == 403, (trick, path)
        handoff = await shop.handles.staff.desk.handoff(customer.id)
        assert handoff and handoff.state == "waiting"
        assert (await otto.get("me"))[0] == 200


async def test_a_site_that_embeds_the_chat_is_none_of_the_desk() -> None:
    site = {"Origin": "https://shop.example"}
    async with (
        served({"SHOPDESK_ORIGINS": "https://shop.example"}) as embedded,
        aiohttp.ClientSession(embedded.url) as http,
    ):
        for path in ("/desk/sign-in", "/desk/api/talks/x/take"):
            assert (await http.post(path, data={}, headers=site)).status == 403
        answer = await http.get("/desk/words/en.json", headers=site)
        assert "access-control-allow-origin" not in answer.headers
        assert "https://shop.example" not in answer.headers["content-security-policy"]
        assert "access-control-allow-methods" not in (await http.options("/desk/api/me", headers=site)).headers


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://shop.example"])
async def test_a_socket_opens_from_our_own_page_only(shop: StaffedShop, origin: str) -> None:
    async with browsing(shop, "otto") as otto:
        with pytest.raises(InvalidStatus) as refused:
            await otto.socket(origin)
        assert refused.value.response.status_code == 403
        async with otto.socket() as page:
            await hear(page, lambda frame: frame["kind"] == "line")


async def test_a_socket_without_a_session_does_not_open(shop: StaffedShop) -> None:
    async with browsing(shop) as nobody:
        with pytest.raises(InvalidStatus) as refused:
            await nobody.socket()
        assert refused.value.response.status_code == 401


@pytest.mark.parametrize("frame", ["{", "[]", '{"watch":1}', '{"say":"x"}', b"x", '{"watch":"x","after":"$"}'])
async def test_a_frame_that_is_none_closes_the_page(shop: StaffedShop, frame: str | bytes) -> None:
    async with browsing(shop, "otto") as otto, otto.socket() as page:
        await page.send(frame)
        assert await closed_with(page) == 4400


async def test_who_signs_out_sees_nothing_more_on_any_page(shop: StaffedShop) -> None:
    async with (
        another_server(shop, desk_signed_seconds=0.05) as quick,
        browsing(quick, "otto", anew=True) as otto,
        otto.socket() as page,
    ):
        old = otto.cookies
        await hear(page, lambda frame: frame["kind"] == "line")
        sent = {"Origin": quick.url, "X-Desk-Token": otto.csrf}
        async with otto.http.post("/desk/sign-out", headers=sent, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["location"]) == (303, "/desk/sign-in")
        assert await closed_with(page) == 4401
        async with otto.http.get("/desk/api/line", headers={"Cookie": old}) as answer:
            assert answer.status == 401


async def test_a_session_of_another_shop_is_none_here(shop: StaffedShop) -> None:
    """Even where the two keep their sessions in the same place."""
    async with browsing(shop, "otto") as otto:
        token = otto.cookies.partition("=")[2].rpartition(".")[0]
        assert await shop.handles.staff.people.who(token)
        other = Cookies(shop.settings, b"the secret of another shop, as long..")
        answers = []
        for cookies in (other, Cookies(shop.settings, shop.handles.secret)):
            given = Response()
            cookies.set(given, token)
            headers = {"Cookie": given.headers["set-cookie"].partition(";")[0]}
            async with aiohttp.ClientSession(shop.url) as http, http.get("/desk/api/line", headers=headers) as answer:
                answers.append(answer.status)
        assert answers == [401, 200]


async def test_the_cookie_is_for_the_desk_alone_and_for_no_script() -> None:
    for url, name, more in (
        ("https://chat.shop.example", "__Host-shopdesk-desk", ("secure", "path=/")),
        ("http://127.0.0.1:8000", "shopdesk-desk", ("path=/desk",)),
    ):
        async with served({"SHOPDESK_PUBLIC_URL": url}) as shop:
            answer = Response()
            Cookies(shop.settings, shop.handles.secret).set(answer, "token")
            cookie = answer.headers["set-cookie"].lower()
            assert cookie.startswith(f"{name.lower()}=token.")
            for part in ("httponly", "samesite=strict", *more):
                assert part in cookie.split("; "), (url, part)
            assert "domain" not in cookie


async def test_signing_in_is_refused_alike_and_slowed_down(shop: StaffedShop) -> None:
    async with browsing(shop) as stranger:
        pages = []
        for login in ("otto", "nobody-of-that-name"):
            answer = await stranger.sign_in(login, "not the password")
            assert answer.status == 401
            pages.append((await answer.text()).replace(login, ""))
        assert pages[0] == pages[1]
        statuses = [(await stranger.sign_in("victim", f"guess {number}")).status for number in range(12)]
        assert statuses[-1] == 429 and 303 not in statuses
        answer = await stranger.sign_in("victim", "guess")
        assert int(answer.headers["retry-after"]) > 0
        assert "shopdesk-desk" not in stranger.cookies


async def test_pages_of_the_desk_stand_in_no_frame_and_are_kept_by_nobody(shop: StaffedShop) -> None:
    async with browsing(shop, "otto") as otto:
        for path in ("/desk", "/desk/sign-in", "/desk/api/line", "/desk/nothing"):
            async with otto.http.get(path, allow_redirects=False) as answer:
                policy = answer.headers["content-security-policy"]
                assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy, path
                assert "unsafe" not in policy and "trusted-types 'none'" in policy
                assert answer.headers["cache-control"] == "no-store", path
                assert answer.headers["x-frame-options"] == "DENY"
                assert answer.headers["cross-origin-opener-policy"] == "same-origin"


async def test_what_a_browser_reports_is_counted_and_logged_and_bounded(
    shop: StaffedShop, caplog: pytest.LogCaptureFixture
) -> None:
    report = json.dumps({"csp-report": {"violated-directive": "script-src", "blocked-uri": "inline\nforged line"}})
    async with aiohttp.ClientSession(shop.url) as http:
        statuses = []
        for _ in range(31):
            async with http.post("/desk/csp", data=report) as answer:
                statuses.append(answer.status)
        assert statuses[0] == 204 and statuses[-1] == 429
    assert any("script-src" in record.getMessage() for record in caplog.records)
    ours = [record.getMessage() for record in caplog.records if record.name.startswith(("bot", "adapters"))]
    assert not [line for line in ours if "\n" in line]


async def test_a_member_has_only_so_many_pages_open(shop: StaffedShop) -> None:
    async with (
        another_server(shop, desk_pages_per_member=2) as small,
        browsing(small, "otto") as otto,
        otto.socket(),
        otto.socket(),
    ):
        with pytest.raises(InvalidStatus) as refused:
            await otto.socket()
        assert refused.value.response.status_code == 429


async def test_a_link_from_elsewhere_leads_to_the_page_and_not_to_the_form(shop: StaffedShop) -> None:
    """The cookie is sent by our own pages only, so a link in a chat would else ask to sign in again."""
    async with browsing(shop) as nobody:
        headers = {"Sec-Fetch-Site": "cross-site"}
        async with nobody.http.get("/desk", headers=headers, allow_redirects=False) as answer:
            assert answer.status == 200 and 'http-equiv="refresh"' in await answer.text()
        async with nobody.http.get("/desk/insight?first=a", allow_redirects=False) as answer:
            assert answer.headers["location"] == "/desk/sign-in?next=/desk/insight%3Ffirst%3Da"


async def test_staff_do_not_act_faster_than_people_can(shop: StaffedShop) -> None:
    async with (
        another_server(shop, desk_writes_per_minute=3) as slow,
        browsing(slow, "olivia") as olivia,
        waiting_customer(slow) as customer,
    ):
        found = [(await olivia.post(f"talks/{customer.id}/note", {"text": new_id()}))[0] for _ in range(5)]
        assert found[-1] == 429
