"""Proposals over HTTP and WebSocket, at a real desk: what a press may do, and what not."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from websockets.asyncio.client import connect

from bot.assembly import ShopDesk
from tests.demo_visitors import ADA, ANNA, Reply, Visitor, mailed_code, on_the_web, order_of, visiting_as
from tests.web_callers import receive

TOKEN = re.compile(r"(?:confirm|withdraw):([A-Za-z0-9_-]+)")
ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs" / "http-api.md"
PENDING, PACKED = order_of(ADA, "pending"), order_of(ADA, "processed")
CANCEL = f"I ordered {PENDING} by mistake, please cancel it"
NOT_OPEN = "I have no such question open with you. Nothing was changed."


@pytest_asyncio.fixture
async def url(desk: ShopDesk) -> AsyncIterator[str]:
    async with on_the_web(desk.handles) as address:
        yield address


async def proposed(visitor: Visitor) -> Reply:
    reply = await visitor.says(CANCEL)
    assert reply.rows["Status"] == "pending → cancelled"
    return reply


async def status_of(url: str, number: str = PENDING) -> str:
    """What the desk says of the order to its customer in a conversation of its own."""
    async with visiting_as(url, ADA) as visitor:
        return (await visitor.says(f"Where is my order {number}?")).rows["Status"]


def documented() -> Iterator[tuple[dict[str, str], dict[str, Any]]]:
    """The requests of the document's example, each with its reply."""
    section = DOCUMENT.read_text(encoding="utf-8").partition("## What the customer has to confirm")[2]
    blocks = re.findall(r"```json\n(.+?)```", section.partition("\n## ")[0], re.DOTALL)
    bodies = [json.loads(block) for block in blocks]
    yield from zip(bodies[::2], bodies[1::2], strict=True)


async def test_the_example_of_the_document_is_what_happens(url: str) -> None:
    played, tokens = 0, dict[str, str]()

    def real(text: str) -> str:
        return TOKEN.sub(lambda found: found[0].replace(found[1], tokens.get(found[1], found[1])), text)

    async with visiting_as(url, ADA) as visitor:
        for body, reply in documented():
            status, answered = await visitor.post(json.loads(real(json.dumps(body))))
            written, given = (TOKEN.findall(text) for text in (json.dumps(reply), answered.decode()))
            tokens.update(zip(written, given, strict=True))
            assert (status, json.loads(answered)) == (200, json.loads(real(json.dumps(reply))))
            played += 1
    assert played == 3 and len(tokens) == 1


def test_what_the_document_says_of_refusals_is_what_the_desk_says() -> None:
    table = DOCUMENT.read_text(encoding="utf-8").partition("| pressed | the desk says |")[2].partition("\n\n")[0]
    said = re.findall('"(.+?)"', table)
    sentences = (ROOT / "prompts" / "en" / "sentences.toml").read_text(encoding="utf-8")
    assert len(said) == 5
    assert [sentence for sentence in said if sentence not in sentences] == []


async def test_only_the_newest_card_about_an_order_can_be_confirmed_and_only_until_it_is_taken_back(url: str) -> None:
    async with visiting_as(url, ADA) as visitor:
        older, newer = await proposed(visitor), await proposed(visitor)
        taken_back = "That was taken back already. Nothing was changed."
        assert (await visitor.says(press=older.press("Confirm"))).text == taken_back
        assert (await visitor.says(press=newer.press("Leave it as it is"))).text == "All right, nothing was changed."
        assert (await visitor.says(press=newer.press("Confirm"))).text == taken_back
        assert await status_of(url) == "pending"


async def test_the_same_message_twice_or_at_once_is_one_press(url: str) -> None:
    async with visiting_as(url, ADA) as visitor:
        confirm = (await proposed(visitor)).press("Confirm")
        body = {"id": "p1", "press": confirm, "text": "Confirm"}
        replies = await asyncio.gather(*(visitor.post(body) for _ in range(4)))
        assert len(set(replies)) == 1 and "Done: order" in replies[0][1].decode()
        events = await visitor.events()
        assert [one["message"] for one in events if one["kind"] == "said"].count("p1") == 1
        assert sum("Done: order" in one.get("text", "") for one in events) == 1


