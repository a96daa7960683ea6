"""The HTTP API as docs/http-api.md describes it, over a real uvicorn."""

import asyncio
import itertools
from collections.abc import Callable

from adapters.web.parts import comes_after, final_parts, to_outgoing
from adapters.web.tokens import Tokens
from bot.messages import (
    DONE,
    RESTARTED,
    THINKING,
    WAITING_FOR_STAFF,
    Attachment,
    Button,
    Buttons,
    Card,
    Event,
    FinalText,
    Happening,
    Incoming,
    Said,
    Source,
    Sources,
    TextDelta,
)
from tests.web_callers import STREAM, calling, frames
from tests.web_fixtures import SECRET, served


async def everything(incoming: Incoming, tell: Callable[[Happening], None]) -> None:
    tell(TextDelta("It takes "))
    tell(RESTARTED)
    tell(TextDelta("3 to 5 days."))
    tell(FinalText("3 to 5 days."))
    tell(Sources((Source("faq:x:en", "Delivery", "/en/help/x"), Source("p", "Policy", "https://shop.example/p"))))
    tell(Card("Order 1", (("Status", "shipped"),)))
    tell(Buttons((Button("human", "Talk to a person"),)))
    tell(WAITING_FOR_STAFF)


FINAL = [
    {"kind": "text", "text": "3 to 5 days."},
    {"kind": "card", "title": "Order 1", "rows": [["Status", "shipped"]]},
    {"kind": "buttons", "buttons": [{"id": "human", "label": "Talk to a person"}]},
    {"kind": "status", "status": "waiting_for_staff"},
]


async def test_a_message_is_answered_with_the_final_parts_and_absolute_addresses() -> None:
    async with served(script=everything) as shop, calling(shop, locale="en") as caller:
        status, reply, _ = await caller.post({"id": "a", "text": "How long?"})
        assert status == 200
        sources = reply["parts"].pop(1)
        assert reply["parts"] == FINAL
        assert [one["url"] for one in sources["sources"]] == [f"{shop.url}/en/help/x", "https://shop.example/p"]
        assert shop.postbox.accepted[0].locale == "en"


async def test_a_stream_tells_the_parts_as_they_come_and_ends_with_done() -> None:
    async with served(script=everything) as shop, calling(shop) as caller:
        told = await caller.stream({"id": "a", "text": "How long?"})
        kinds = [part.get("status", part["kind"]) for _, part in told]
        assert kinds == [
            *("thinking", "delta", "restarted", "delta", "text"),
            *("sources", "card", "buttons", "waiting_for_staff", "done"),
        ]
        ids = [event_id for event_id, _ in told]
        assert all(comes_after(later, earlier) for earlier, later in itertools.pairwise(ids))


async def test_the_first_delta_arrives_while_the_answer_is_still_in_the_making() -> None:
    more = asyncio.Event()

    async def slow(incoming: Incoming, tell: Callable[[Happening], None]) -> None:
        tell(TextDelta("First"))
        await more.wait()
        tell(FinalText("First and last"))

    async with served(script=slow) as shop, calling(shop) as caller:
        headers = {**caller.proof, **STREAM}
        async with caller.http.post(
            f"{caller.path}/messages", json={"id": "a", "text": "x"}, headers=headers
        ) as answer:
            coming = frames(answer)
            assert (await anext(coming))[1] == {"kind": "status", "status": "thinking"}
            assert (await anext(coming))[1] == {"kind": "delta", "text": "First"}
            more.set()
            assert [part["kind"] async for _, part in coming] == ["text", "status"]


async def test_the_same_client_id_twice_is_one_message_with_one_reply() -> None:
    async with served() as shop, calling(shop) as caller:
        first = await caller.post({"id": "a", "text": "Hello"})
        second = await caller.post({"id": "a", "text": "Hello"})
        assert first[:2] == second[:2]
        assert len(shop.postbox.accepted) == 1


