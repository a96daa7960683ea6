"""The soak's checker finds every kind of fault; a short soak of the real desk has none and leaves nothing behind."""

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import msgspec
import psutil
import pytest

from serving.soak.books import Books
from serving.soak.checking import Kind, check
from serving.soak.killing import in_turn
from serving.soak.processes import Process
from serving.soak.recovery import Kill, recoveries
from serving.soak.seen import Event, Record, Written, read_event
from serving.soak.sizes import read_sizes
from serving.soak.words import word, words_in

SOAK = [sys.executable, "-m", "serving.soak"]
SHORT = {
    "SOAK_MESSAGES": "240",
    "SOAK_CONVERSATIONS": "24",
    "SOAK_KILLS": "4",
    "SOAK_AT_ONCE": "24",
    "SOAK_CONTROL_MESSAGES": "200",
}
LAST_LINE = re.compile(
    r"lost (\d+), duplicate (\d+), out of order (\d+), parked (\d+), answered (\d+), kills (\d+), "
    r"recovery p95 \d+\.\d s"
)
A, B = word(0), word(1)
ORDER = "OT-30000000"
DONE = f"Done: order {ORDER} is cancelled."


def test_a_short_soak_catches_the_naive_desk_and_finds_nothing_wrong_with_ours() -> None:
    done = subprocess.run(SOAK, env=os.environ | SHORT, capture_output=True, text=True, timeout=240)
    said = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout + done.stderr
    naive = LAST_LINE.search(
        next(line for line in said if line.startswith("The naive desk: ")).replace("never", "0.0 s")
    )
    assert naive and all(int(number) > 0 for number in naive.groups()[:3]), said
    ours = LAST_LINE.fullmatch(said[-1])
    assert ours and ours.groups() == ("0", "0", "0", "0", "240", "4"), said
    assert next(int(found[1]) for line in said if (found := re.search(r"(\d+) orders changed", line))) > 0


def test_a_soak_that_is_interrupted_leaves_no_process_behind(tmp_path_factory: pytest.TempPathFactory) -> None:
    with _started(tmp_path_factory.mktemp("soak")) as soak:
        try:
            family = _children(soak.pid, at_least=5)
            assert _interrupted(soak) == 130
        finally:
            soak.kill()
    assert not psutil.wait_procs(family, timeout=40)[1]


def test_a_soak_that_is_killed_leaves_no_process_behind(tmp_path_factory: pytest.TempPathFactory) -> None:
    with _started(tmp_path_factory.mktemp("soak")) as soak:
        try:
            family = _children(soak.pid, at_least=5)
        finally:
            soak.kill()
    assert not psutil.wait_procs(family, timeout=40)[1]


@pytest.mark.parametrize("setting", [{"SOAK_KILLS": "many"}, {"SOAK_MESSAGES": "5", "SOAK_CONVERSATIONS": "6"}])
def test_a_setting_that_is_wrong_is_named(setting: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="SOAK_"):
        read_sizes(setting)


def test_every_message_has_a_word_of_its_own() -> None:
    assert len({word(number) for number in range(50_000)}) == 50_000
    assert words_in(f"You wrote: hi, {word(7)}\n{word(77_777)}?") == [word(7), word(77_777)]


def test_nothing_is_found_where_all_went_well() -> None:
    record = conversation(said("m0"), said("m1"), *reply(f"You wrote: {A} {B}"))
    assert findings(record) == []


def test_a_message_that_was_acknowledged_and_not_answered_is_lost() -> None:
    assert findings(conversation(said("m0"), said("m1"), *reply(B))) == [(Kind.LOST, "m0")]


def test_a_message_that_was_acknowledged_and_is_not_in_the_transcript_is_lost() -> None:
    assert (Kind.LOST, "m0") in findings(conversation(said("m1"), *reply(B)))


def test_a_message_that_was_never_acknowledged_was_not_promised() -> None:
    record = conversation(said("m1"), *reply(B))
    record.written[0].acknowledged = 0.0
    assert findings(record) == []


def test_a_message_that_two_replies_answer_is_a_duplicate() -> None:
    record = conversation(said("m0"), said("m1"), *reply(f"{A} {B}"), *reply(A))
    assert findings(record) == [(Kind.DUPLICATE, "m0")]


def test_a_reply_that_answers_nobody_is_a_duplicate() -> None:
    record = conversation(said("m0"), said("m1"), *reply(f"{A} {B}"), *reply("Delivery takes a week."))
    assert [kind for kind, _ in findings(record)] == [Kind.DUPLICATE]


def test_an_answer_without_the_customers_words_counts_for_whom_the_desk_names() -> None:
    record = conversation(said("m0"), said("m1"), *reply(B), *reply("Delivery takes a week."))
    record.asked_again = {"m0": record.transcript[-1].frame.id}
    assert findings(record) == [(Kind.OUT_OF_ORDER, "m1")]


def test_a_message_that_stands_twice_in_the_transcript_is_a_duplicate() -> None:
    record = conversation(said("m0"), said("m1"), said("m0"), *reply(f"{A} {B}"))
    assert findings(record) == [(Kind.DUPLICATE, "m0")]


def test_replies_that_cross_are_out_of_order() -> None:
    assert findings(conversation(said("m0"), said("m1"), *reply(B), *reply(A))) == [(Kind.OUT_OF_ORDER, "m1")]


