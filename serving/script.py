"""The script of the scripted model: rules that choose a reply by what was asked. The format is in serving/README.md."""

import re
from pathlib import Path
from typing import Any, Literal

import msgspec

Fault = Literal["429", "503", "500", "hang", "garbage", "cut", "stall"]


class Asked(msgspec.Struct, frozen=True):
    """What of a request the rules look at. A turn begins with the customer's last message."""

    user: str = ""
    earlier: tuple[str, ...] = ()  # the customer's messages before that one, the oldest first
    tool: str = ""  # whose result ends the request, "" where the customer's message does
    tool_result: str = ""
    tools: tuple[str, ...] = ()  # the names of the tools on offer
    calls: int = 0  # requests answered before this one
    prompt: str = ""  # what the model was told before the conversation
    pictures: int = 0  # that came with the customer's last message


class When(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that is given must hold; texts are regular expressions, found anywhere, in any case."""

    user: str = ""
    after: Literal["user", "tool"] | None = None
    tool: str = ""
    tool_result: str = ""
    tools: bool | None = None
    offers: str = ""
    calls_from: int = 0
    calls_below: int | None = None
    pictures: bool | None = None

    def holds(self, asked: Asked) -> bool:
        return (
            _found(self.user, asked.user)
            and (self.after is None or (self.after == "tool") == bool(asked.tool))
            and self.tool in ("", asked.tool)
            and (not self.tool_result or (bool(asked.tool) and _found(self.tool_result, asked.tool_result)))
            and (self.tools is None or self.tools == bool(asked.tools))
            and (not self.offers or self.offers in asked.tools)
            and (self.pictures is None or self.pictures == bool(asked.pictures))
            and self.calls_from <= asked.calls
            and (self.calls_below is None or asked.calls < self.calls_below)
        )


class Quote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Text for a {placeholder}: the pattern's first group, or all that it matched.

    "user" is the customer's last message, "conversation" the newest of their messages in which it is found, "prompt"
    what the model was told before the conversation.
    """

    pattern: str
    source: Literal["tool", "user", "conversation", "prompt"] = msgspec.field(name="from", default="tool")
    otherwise: str | None = None  # without it, a rule whose quote finds nothing does not apply


class Call(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    arguments: dict[str, Any] | str = {}  # a string is sent as it stands, whole or broken


class Reply(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds and tokens per second; a rate of 0 sends all at once."""

    text: str = ""
    tool_calls: tuple[Call, ...] = ()
    first_token: float = 0.0
    tokens_per_second: float = 0.0
    fault: Fault | None = None
    after_tokens: int = 2  # where a reply is cut or stalls


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reply: Reply
    when: When = When()
    quotes: dict[str, Quote] = {}


class Vectors(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the server embeds and ranks; times are seconds."""

    dimensions: int = 256
    after: float = 0.0
    fault: Literal["429", "503", "500", "hang", "garbage"] | None = None
    calls_below: int | None = None  # the fault is played so often, then all is well; None: always


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rules: tuple[Rule, ...]
    about: str = ""
    model: str = "scripted"
    sees: bool = True  # else a request with pictures is refused, as by a server whose model takes none
    places: int = 0  # requests worked on at once; more of them wait; 0: all at once
    vectors: Vectors = Vectors()

    def reply(self, asked: Asked) -> Reply | None:
        """What the first rule that applies says, its placeholders filled in; None where none applies."""
        for rule in self.rules:
            if rule.when.holds(asked):
                words = _quoted(rule.quotes, asked)
                if words is not None:
                    return _filled(rule.reply, words)
        return None


def read_script(path: Path) -> Script:
    """A script from a .json or .toml file. Raises ValueError naming the file and what is wrong in it."""
    decode = msgspec.toml.decode if path.suffix == ".toml" else msgspec.json.decode
    try:
        script = decode(path.read_bytes(), type=Script)
        for pattern in _patterns(script):
            re.compile(pattern)
    except OSError as error:
        raise ValueError(f"The script {path} cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, re.error) as error:
        raise ValueError(f"The script {path} is not right: {error}") from error
    return script


def _patterns(script: Script) -> list[str]:
    texts = [text for rule in script.rules for text in (rule.when.user, rule.when.tool_result)]
    return texts + [quote.pattern for rule in script.rules for quote in rule.quotes.values()]


def _found(pattern: str, text: str) -> bool:
    return not pattern or re.search(pattern, text, re.IGNORECASE) is not None


def _quoted(quotes: dict[str, Quote], asked: Asked) -> dict[str, str] | None:
    places = {
        "tool": (asked.tool_result,),
        "user": (asked.user,),
        "conversation": (asked.user, *asked.earlier[::-1]),
        "prompt": (asked.prompt,),
    }
    words: dict[str, str] = {}
    for name, quote in quotes.items():
        matches = (re.search(quote.pattern, text, re.IGNORECASE) for text in places[quote.source])
        match = next((one for one in matches if one), None)
        if match is None and quote.otherwise is None:
            return None
        words[name] = (match[1] if match.re.groups else match[0]) if match else quote.otherwise or ""
    return words


def _filled(reply: Reply, words: dict[str, str]) -> Reply:
    def fill(value: Any) -> Any:
        if isinstance(value, str):
            return re.sub(r"\{(\w+)\}", lambda match: words.get(match[1], match[0]), value)
        if isinstance(value, dict):
            return {name: fill(inner) for name, inner in value.items()}
        return [fill(inner) for inner in value] if isinstance(value, list) else value

    calls = tuple(Call(call.name, fill(call.arguments)) for call in reply.tool_calls)
    return msgspec.structs.replace(reply, text=fill(reply.text), tool_calls=calls)