async def test_a_press_is_handed_in_as_a_press() -> None:
    async with served() as shop, calling(shop) as caller:
        status, reply, _ = await caller.post({"id": "a", "press": "human"})
        assert (status, reply) == (200, {"parts": [{"kind": "text", "text": "You said: human"}]})
        assert (shop.postbox.accepted[0].press, shop.postbox.accepted[0].text) == ("human", "")
        await caller.post({"id": "b", "press": "ask:1", "text": "按" * 200})
        assert (shop.postbox.accepted[1].press, shop.postbox.accepted[1].text) == ("ask:1", "按" * 200)


async def test_a_cut_stream_resumes_after_the_last_event_without_gap_or_repetition() -> None:
    async with served() as shop, calling(shop) as caller:
        message = {"id": "a", "text": "one two three four"}
        whole = await caller.stream(message)
        for cut in range(len(whole) - 1):
            assert await caller.stream(message, **{"Last-Event-ID": whole[cut][0]}) == whole[cut + 1 :]
        assert len(shop.postbox.accepted) == 1


async def test_events_replays_everything_with_what_the_customer_said() -> None:
    async with served() as shop, calling(shop) as caller:
        await caller.post({"id": "a", "text": "Hi"})
        events = await caller.events()
        assert events[0] == {"id": "1-0", "kind": "said", "by": "customer", "message": "a", "text": "Hi"}
        assert [event.get("status", event["kind"]) for event in events[1:]][-2:] == ["text", "done"]
        assert await caller.events(after=events[2]["id"]) == events[3:]


async def test_events_as_a_stream_replays_and_then_follows() -> None:
    async with served() as shop, calling(shop) as caller:
        await caller.post({"id": "a", "text": "Hi"})
        async with caller.http.get(f"{caller.path}/events", headers={**caller.proof, **STREAM}) as answer:
            coming = frames(answer)
            assert (await anext(coming))[1]["text"] == "Hi"
            await shop.postbox.tell(caller.id, Said("staff", "s1", "A person here"))
            async for _, part in coming:
                if part["kind"] == "said":
                    assert part.pop("message") != "s1"  # which would name who signs in
                    assert part == {"kind": "said", "by": "staff", "text": "A person here"}
                    break


async def test_a_turn_that_takes_too_long_is_a_504_that_names_where_the_answer_will_be() -> None:
    async def never(incoming: Incoming, tell: Callable[[Happening], None]) -> None:
        await asyncio.Event().wait()

    async with served(script=never, turn_seconds=0.2) as shop, calling(shop) as caller:
        status, body, _ = await caller.post({"id": "a", "text": "Hi"})
        assert status == 504
        assert f"{caller.path}/events?after=1-0" in body["error"]
        assert (await caller.stream({"id": "a", "text": "Hi"}))[-1][0] == "error"


async def test_a_message_that_is_not_stored_is_a_503_and_can_be_sent_again() -> None:
    async with served() as shop, calling(shop) as caller:
        shop.postbox.stores = False
        status, body, headers = await caller.post({"id": "a", "text": "Hi"})
        assert (status, headers["retry-after"]) == (503, "2")
        assert "same id" in body["error"]
        shop.postbox.stores = True
        assert (await caller.post({"id": "a", "text": "Hi"}))[0] == 200


def test_a_restart_takes_back_what_was_told_before_it() -> None:
    told: list[Happening] = [THINKING, FinalText("old"), RESTARTED, TextDelta("n"), FinalText("new"), DONE]
    events = [Event(f"{number}-0", what) for number, what in enumerate(told, 1)]
    assert [bytes(part) for part in final_parts(events, "")] == [b'{"kind":"text","text":"new"}']


def test_where_a_photo_is_kept_is_not_told() -> None:
    said = Said("customer", "m1", "look", (Attachment("photo", "box.jpg", "image/jpeg", 500, "mfrgg/0.jpg"),))
    told = to_outgoing(said, "")
    assert b'"attachments":[{"kind":"photo","name":"box.jpg","media_type":"image/jpeg","size":500}]' in told


def test_conversation_ids_do_not_repeat_and_are_long() -> None:
    tokens = Tokens(SECRET, 24)
    ids = {tokens.issue()[0] for _ in range(500)}
    assert len(ids) == 500
    assert all(len(one) == len("web:") + 26 for one in ids)
