"""Enough of PromQL to hold our own queries to it: they parse, and ranges stand where a function wants one.

The grammar is that of the Prometheus documentation (Querying, Operators, Functions), without offset, @ and matching.
"""

import re
from dataclasses import dataclass, field

RANGED = {"rate", "increase", "deriv", "max_over_time", "min_over_time", "avg_over_time", "sum_over_time"}
PLAIN = {"histogram_quantile": 2, "abs": 1, "clamp_min": 2, "vector": 1}
AGGREGATES = {"sum", "max", "min", "avg", "count"}
LEVELS = [{"or"}, {"and", "unless"}, {"==", "!=", ">", "<", ">=", "<="}, {"+", "-"}, {"*", "/", "%"}]
_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?)(?![\w])|(?P<duration>\d+(?:ms|[smhdwy])|\$__rate_interval)
    |(?P<name>[a-zA-Z_]\w*(?::[a-zA-Z_]\w*)*)|(?P<string>"(?:[^"\\]|\\.)*")|(?P<sign>=~|!~|==|!=|>=|<=|[-+*/%(){}\[\],:=<>]))""",
    re.VERBOSE,
)


class Wrong(ValueError):
    pass


@dataclass
class Query:
    """What a query asks for."""

    text: str
    metrics: set[str] = field(default_factory=set)
    matchers: set[tuple[str, str, str]] = field(default_factory=set)  # (metric, label, value or pattern)
    labels: set[str] = field(default_factory=set)  # by which it groups


def parsed(text: str) -> Query:
    """Raises Wrong."""
    reading = _Reading(text)
    if reading.operation(0) != "instant":
        raise Wrong(f"{text}: is a range")
    if reading.left:
        raise Wrong(f"{text}: what does {reading.left[0]} mean there?")
    return reading.query


def _tokens(text: str) -> list[tuple[str, str]]:
    found, place = [], 0
    while text[place:].strip():
        match = _TOKEN.match(text, place)
        if not match or not match.lastgroup:
            raise Wrong(f"{text}: cannot be read from {text[place:]!r}")
        found.append((match.lastgroup, match[match.lastgroup]))
        place = match.end()
    return found


class _Reading:
    def __init__(self, text: str) -> None:
        self.query, self.left = Query(text), _tokens(text)

    def _next(self) -> tuple[str, str]:
        return self.left[0] if self.left else ("end", "")

    def _take(self, *values: str) -> str:
        kind, value = self._next()
        if value not in values and kind not in values:
            raise Wrong(f"{self.query.text}: {values} is missing before {value!r}")
        del self.left[0]
        return value

    def operation(self, level: int) -> str:
        if level == len(LEVELS):
            return self._ranged()
        kind = self.operation(level + 1)
        while self._next()[1] in LEVELS[level]:
            self._take(*LEVELS[level])
            if (kind, self.operation(level + 1)) != ("instant", "instant"):
                raise Wrong(f"{self.query.text}: a range cannot be reckoned with")
        return kind

    def _ranged(self) -> str:
        kind, is_selector = self._atom()
        if self._next()[1] != "[":
            return kind
        self._take("[")
        self._take("duration")
        if self._next()[1] == ":":
            self._take(":")
            self._take("duration")
        elif not is_selector:
            raise Wrong(f"{self.query.text}: only a metric has a plain range; this needs a step")
        self._take("]")
        return "range"

    def _atom(self) -> tuple[str, bool]:
        kind, value = self._next()
        if kind == "number":
            self._take("number")
            return "instant", False
        if value == "(":
            return self._in_brackets(), False
        name = self._take("name")
        if name in AGGREGATES:
            self._grouping()
            self._arguments(name, ["instant"])
            self._grouping()
        elif name in RANGED:
            self._arguments(name, ["range"])
        elif name in PLAIN:
            self._arguments(name, ["instant"] * PLAIN[name])
        elif self._next()[1] == "(":
            raise Wrong(f"{self.query.text}: there is no function {name} here")
        else:
            self._selector(name)
            return "instant", True
        return "instant", False

    def _in_brackets(self) -> str:
        self._take("(")
        kind = self.operation(0)
        self._take(")")
        return kind

    def _grouping(self) -> None:
        if self._next()[1] not in ("by", "without"):
            return
        self._take("by", "without")
        self._take("(")
        while self._next()[1] != ")":
            self.query.labels.add(self._take("name"))
            if self._next()[1] != ")":
                self._take(",")
        self._take(")")

    def _arguments(self, function: str, wanted: list[str]) -> None:
        self._take("(")
        for number, kind in enumerate(wanted):
            if number:
                self._take(",")
            if self.operation(0) != kind:
                raise Wrong(f"{self.query.text}: {function} wants {kind} there")
        self._take(")")

    def _selector(self, metric: str) -> None:
        self.query.metrics.add(metric)
        if self._next()[1] != "{":
            return
        self._take("{")
        while self._next()[1] != "}":
            label = self._take("name")
            self._take("=", "!=", "=~", "!~")
            self.query.matchers.add((metric, label, self._take("string").strip('"')))
            if self._next()[1] != "}":
                self._take(",")
        self._take("}")
