"""What is noted of the calls to the model: of each one how it ended, its tokens and its first; of all, how many now."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from opentelemetry.trace import Span

from bot.answering.failures import ModelFailure
from bot.answering.places import Places, Replica
from bot.observing import metrics
from bot.observing.tracing import begin, failed, note


@dataclass(slots=True)
class CallRecord:
    """One call. `begins` and `used` are told by whoever reads the reply."""

    span: Span
    asked: float
    begun: bool = False

    def begins(self) -> None:
        """The first token has come."""
        if not self.begun:
            self.begun = True
            metrics.model_first_token_seconds.observe(time.monotonic() - self.asked)

    def used(self, prompt_tokens: int, completion_tokens: int) -> None:
        note(self.span, prompt_tokens=prompt_tokens, completion_tokens=completion_tokens)


@contextmanager
def recorded_call(replica: str) -> Iterator[CallRecord]:
    """Around one call to a replica, given by its address."""
    place = named(replica)
    call, outcome = CallRecord(begin("model call", replica=place), time.monotonic()), "answered"
    try:
        yield call
    except ModelFailure as failure:
        outcome = failure.why
        failed(call.span, failure)
        raise
    except (asyncio.CancelledError, GeneratorExit):  # the customer wrote meanwhile, or left
        outcome = "abandoned"
        raise
    except BaseException as error:
        outcome = "garbled"
        failed(call.span, error)
        raise
    finally:
        metrics.model_calls_total.labels(place, outcome).inc()
        note(call.span, outcome=outcome)
        call.span.end()


@contextmanager
def shown_places(places: Places) -> Iterator[None]:
    """While they are in use, how many calls go on and wait, and which replica is left alone, is looked at when somebody
    asks."""
    metrics.model_waiting.set_function(lambda: places.waiting)
    for replica in places.replicas:
        metrics.model_in_flight.labels(named(replica.name)).set_function(partial(_in_flight, replica))
        metrics.model_breaker_open.labels(named(replica.name)).set_function(partial(_left_alone, replica))
    try:
        yield
    finally:
        metrics.model_waiting.set_function(lambda: 0)
        metrics.model_in_flight.clear()
        metrics.model_breaker_open.clear()


def _in_flight(replica: Replica) -> int:
    return replica.in_flight


def _left_alone(replica: Replica) -> int:
    return int(not replica.breaker.closed)


def named(replica: str) -> str:
    """Host and port: the rest of an address may be secret."""
    parts = urlsplit(replica)
    return f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname or "unknown"
