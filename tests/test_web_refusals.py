"""What the HTTP API says of requests that are not right."""

import json

import aiohttp
import pytest

from tests.web_callers import calling, receive, socket_of
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
    "press with a zero": ({"id": "a", "press": "confirm:\0"}, 422, "press: holds a control character"),
    "press with an escape": ({"id": "a", "press": "confirm:\x1b[2J"}, 422, "press: holds a control character"),
    "press with a line": ({"id": "a", "press": "slot:reason:x\n"}, 422, "press: holds a control character"),
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


async def test_the_id_of_a_button_may_hold_whatever_the_shop_calls_its_things() -> None:
    presses = (
        "confirm:DseMnkVcYyOXiZ1kbJ43Aw",
        "withdraw:6q_G3lm8004vjIhNzkdX-A",
        "slot:items:ML01-GRN",
        "slot:reason:no longer needed",
        "slot:reason:拍错了，不想要 (100 %)",
        "do:cancel_order:OT-21153083",
        "slot:variant:" + "靴" * 187,
    )
    async with served() as shop, calling(shop) as caller:
        for number, press in enumerate(presses):
            assert (await caller.post({"id": str(number), "press": press}))[0] == 200
        assert tuple(incoming.press for incoming in shop.postbox.accepted) == presses


async def test_presses_are_counted_like_anything_that_is_sent() -> None:
    async with served({"SHOPDESK_MESSAGES_PER_MINUTE": "2"}) as shop, calling(shop) as caller:
        answers = [await caller.post({"id": str(number), "press": "confirm:x"}) for number in range(3)]
        assert [status for status, _, _ in answers] == [200, 200, 429]
        async with socket_of(caller) as socket:
            await socket.send(json.dumps({"token": caller.token, "after": ""}))
            await socket.send(json.dumps({"id": "w", "press": "confirm:x"}))
            assert (await receive(socket, "error"))["status"] == 429
        assert len(shop.postbox.accepted) == 2


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
