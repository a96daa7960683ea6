"""What the HTTP API says of requests that are not right."""

import json

import aiohttp
import pytest

from tests.web_callers import calling
from tests.web_fixtures import served

BAD_MESSAGES = {
    "id missing": ({"text": "x"}, 422, "id: is missing."),
    "id a number": ({"id": 1, "text": "x"}, 422, "id: expected str, got int."),
    "id with spaces": ({"id": "a b", "text": "x"}, 422, "id: must be"),
    "id empty": ({"id": "", "text": "x"}, 422, "id: must be"),
    "id too long": ({"id": "a" * 101, "text": "x"}, 422, "id: must be"),
    "text blank": ({"id": "a", "text": "  \n"}, 422, "text: give either"),
    "label too long": ({"id": "a", "text": "x" * 201, "press": "y"}, 413, "text: is longer than 200 characters"),
    "nothing": ({"id": "a"}, 422, "text: give either"),
    "text a list": ({"id": "a", "text": ["x"]}, 422, "text: expected str, got array."),
    "press too long": ({"id": "a", "press": "y" * 201}, 422, "press: is longer"),
    "a field that does not exist": (
        {"id": "a", "text": "x", "customer": "C1"},
        422,
        "customer: there is no such field.",
    ),
    "not an object": (["a"], 422, "Expected object, got array."),
    "text too long": ({"id": "a", "text": "x" * 4001}, 413, "text: is longer than 4,000 characters."),
    "text too long in Chinese": ({"id": "a", "text": "退" * 4001}, 413, "text: is longer than 4,000 characters."),
}


@pytest.mark.parametrize("case", BAD_MESSAGES)
async def test_a_wrong_message_is_refused_naming_the_field(case: str) -> None:
    body, status, error = BAD_MESSAGES[case]
    async with served() as shop, calling(shop) as caller:
        raw = json.dumps(body, ensure_ascii=False).encode()
        headers = {**caller.proof, "Content-Type": "application/json"}
        async with caller.http.post(f"{caller.path}/messages", data=raw, headers=headers) as answer:
            assert answer.status == status
            assert (await answer.json())["error"].startswith(error)
        assert shop.postbox.accepted == []


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"", "application/json", 400),
        (b'{"id":"a","text":"\xff"}', "application/json", 400),
        (b'{"id":"a","text":"\\ud800"}', "application/json", 400),
        (b'{"id":"a","text":' + b"[" * 9000, "application/json", 422),
        (b'{"id":"a","text":"x"}', "text/plain", 415),
        (b'{"id":"a","text":"x"}', "application/x-www-form-urlencoded", 415),
        (b" " * 32769, "application/json", 413),
    ],
)
async def test_a_body_that_is_not_right_is_refused(data: bytes, kind: str, status: int) -> None:
    async with served() as shop, calling(shop) as caller:
        headers = {**caller.proof, "Content-Type": kind}
        async with caller.http.post(f"{caller.path}/messages", data=data, headers=headers) as answer:
            assert answer.status == status
            assert list(await answer.json()) == ["error"]


async def test_four_thousand_characters_are_not_too_many() -> None:
    async with served() as shop, calling(shop) as caller:
        assert (await caller.post({"id": "a", "text": "y" * 4000}))[0] == 200


async def test_an_unknown_address_or_method_is_a_json_error() -> None:
    async with served() as shop, aiohttp.ClientSession(shop.url) as http:
        async with http.get("/v1/nothing") as answer:
            assert (answer.status, list(await answer.json())) == (404, ["error"])
        async with http.get("/v1/conversations") as answer:
            assert (answer.status, list(await answer.json())) == (405, ["error"])


async def test_an_after_that_is_no_event_id_is_refused() -> None:
    async with served() as shop, calling(shop) as caller:
        answer = await caller.http.get(f"{caller.path}/events?after=$", headers=caller.proof)
        assert (answer.status, await answer.json()) == (422, {"error": "after: must be the id of an event."})