async def test_several_presses_at_once_do_it_once(url: str) -> None:
    async with visiting_as(url, ADA) as visitor:
        confirm = (await proposed(visitor)).press("Confirm")
        await asyncio.gather(*(visitor.says(press=confirm) for _ in range(4)))
        said = " ".join(one.get("text", "") for one in await visitor.events() if one["kind"] == "text")
        assert said.count("Done: order") == 1


@pytest.mark.parametrize("whose", [ADA, ANNA, ""], ids=["her other tab", "another customer", "a guest"])
async def test_a_button_of_another_conversation_is_a_message_that_changes_nothing(url: str, whose: str) -> None:
    async with visiting_as(url, ADA) as visitor, visiting_as(url, whose) as elsewhere:
        reply = await proposed(visitor)
        for press in (reply.press("Confirm"), reply.press("Leave it as it is")):
            answer = await elsewhere.says(press=press)
            assert answer.text == NOT_OPEN and not answer.rows
        assert await status_of(url) == "pending"
        assert "Done: order" in (await visitor.says(press=reply.press("Confirm"))).text  # it is still open here
        assert await status_of(url) == "cancelled"


async def test_made_up_presses_change_nothing_and_show_nothing(url: str) -> None:
    async with visiting_as(url, ADA) as visitor, visiting_as(url) as guest:
        reply = await proposed(visitor)
        token = reply.press("Confirm").partition(":")[2]
        for press in ("confirm:", "confirm:" + token[:-1], "confirm:" + token.swapcase(), "confirm:" + token + " "):
            assert (await visitor.says(press=press)).text == NOT_OPEN
        for press in (f"do:cancel_order:{PENDING}", "slot:reason:ordered by mistake", "slot:items:ML01-GRN", "do:x"):
            answer = await guest.says(press=press)
            assert not answer.rows and "Ada" not in answer.text and "Kettle" not in answer.text
        assert await status_of(url) == "pending"


async def test_a_socket_proposes_and_takes_the_press_and_resumes_with_card_and_buttons(url: str) -> None:
    async with visiting_as(url, ADA) as visitor:
        address, proof = url.replace("http", "ws") + visitor.path + "/socket", {"token": visitor.token}
        async with connect(address, origin=url) as socket:  # type: ignore[arg-type]
            await socket.send(json.dumps({**proof, "after": ""}))
            await socket.send(json.dumps({"id": "w1", "text": CANCEL}))
            card, buttons = await receive(socket, "card"), await receive(socket, "buttons")
        async with connect(address, origin=url) as socket:  # type: ignore[arg-type]
            await socket.send(json.dumps({**proof, "after": ""}))
            assert (await receive(socket, "card"), await receive(socket, "buttons")) == (card, buttons)
            press = buttons["buttons"][0]["id"]
            for _ in range(2):  # the same message id: one press
                await socket.send(json.dumps({"id": "w2", "press": press, "text": "Confirm"}))
            first, second = await receive(socket, "accepted"), await receive(socket, "accepted")
            assert first == second
            assert "Done: order" in (await receive(socket, "text"))["text"]
        assert await status_of(url) == "cancelled"


async def test_a_new_address_needs_the_code_that_was_mailed(url: str, demo_data: Path) -> None:
    async with visiting_as(url, ADA) as visitor:
        await visitor.says(f"Change the address of order {PACKED}")
        asked = await visitor.says("7 Hill Road, 8000 Bruges, Belgium")
        assert "I have mailed a code to a" in asked.text and not asked.rows
        code = await mailed_code(demo_data)
        wrong = f"{(int(code) + 1) % 1_000_000:06}"
        assert not (await visitor.says(wrong)).rows
        reply = await visitor.says(code)
        assert reply.rows["Address"] == "14 Ferry Lane, 5003 Bergen, Norway → 7 Hill Road, 8000 Bruges, Belgium"
        assert "Done" in (await visitor.says(press=reply.press("Confirm"))).text
        said = json.dumps(await visitor.events())
        assert said.count(code) == 1  # as the customer typed it; the desk never says it
