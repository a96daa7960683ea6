"""What the tests' Discord refuses: too much at once, faults that a test asked for, and messages that are wrong."""

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from tests.discord_world import Payload

FIVE_ROWS, FIVE_BUTTONS, OPTIONS, CUSTOM_ID, LABEL, CONTENT = 5, 5, 25, 100, 80, 2000
ROW, BUTTON, SELECT = 1, 2, 3
LINK = 5  # the style of a button


@dataclass
class Window:
    """So many in so many seconds."""

    most: int
    seconds: float
    times: deque[float] = field(default_factory=deque)

    def take(self) -> tuple[bool, int, float]:
        """Whether it is allowed, how many are left, and in how many seconds the window is empty again."""
        now = time.monotonic()
        while self.times and self.times[0] <= now - self.seconds:
            self.times.popleft()
        allowed = len(self.times) < self.most
        if allowed:
            self.times.append(now)
        return allowed, self.most - len(self.times), self.times[0] + self.seconds - now


@dataclass
class Fault:
    """The next `times` requests of this kind go wrong."""

    method: str
    path: str  # a part of it
    status: int = 0  # 0: the connection is cut
    times: int = 1
    code: int = 0
    retry_after: float = 1.0
    is_global: bool = False
    after: bool = False  # it is done all the same; only the answer is wrong
    wait: float = 0.0  # seconds before anything

    def meets(self, method: str, path: str) -> bool:
        return self.times > 0 and method == self.method and self.path in path


def wrong(body: Payload) -> dict[str, Any] | None:
    """What Discord has against a message, as it says it; None where nothing."""
    if len(body.get("content") or "") > CONTENT:
        return _invalid("content", "BASE_TYPE_MAX_LENGTH", "Must be 2000 or fewer in length.")
    rows = body.get("components") or []
    if len(rows) > FIVE_ROWS:
        return _invalid("components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
    if any(not _row_is_right(row) for row in rows):
        return _invalid("components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
    names = [one["custom_id"] for row in rows for one in row["components"] if "custom_id" in one]
    if len(names) != len(set(names)):
        return _invalid("components", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")
    if len(body.get("nonce") or "") > 25:
        return _invalid("nonce", "NONCE_TYPE_TOO_LONG", "Must be 25 or fewer in length.")
    return None


def is_empty(body: Payload) -> bool:
    return not any(body.get(name) for name in ("content", "components", "embeds", "attachments", "sticker_ids"))


def _row_is_right(row: Payload) -> bool:
    inside = row.get("components", [])
    if row.get("type") != ROW or not inside:
        return False
    if inside[0]["type"] == SELECT:
        return len(inside) == 1 and _select_is_right(inside[0])
    return len(inside) <= FIVE_BUTTONS and all(_button_is_right(one) for one in inside)


def _button_is_right(button: Payload) -> bool:
    if button["type"] != BUTTON or not 1 <= len(button.get("label", "")) <= LABEL:
        return False
    if button["style"] == LINK:
        return bool(button.get("url")) and "custom_id" not in button
    return 1 <= len(button.get("custom_id", "")) <= CUSTOM_ID


def _select_is_right(select: Payload) -> bool:
    options = select.get("options", [])
    values = [one["value"] for one in options]
    lengths = all(1 <= len(one["label"]) <= 100 and 1 <= len(one["value"]) <= CUSTOM_ID for one in options)
    named = 1 <= len(select.get("custom_id", "")) <= CUSTOM_ID
    return named and lengths and 1 <= len(options) <= OPTIONS and len(values) == len(set(values))


def _invalid(field_name: str, code: str, message: str) -> dict[str, Any]:
    errors = {field_name: {"_errors": [{"code": code, "message": message}]}}
    return {"message": "Invalid Form Body", "code": 50035, "errors": errors}