def test_a_reply_to_another_customer_is_out_of_order() -> None:
    record = conversation(said("m0"), said("m1"), *reply(f"{A} {B} {word(99)}"))
    assert [kind for kind, _ in findings(record)] == [Kind.OUT_OF_ORDER]


def test_a_message_written_after_an_acknowledgement_and_stored_before_it_is_out_of_order() -> None:
    record = conversation(said("m1"), said("m0"), *reply(f"{A} {B}"))
    record.written[1].sent = record.written[0].acknowledged + 1
    assert findings(record) == [(Kind.OUT_OF_ORDER, "m1")]


def test_what_a_customer_saw_and_the_transcript_has_not_is_lost() -> None:
    record = conversation(said("m0"), said("m1"), *reply(f"{A} {B}"))
    record.live = [*record.transcript, event(9, kind="text", text="Gone.")]
    assert findings(record) == [(Kind.LOST, "9-0")]


def test_what_a_customer_did_not_see_although_they_saw_what_came_later_is_lost() -> None:
    record = conversation(said("m0"), said("m1"), *reply(f"{A} {B}"))
    record.live = [record.transcript[0], record.transcript[-1]]
    assert [kind for kind, _ in findings(record)] == [Kind.LOST, Kind.LOST]


def test_what_a_customer_saw_twice_is_a_duplicate() -> None:
    record = conversation(said("m0"), said("m1"), *reply(f"{A} {B}"))
    record.live = [record.transcript[0], *record.transcript]
    assert (Kind.DUPLICATE, "1-0") in findings(record)


@pytest.mark.parametrize(
    ("told", "changes", "refunds", "found"),
    [
        (1, 1, 1, []),
        (1, 0, 0, [(Kind.LOST, ORDER)]),
        (1, 1, 2, [(Kind.DUPLICATE, ORDER)]),
        (1, 2, 2, [(Kind.DUPLICATE, ORDER)]),
        (2, 1, 1, [(Kind.DUPLICATE, ORDER)]),
    ],
)
def test_a_change_happens_as_often_as_it_was_confirmed(
    told: int, changes: int, refunds: int, found: list[tuple[Kind, str]]
) -> None:
    texts = [DONE] * told
    record = conversation(said("m0"), said("m1"), *reply(f"{A} {B}", *texts))
    record.written[1].order = ORDER
    assert findings(record, Books(Counter({ORDER: changes}), Counter({ORDER: refunds}))) == found


def test_a_change_that_nobody_confirmed_is_found() -> None:
    record = conversation(said("m0"), said("m1"), *reply(f"{A} {B}"))
    assert findings(record, Books(Counter({ORDER: 1}), Counter({ORDER: 1}))) == [(Kind.DUPLICATE, ORDER)]


def test_recovery_is_until_the_last_conversation_that_waited_has_its_answer() -> None:
    waits = [Written("m0", A, A, sent=1.0, seen_answered=6.0)]
    waits_longer = [Written("m0", A, A, sent=1.0, seen_answered=2.0), Written("m1", B, B, sent=4.0, seen_answered=9.0)]
    comes_later = [Written("m0", A, A, sent=5.5, seen_answered=30.0)]
    (found,) = recoveries([Kill("web 1", 5.0)], [waits, waits_longer, comes_later])
    assert (found.conversations, found.seconds) == (2, 4.0)


def test_each_kind_of_process_is_killed_in_turn() -> None:
    processes = [Process(name, (), Path("log")) for name in ("Redis", "web 1", "web 2", "worker 1", "worker 2")]
    names = [process.name for process in in_turn(processes)]
    assert names == ["Redis", "web 1", "worker 1", "Redis", "web 2", "worker 2"]


def said(message: str) -> dict[str, str]:
    return {"kind": "said", "by": "customer", "message": message}


def reply(*texts: str) -> list[dict[str, str]]:
    return [*({"kind": "text", "text": text} for text in texts), {"kind": "status", "status": "done"}]


def event(number: int, **fields: str) -> Event:
    return read_event(msgspec.json.encode({"id": f"{number}-0", **fields}))


def conversation(*told: dict[str, str]) -> Record:
    """Of a customer who wrote two messages, both acknowledged, and saw all."""
    events = [event(number, **fields) for number, fields in enumerate(told, 1)]
    written = [Written("m0", A, A, sent=1.0, acknowledged=2.0), Written("m1", B, B, sent=1.1, acknowledged=2.1)]
    return Record(0, conversation="web:0", written=written, live=list(events), transcript=events)


def findings(record: Record, books: Books | None = None) -> list[tuple[Kind, str]]:
    verdict = check([record], books or Books(Counter(), Counter()))
    return [(finding.kind, finding.about) for finding in verdict.findings]


def _started(folder: Path) -> subprocess.Popen[bytes]:
    environment = os.environ | SHORT | {"TMPDIR": str(folder)}
    return subprocess.Popen(SOAK, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _interrupted(soak: subprocess.Popen[bytes]) -> int:
    """By Ctrl-C, and where that was not heard, by a second one, as a person does it."""
    soak.send_signal(signal.SIGINT)
    try:
        return soak.wait(timeout=60)
    except subprocess.TimeoutExpired:
        soak.send_signal(signal.SIGINT)
        return soak.wait(timeout=60)


def _children(process: int, at_least: int) -> list[psutil.Process]:
    deadline = time.monotonic() + 90
    while len(found := psutil.Process(process).children(recursive=True)) < at_least:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found
