"""No history of customers, staff, workers and crashes breaks a mailbox; the same histories catch any wrong script.

HISTORIES sets how many are played: `make proof-mailbox` plays 10,000.
"""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from bot.keys import Keys
from bot.redis.connection import Connection, connect, script_text
from tests.mailbox_ground import Ground
from tests.mailbox_machine import MailboxMachine

HISTORIES = int(os.environ.get("HISTORIES", "300"))
BROKEN_HISTORIES = 1000  # at most so many are played until a broken script is caught
SETTINGS = settings(
    deadline=None,
    database=None,
    print_blob=True,
    stateful_step_count=40,
    suppress_health_check=list(HealthCheck),
)

BROKEN = {  # what is wrong: (script, what stands in it, what stands there instead); the gravest first
    "repeated ids are new messages": ("accept", "if seen then return seen end", ""),
    "the newest goes first": ("accept", "RPUSH", "LPUSH"),
    "a lease is not looked at": ("take", "return {0}", ""),
    "two turns have one fence": ("take", "'fence', 1)", "'fence', 0)"),
    "a late worker may commit": ("commit", "~= ARGV[1] then return -1 end", "~= ARGV[1] then end"),
    "what is asked twice is done twice": ("commit", "then return tonumber(ended) end", "then end"),
    "all mail is taken away": ("commit", "redis.call('LTRIM', KEYS[2], taken, -1)", "redis.call('DEL', KEYS[2])"),
    "staff are talked over": ("commit", "return -2", "do end"),
    "an interruption is ignored": ("commit", "return -3", "do end"),
    "who has more mail gives up its token": ("commit", "if result == 1 then return 1 end", ""),
    "who steps back leaves no token": ("commit", "if result == 2 then", "if false then"),
    "parked mail is thrown away": ("commit", "redis.call('HSET', KEYS[9]", "redis.call('HEXISTS', KEYS[9]"),
    "a telling is found under the version before too": ("commit", "redis.call('ZREM', KEYS[11], gone)", ""),
    "what was told outlives its erasure": ("erase", "redis.call('ZREM', KEYS[11], telling)", ""),
    "an erased conversation begins with the old fence": ("erase", "'fence', 1)", "'fence', 0)"),
    "the mailbox has no bound": ("accept", "return {'unanswered', 5}", ""),
    "a try is not counted": ("take", "1 - tonumber(ARGV[7])", "0"),
    "a late worker may tell": ("emit", "then return 0 end", "then end"),
    "pieces stay in the transcript": ("commit", "redis.call('XDEL', KEYS[4], entry[1])", ""),
    "tries are never forgotten": ("commit", "'begun', 'tries')", "'begun')"),
    "a finished token is not acknowledged": ("commit", "redis.call('XACK', KEYS[6], ARGV[8], ARGV[7])", ""),
    "anybody may release": ("release", "then return 0 end", "then end"),
    "who releases leaves no token": ("release", "redis.call('LLEN', KEYS[4]) > 0", "false"),
    "a release counts as a try": ("release", "HINCRBY', KEYS[3], 'tries', -1", "HINCRBY', KEYS[3], 'tries', 0"),
    "a parked message is retried twice": ("unpark", "== 0 then return 0 end", "== 0 then end"),
}
WRONG = list(BROKEN) if HISTORIES >= 1000 else list(BROKEN)[:15]


@contextmanager
def ground_on(redis_url: str, keys: Keys, spoil: Callable[[str], str] = str) -> Iterator[Ground]:
    with asyncio.Runner() as runner:
        opening = connect(redis_url)
        connection: Connection = runner.run(opening.__aenter__())
        try:
            yield Ground(runner, connection, keys, spoil)
        finally:
            runner.run(opening.__aexit__(None, None, None))


def test_no_history_loses_doubles_or_misplaces_anything(any_url: str, any_keys: Keys) -> None:
    with ground_on(any_url, any_keys) as ground:
        played = settings(SETTINGS, max_examples=max(1, HISTORIES // 3))
        run_state_machine_as_test(lambda: MailboxMachine(ground), settings=played)


@pytest.mark.parametrize("wrong", WRONG)
def test_the_histories_catch_a_script_that_is_wrong(redis_url: str, wrong: str) -> None:
    name, right, broken = BROKEN[wrong]
    whole = script_text(name)
    assert whole.count(right) == 1, f"{name}.lua has been changed: break it in another way"
    played = settings(
        SETTINGS, max_examples=BROKEN_HISTORIES, phases=[Phase.generate], report_multiple_bugs=False, print_blob=False
    )

    def spoil(text: str) -> str:
        return text.replace(right, broken) if text == whole else text

    with ground_on(redis_url, Keys(1), spoil) as ground, pytest.raises(AssertionError):
        run_state_machine_as_test(lambda: MailboxMachine(ground), settings=played)
