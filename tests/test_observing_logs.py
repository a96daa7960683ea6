"""Log lines: what is in them, and what is never in them, whatever went wrong."""

import asyncio
import io
import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ValidationError
from redis.exceptions import ConnectionError as RedisGone
from redis.exceptions import ResponseError

from bot.observing.logs import OURS, DeskHandler, configure_logs
from bot.observing.pseudonyms import PSEUDONYMS, Pseudonyms

Form = Literal["text", "json"]
SECRET = "Frau Kowalczyk 4f9d"


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root, hooks = logging.getLogger(), (sys.excepthook, sys.unraisablehook)
    levels = {name: logging.getLogger(name).level for name in ("", *OURS)}
    yield
    for handler in [one for one in root.handlers if isinstance(one, DeskHandler)]:
        root.removeHandler(handler)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    sys.excepthook, sys.unraisablehook = hooks


def written(do: Callable[[logging.Logger], None], form: Form = "text", level: str = "INFO", name: str = "bot.x") -> str:
    stream = io.StringIO()
    configure_logs(form, level, stream)
    do(logging.getLogger(name))
    return stream.getvalue()


def raising(error: BaseException) -> Callable[[logging.Logger], None]:
    def do(log: logging.Logger) -> None:
        try:
            raise error
        except BaseException:
            log.exception("the turn failed")

    return do


class Tool(BaseModel):
    number: int


def validation_error() -> Exception:
    """Its message quotes what was given."""
    with pytest.raises(ValidationError) as caught:
        Tool.model_validate({"number": SECRET})
    assert SECRET in str(caught.value)
    return caught.value


def grouped() -> Exception:
    cause = ValueError(SECRET)
    cause.__cause__ = KeyError(SECRET)
    return ExceptionGroup(SECRET, [cause, RuntimeError(SECRET)])


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(
    "error",
    [ValueError(SECRET), KeyError(SECRET), validation_error(), grouped(), ResponseError(f"SET {SECRET} failed")],
    ids=repr,
)
def test_an_error_is_its_type_and_its_frames_not_what_it_says(form: Form, error: Exception) -> None:
    text = written(raising(error), form)
    assert "Kowalczyk" not in text and "4f9d" not in text
    assert type(error).__name__ in text and "in do" in text


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_error_among_the_arguments_is_named_by_its_type(form: Form) -> None:
    text = written(lambda log: log.warning("no reply: %s", ValueError(SECRET)), form)
    assert "no reply: ValueError" in text and SECRET not in text


def test_an_error_that_is_the_message_itself_is_named_by_its_type() -> None:
    assert SECRET not in written(lambda log: log.error(ValueError(SECRET)))


def test_an_error_of_the_network_says_what_was_wrong() -> None:
    text = written(lambda log: log.warning("Redis: %s", RedisGone("Error 111 connecting to redis:6379. Refused.")))
    assert text == "WARNING bot.x: Redis: ConnectionError: Error 111 connecting to redis:6379. Refused.\n"


def test_an_error_of_redis_gives_its_code_and_not_the_command() -> None:
    error = ResponseError(f"Command # 1 (SET x {SECRET}) of pipeline caused error: OOM command not allowed")
    assert written(lambda log: log.warning("Redis: %s", error)) == "WARNING bot.x: Redis: ResponseError OOM\n"


def test_at_debug_errors_say_everything() -> None:
    assert SECRET in written(raising(ValueError(SECRET)), level="DEBUG")


@pytest.mark.parametrize(
    "secret",
    [
        "ada.lovelace@example.com",
        "+44 20 7946 0958",
        "4111 1111 1111 1111",
        "4111111111111111",
        "#W5918442",
        "#1002345678",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ3ZWI6MSJ9.c2lnbmF0dXJl",
        "Bearer sk-live-0123456789abcdef",
        "api_key=sk-live-0123456789abcdef",
        "redis://desk:hunter22@redis:6379/0",
        "https://api.example.com/bot123456789:AAF-0123456789abcdefghijklmnopqrst/getUpdates",
        "https://shop.example/x?token=0123456789abcdef",
        "/v1/conversations/web:1/events?after=1-0&token=0123456789abcdef",
    ],
)
def test_what_looks_like_a_secret_or_a_person_is_left_out_of_any_line(secret: str) -> None:
    """The second lock: nobody should have written it."""
    text = written(lambda log: log.warning("there was %s here", secret), name="httpx")
    for piece in (
        "ada",
        "0958",
        "7946",
        "1111",
        "5918442",
        "2345678",
        "hunter22",
        "0123456789abcdef",
        "c2lnbmF0dXJl",
        "AAF-",
    ):
        assert piece not in text, text


def test_others_who_tell_of_every_address_are_not_heard_at_info() -> None:
    line: Callable[[logging.Logger], None] = lambda log: log.info("GET %s", "https://x/?token=1")  # noqa: E731
    assert written(line, name="httpx") == "" and written(line, name="bot.x") != ""


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_task_that_nobody_waited_for_does_not_tell_what_it_died_of(form: Form) -> None:
    async def die() -> None:
        raise ValueError(SECRET)

    async def forget() -> None:
        task = asyncio.create_task(die())
        await asyncio.wait({task})
        del task

    text = written(lambda _: asyncio.run(forget()), form)
    assert "Task exception was never retrieved" in text and "ValueError" in text and SECRET not in text


def test_ids_are_hashed_and_only_known_fields_are_shown() -> None:
    given = {
        "conversation": "web:1",
        "event": "1-0",
        "ended": "finished",
        "milliseconds": 12,
        "text": SECRET,
        "extra": SECRET,
    }
    entry: dict[str, Any] = json.loads(written(lambda log: log.info("turn", extra=given), "json"))
    assert entry.keys() == {"time", "level", "logger", "message", "conversation", "event", "ended", "milliseconds"}
    assert entry["conversation"] == PSEUDONYMS.of("web:1") != "web:1"
    assert (entry["ended"], entry["milliseconds"]) == ("finished", 12)


def test_the_same_secret_gives_the_same_names_in_every_process_and_another_gives_others() -> None:
    here, there, elsewhere = Pseudonyms(), Pseudonyms(), Pseudonyms()
    here.use(b"a" * 32), there.use(b"a" * 32), elsewhere.use(b"b" * 32)
    assert here.of("web:1") == there.of("web:1") != elsewhere.of("web:1")
    assert here.of("web:1") != here.of("web:2") and here.of("") == ""


def test_every_line_of_json_is_one_line() -> None:
    text = written(raising(ValueError("x\ny")), "json") + written(lambda log: log.info("a\nb %s", "c\nd"), "json")
    assert [json.loads(line)["level"] for line in text.splitlines()] == ["ERROR", "INFO"]


def test_a_line_cannot_be_forged_by_what_is_logged() -> None:
    assert written(lambda log: log.info("who: %s", "x\nERROR bot: gone")).count("\n") == 1


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_ends_a_process_is_told_without_what_it_says(form: Form) -> None:
    program = (
        "from bot.observing.logs import configure_logs\n"
        f"configure_logs({form!r}, 'INFO')\n"
        f"raise ExceptionGroup('x', [ValueError({SECRET!r})])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "ValueError" in done.stderr
    assert SECRET not in done.stderr.replace(program, "")


def test_configuring_again_replaces_what_was_configured_before() -> None:
    first, second = io.StringIO(), io.StringIO()
    configure_logs("text", "INFO", first)
    configure_logs("json", "WARNING", second)
    logging.getLogger("bot.x").info("a")
    logging.getLogger("bot.x").warning("b")
    assert first.getvalue() == "" and json.loads(second.getvalue())["message"] == "b"
