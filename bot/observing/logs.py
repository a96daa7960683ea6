"""Log lines, for people or as JSON: ids hashed, only fields that are named here, no words of a customer.

An error is its type and its frames: its message may quote what somebody wrote. Only LOG_LEVEL=DEBUG shows messages.
"""

import logging
import sys
import threading
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

import msgspec

from bot.observing.pseudonyms import PSEUDONYMS
from bot.observing.redaction import scrubbed, traced, worded
from bot.observing.tracing import trace_id

OURS = ("bot", "adapters", "serving")
IDS = ("conversation", "customer", "event")  # hashed wherever they are logged
FIELDS = (
    "ended",
    "answered_by",
    "milliseconds",
    "messages",
    "language",
    "tries",
    "why",
    "replica",
    "channel",
    "blocked",
)

log = logging.getLogger("bot")


class Formatter(logging.Formatter):
    """One record as one line (and, as text, the lines of its traceback)."""

    def __init__(self, form: Literal["text", "json"], quoting: bool) -> None:
        super().__init__()
        self._form, self._quoting = form, quoting

    def format(self, record: logging.LogRecord) -> str:
        said, fields = self._said(record), _fields(record)
        error = record.exc_info[1] if record.exc_info else None
        frames = traced(error, self._quoting) if error else ""
        if self._form == "text":
            line = " ".join([f"{record.levelname} {record.name}: {said}", *(f"{k}={v}" for k, v in fields.items())])
            return f"{line}\n{frames}" if frames else line
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        entry: dict[str, Any] = {"time": when, "level": record.levelname, "logger": record.name, "message": said}
        entry |= fields
        if error:
            entry |= {"error": type(error).__name__, "traceback": frames}
        return msgspec.json.encode(entry).decode()

    def _said(self, record: logging.LogRecord) -> str:
        text = self._worded(record.msg) if isinstance(record.msg, BaseException) else str(record.msg)
        if record.args:
            try:
                text = text % self._arguments(record.args)
            except (TypeError, ValueError, KeyError):
                text = f"{text} (its arguments do not fit)"
        if record.name.split(".")[0] not in OURS:
            text = text.partition("\n")[0]  # asyncio writes below it what a task died of, in full
        return scrubbed(text)

    def _arguments(self, arguments: Any) -> Any:
        if isinstance(arguments, dict):
            return {name: self._worded(value) for name, value in arguments.items()}
        return tuple(self._worded(value) for value in arguments)

    def _worded(self, value: Any) -> Any:
        return worded(value) if isinstance(value, BaseException) and not self._quoting else value


class DeskHandler(logging.StreamHandler[TextIO]):
    """The one handler that is ours."""


def configure_logs(form: Literal["text", "json"], level: str, stream: TextIO | None = None) -> None:
    """For this process, in place of what was configured before. `level` holds for what is ours; others, who tell of
    every address they open, are heard from WARNING on."""
    root = logging.getLogger()
    for handler in [one for one in root.handlers if isinstance(one, DeskHandler)]:
        root.removeHandler(handler)
    handler = DeskHandler(stream or sys.stderr)
    handler.setFormatter(Formatter(form, quoting=level == "DEBUG"))
    root.addHandler(handler)
    root.setLevel("WARNING" if level == "INFO" else level)
    for name in OURS:
        logging.getLogger(name).setLevel(level)
    _hear_what_nobody_caught()


def _hear_what_nobody_caught() -> None:
    """Python itself would print it with its message."""

    def ended(kind: type[BaseException], error: BaseException, frames: Any) -> None:
        if isinstance(error, KeyboardInterrupt):
            sys.__excepthook__(kind, error, frames)
        else:
            log.critical("ended by an error; SHOPDESK_LOG_LEVEL=DEBUG shows what it says", exc_info=error)

    def ended_thread(happened: threading.ExceptHookArgs) -> None:
        log.error("a thread was ended by an error", exc_info=happened.exc_value)

    def ignored(happened: Any) -> None:
        log.error("an error was ignored", exc_info=happened.exc_value)

    sys.excepthook, threading.excepthook, sys.unraisablehook = ended, ended_thread, ignored


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    """What was given as `extra`, as far as it is named here; the trace it belongs to, where there is one."""
    given = record.__dict__
    found = {name: PSEUDONYMS.of(str(given[name])) for name in IDS if given.get(name)}
    found |= {name: _plain(given[name]) for name in FIELDS if name in given}
    return found | ({"trace": trace} if (trace := trace_id()) else {})


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | float) else scrubbed(str(value))
