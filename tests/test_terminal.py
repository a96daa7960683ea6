"""`shopdesk chat`: the desk in a terminal or a pipe."""

import asyncio
import os
import pty
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.terminal import TerminalChannel
from bot.messages import (
    RESTARTED,
    Busy,
    Button,
    Buttons,
    Card,
    FinalText,
    Happening,
    Incoming,
    Source,
    Sources,
    TextDelta,
)
from tests.demo_visitors import ADA, order_of
from tests.running import environment, run_once
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
        async with asyncio.timeout(30):
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


def showing(card: Card) -> Script:
    async def script(incoming: Incoming, tell: Callable[[Happening], None]) -> None:
        for part in (FinalText("Look:"), card, Buttons((Button("confirm:1", "Confirm", "primary"),))):
            tell(part)

    return script


async def test_the_rows_of_a_card_stand_under_each_other_in_either_language(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await chat("x\n", monkeypatch, showing(Card("A", (("Status", "pending → cancelled"), ("You get back", "$9.00")))))
    assert capsys.readouterr().out == (
        "Look:\n\n  A\n    Status:       pending → cancelled\n    You get back: $9.00\n  1) Confirm\n"
    )
    await chat("x\n", monkeypatch, showing(Card("甲", (("状态", "待处理 → 已取消"), ("退还给您", "US$9.00")))))
    assert capsys.readouterr().out == (
        "Look:\n\n  甲\n    状态:     待处理 → 已取消\n    退还给您: US$9.00\n  1) Confirm\n"
    )


async def test_a_change_too_long_for_a_line_has_before_above_after(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    before, after = "14 Ferry Lane, 5003 Bergen, Norway", "7 Hill Road, 8000 Bruges, Belgium"
    rows = (("Address", f"{before} → {after}"), ("Note", "a → b → " + "c" * 60))
    await chat("x\n", monkeypatch, showing(Card("A", rows)))
    assert capsys.readouterr().out.splitlines()[3:6] == [
        f"    Address: {before}",
        f"           → {after}",
        f"    Note:    a → b → {'c' * 60}",  # somebody's own arrows: left as they are
    ]


async def test_nobodys_words_command_the_terminal_or_turn_the_line_around(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    card = Card("A\x1b[2J", (("Note\x9b31m", "\x1b]0;title\x07 \u202ekcab\u2066 \r\bhidden\tshown"),))
    await chat("x\n", monkeypatch, showing(card))
    assert capsys.readouterr().out == "Look:\n\n  A[2J\n    Note31m: ]0;title kcab hidden shown\n  1) Confirm\n"


@pytest.mark.parametrize("answer", ["yes", "1"], ids=["a typed yes", "the number of a button"])
def test_an_order_is_cancelled_in_the_terminal(answer: str, demo_data: Path) -> None:
    order = order_of(ADA, "pending")
    typed = f"cancel my order {order}\nada.holm@example.com\nI ordered it by mistake\n{answer}\n{answer}\n"
    ended = run_once("chat", env=environment(demo_data), stdin=typed)
    assert ended.returncode == 0
    assert all(line.startswith(("Mail to", "Answers come")) for line in ended.stderr.splitlines())
    card = (
        f"\n  Cancel order {order}\n"
        "    Status:       pending → cancelled\n"
        "    You get back: $92.00 to Visa ending 4242, within 5 working days\n"
        "    Reason:       I ordered it by mistake\n"
        "  1) Confirm\n  2) Leave it as it is\n"
    )
    assert f"{card}Done: order {order} is cancelled." in ended.stdout
    assert ended.stdout.count("Done:") == 1  # the second answer was meant for nothing


def test_only_shopdesk_chat_opens_it() -> None:
    assert not TerminalChannel({}).enabled()


async def test_a_waiting_terminal_can_be_left_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    person, terminal = pty.openpty()
    with os.fdopen(terminal) as keyboard:
        monkeypatch.setattr("sys.stdin", keyboard)
        serving = asyncio.create_task(TerminalChannel({}).serve(Served({}, True, echo).handles))
        async with asyncio.timeout(30):
            while not any(thread.name == "stdin" for thread in threading.enumerate()):  # noqa: ASYNC110
                await asyncio.sleep(0)
        began = time.monotonic()
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
        assert time.monotonic() - began < 20
        os.write(person, b"\x04")  # lets the reading thread go
    os.close(person)


async def test_who_has_to_wait_reads_how_many_are_before_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def busy(incoming: Incoming, tell: Callable[[Happening], None]) -> None:
        tell(Busy(214))
        tell(FinalText("Here I am."))

    await chat("hello\n", monkeypatch, busy)
    assert "We are busy: 214 conversations are before yours.\n" in capsys.readouterr().out
