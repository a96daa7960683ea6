"""How long after each kill the conversations that it found waiting were answered again."""

import math
from collections.abc import Sequence
from statistics import quantiles

import msgspec

from serving.soak.seen import Written


class Kill(msgspec.Struct, frozen=True):
    process: str
    at: float  # seconds, of the same clock as the messages'


class Recovered(msgspec.Struct, frozen=True):
    kill: Kill
    conversations: int  # that waited for an answer at that moment
    seconds: float  # until the last of them had it
    slowest: int  # its number
    each: tuple[float, ...]  # seconds of every one of them


def recoveries(kills: Sequence[Kill], conversations: Sequence[Sequence[Written]]) -> list[Recovered]:
    """Kills at a moment when nobody waited are left out. Who was never seen to be answered counts as infinity."""
    found: list[Recovered] = []
    for kill in kills:
        ends = [(end, number) for number, messages in enumerate(conversations) if (end := _answered(messages, kill.at))]
        if ends:
            end, slowest = max(ends)
            each = tuple(one - kill.at for one, _ in ends)
            found.append(Recovered(kill, len(ends), end - kill.at, slowest, each))
    return found


def _answered(messages: Sequence[Written], at: float) -> float:
    """When the last of those that waited at this moment was answered; 0.0 where none waited."""
    return max(
        (
            message.seen_answered or math.inf
            for message in messages
            if 0 < message.sent <= at and not message.refused and not 0 < message.seen_answered <= at
        ),
        default=0.0,
    )


def percentile(values: Sequence[float], percent: int) -> float:
    if not values:
        return 0.0
    if len(values) == 1 or math.inf in values:
        return sorted(values)[min(len(values) - 1, math.ceil(len(values) * percent / 100) - 1)]
    return quantiles(values, n=100, method="inclusive")[percent - 1]
