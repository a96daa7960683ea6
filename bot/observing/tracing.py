"""Spans on the way of a message, by OpenTelemetry's API alone: where nobody collects them they cost next to nothing.

What is noted on a span is counted, named or hashed; no words, and of an exception only its type."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

Fact = str | int | float | bool

_tracer = trace.get_tracer("shopdesk")
_w3c = TraceContextTextMapPropagator()


@contextmanager
def span(name: str, /, parent: str = "", **facts: Fact) -> Iterator[Span]:
    """The current span while the context lasts, a child of `parent` (a W3C traceparent) or of the current one."""
    with _tracer.start_as_current_span(
        name, _context(parent), attributes=_named(facts), record_exception=False, set_status_on_exception=False
    ) as current:
        try:
            yield current
        except BaseException as error:
            failed(current, error)
            raise


def begin(name: str, /, parent: str = "", **facts: Fact) -> Span:
    """A span beside the current one's work: whoever begins it ends it. For generators, which others may close."""
    return _tracer.start_span(name, _context(parent), attributes=_named(facts))


def note(noted: Span, **facts: Fact) -> None:
    noted.set_attributes(_named(facts))


def failed(noted: Span, error: BaseException) -> None:
    """Its message may quote a customer: the type is enough."""
    note(noted, error=type(error).__name__)
    if isinstance(error, Exception):
        noted.set_status(StatusCode.ERROR)


def traceparent() -> str:
    """The current span, for another process; "" where nothing is traced."""
    carrier: dict[str, str] = {}
    _w3c.inject(carrier)
    return carrier.get("traceparent", "")


def trace_id() -> str:
    """Of the current span, in hexadecimal; "" where nothing is traced."""
    of_span = trace.get_current_span().get_span_context()
    return f"{of_span.trace_id:032x}" if of_span.is_valid else ""


def _context(parent: str) -> Context | None:
    return _w3c.extract({"traceparent": parent}) if parent else None


def _named(facts: dict[str, Fact]) -> dict[str, Fact]:
    return {f"shopdesk.{name}": value for name, value in facts.items()}
