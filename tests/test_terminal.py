"""`shopdesk chat`: the desk in a terminal or a pipe."""

import asyncio
import os
import pty
import threading
import time
from collections.abc import Callable

import pytest

from adapters.terminal import TerminalChannel
from bot.messages import RESTARTED, Button, Buttons, Card, FinalText, Happening, Incoming, Source, Sources, TextDelta
from tests.web_fixtures import MemoryPostbox, Script, Served, echo


async def desk(incoming: Incoming, tell: Callable[[Happening], None]) -> None:
    if incoming.press:
        tell(FinalText(f"Pressed {incoming.press}"))
        return
    tell(TextDelta("Half"))
    tell(RESTARTED)
    tell(TextDelta("Your "))
    tell(TextDelta("parcel"))
    tell(FinalText("Your parcel"))
    tell(Sources((Source("faq:x:en", "Delivery", "/en/help/x"),)))
    tell(Card("OT-1", (("Status", "Shipped"),)))
    tell(Buttons((Button("track", "Track it"), Button("human", "A person"))))


async def chat(
    typed: str,
    monkeypatch: pytest.MonkeyPatch,
    script: Script = desk,
    stores: bool = True,
    public_url: str = "https://shop.example/",
) -> MemoryPostbox:
    """The channel over a pipe, as `printf ... | shopdesk chat` has it."""
    shop = Served({}, True, script)
    shop.postbox.stores = stores
    reading, writing = os.pipe()
    os.write(writing, typed.encode())
    os.close(writing)
    with os.fdopen(reading) as piped:
        monkeypatch.setattr("sys.stdin", piped)
        channel = TerminalChannel({"LANG": "zh_CN.UTF-8", "SHOPDESK_PUBLIC_URL": public_url})
        async with asyncio.timeout(10):
            await channel.serve(shop.handles)
    await shop.postbox.close()
    return shop.postbox


async def test_each_line_of_a_pipe_is_answered_in_turn_and_then_it_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    postbox = await chat("one\n\n  two  \n退货", monkeypatch, echo)
    assert [incoming.text for incoming in postbox.accepted] == ["one", "two", "退货"]
    assert capsys.readouterr().out == "You said: one\nYou said: two\nYou said: 退货\n"
    assert {incoming.locale for incoming in postbox.accepted} == {"zh-CN"}
    assert len({incoming.conversation for incoming in postbox.accepted}) == 1


async def test_the_reply_is_printed_once_with_sources_card_and_numbered_buttons(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await chat("where is it?\n", monkeypatch)
    assert capsys.readouterr().out == (
        "Half …\nYour parcel\n  [Delivery] https://shop.example/en/help/x\n"
        "\n  OT-1\n    Status: Shipped\n  1) Track it\n  2) A person\n"
    )


async def test_a_source_has_an_address_only_where_one_can_go_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def cited(incoming: Incoming, tell: Callable[[Happening], None]) -> None:
        tell(FinalText("Two days [2]."))
        tell(Sources((Source("a", "Delivery", "/en/help/x"), Source("b", "Post", "https://post.example/"))))

    await chat("how long?\n", monkeypatch, cited, public_url="")
    assert capsys.readouterr().out == "Two days [2].\n  [1] Delivery\n  [2] Post https://post.example/\n"
    await chat("how long?\n", monkeypatch, cited)
    assert "  [1] Delivery https://shop.example/en/help/x\n" in capsys.readouterr().out


async def test_a_number_presses_its_button_and_any_other_number_is_text(monkeypatch: pytest.MonkeyPatch) -> None:
    postbox = await chat("3\n2\n2\n", monkeypatch)
    assert [(one.text, one.press) for one in postbox.accepted] == [("3", ""), ("A person", "human"), ("2", "")]


async def test_a_message_that_is_not_stored_is_said_and_the_chat_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await chat("one\ntwo\n", monkeypatch, stores=False)
    assert capsys.readouterr().err.count("The desk cannot be reached") == 2


def test_only_shopdesk_chat_opens_it() -> None:
    assert not TerminalChannel({}).enabled()


async def test_a_waiting_terminal_can_be_left_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    person, terminal = pty.openpty()
    with os.fdopen(terminal) as keyboard:
        monkeypatch.setattr("sys.stdin", keyboard)
        serving = asyncio.create_task(TerminalChannel({}).serve(Served({}, True, echo).handles))
        async with asyncio.timeout(5):
            while not any(thread.name == "stdin" for thread in threading.enumerate()):  # noqa: ASYNC110
                await asyncio.sleep(0)
        began = time.monotonic()
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
        assert time.monotonic() - began < 1
        os.write(person, b"\x04")  # lets the reading thread go
    os.close(person)
