"""What a log line leaves out: what an error quotes, and whatever looks like a secret or like a person."""

import re
import traceback

# Nothing here knows what a customer wrote; it is the second lock behind not logging it.
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(\w+://)[^/\s@]+@"), r"\1[secret]@"),  # user and password of an address
    (re.compile(r"(\w+://[^\s?#'\"]*)[?#][^\s'\"]*"), r"\1?[left out]"),  # its query: tokens travel there
    (re.compile(r"(/[^\s?'\"]*)\?[^\s'\"]*"), r"\1?[left out]"),  # the same of a path alone
    (re.compile(r"\bbot\d+:[\w-]{20,}"), "bot[secret]"),  # a chat platform's token, in the path of an address
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*"), "[token]"),  # JWT
    (re.compile(r"(?i)\b(bearer|basic|token|api[-_]?key|password|secret)([\s:=\"']+)[^\s,;\"']{6,}"), r"\1\2[secret]"),
    (re.compile(r"[^\s@<>\"'(]+@[^\s@<>\"')]+\.\w+"), "[e-mail]"),
    (re.compile(r"[#＃]?\w{0,3}\d(?:[ -]?\d){6,}"), "[number]"),  # orders, cards, telephones: seven digits or more
)
_SPEAK = {("redis.exceptions", "ConnectionError"), ("redis.exceptions", "TimeoutError")}  # of the network alone


_REDIS = re.compile(r"\b(OOM|NOAUTH|NOPERM|WRONGPASS|READONLY|MISCONF|LOADING|CLUSTERDOWN|NOGROUP|WRONGTYPE|BUSY)\b")


def scrubbed(text: str) -> str:
    """One line of text without what looks like an address' secrets, a token, an e-mail address or a long number."""
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text.replace("\r", "").replace("\n", " | ")


def worded(error: BaseException) -> str:
    """An error in one line: its type, and its message only where that speaks of the network and quotes nobody."""
    kind = type(error)
    if isinstance(error, OSError) and error.strerror:
        return scrubbed(f"{kind.__name__}: {error.strerror}")
    if (kind.__module__, kind.__name__) in _SPEAK:
        return scrubbed(f"{kind.__name__}: {error}")
    code = _REDIS.search(str(error)) if kind.__module__ == "redis.exceptions" else None
    return f"{kind.__name__} {code[1]}" if code else kind.__name__


def traced(error: BaseException, quoting: bool = False, _seen: frozenset[int] = frozenset()) -> str:
    """A traceback of frames and types: of the error, of what caused it, of each error in a group.

    `quoting`: with the messages, as Python prints them.
    """
    seen = _seen | {id(error)}
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    lines: list[str] = []
    if cause is not None and id(cause) not in seen:
        lines += [traced(cause, quoting, seen), "which led to:"]
    frames = "".join(traceback.format_tb(error.__traceback__)).rstrip()
    lines += ["Traceback (most recent call last):", *([frames] if frames else [])]
    lines.append(f"{type(error).__name__}: {error}" if quoting else worded(error))
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            if id(one) not in seen:
                lines.append("of the group:\n" + traced(one, quoting, seen))
    return "\n".join(lines)
