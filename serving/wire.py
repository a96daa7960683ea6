"""The words of OpenAI's chat completions as a server needs them: what a client sends, and the pieces of a reply."""

import re
import time
from typing import Any

import msgspec

from serving.script import Call


class WireFunction(msgspec.Struct):
    name: str = ""
    arguments: str = ""


class WireCall(msgspec.Struct):
    id: str = ""
    function: WireFunction = msgspec.field(default_factory=WireFunction)


class WireAddress(msgspec.Struct):
    url: str = ""


class WirePiece(msgspec.Struct):
    """Of a message that is not only text."""

    type: str
    text: str = ""
    image_url: WireAddress = msgspec.field(default_factory=WireAddress)


class WireMessage(msgspec.Struct):
    role: str
    content: str | list[WirePiece] | None = None
    tool_calls: list[WireCall] = []
    tool_call_id: str = ""

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "\n".join(piece.text for piece in self.content if piece.type == "text")
        return self.content or ""

    @property
    def pictures(self) -> tuple[str, ...]:
        """Their addresses: of what our own client sends, data: with the whole picture."""
        pieces = self.content if isinstance(self.content, list) else []
        return tuple(piece.image_url.url for piece in pieces if piece.type == "image_url")


class WireTool(msgspec.Struct):
    function: WireFunction


class WireStreamOptions(msgspec.Struct):
    include_usage: bool = False


class WireRequest(msgspec.Struct):
    model: str
    messages: list[WireMessage]
    tools: list[WireTool] = []
    stream: bool = False
    stream_options: WireStreamOptions = msgspec.field(default_factory=WireStreamOptions)
    max_tokens: int | None = None


def tokens(text: str) -> list[str]:
    """A word with the space after it, or one Chinese character: near enough to how models cut text."""
    return re.findall(r"[\u3000-\u9fff\uff00-\uffef]|[^\s\u3000-\u9fff\uff00-\uffef]+\s*|\s+", text)


def whole_call(index: int, call: Call) -> dict[str, Any]:
    arguments = call.arguments if isinstance(call.arguments, str) else msgspec.json.encode(call.arguments).decode()
    function = {"name": call.name, "arguments": arguments}
    return {"id": f"call_{time.time_ns():x}_{index}", "type": "function", "function": function}


def pieces(index: int, call: Call) -> list[dict[str, Any]]:
    """A call as servers stream it: its name first, then its arguments in two pieces."""
    whole = whole_call(index, call)
    arguments = whole["function"]["arguments"]
    half = len(arguments) // 2
    first = {**whole, "index": index, "function": {"name": call.name, "arguments": ""}}
    return [first] + [
        {"index": index, "function": {"arguments": part}} for part in (arguments[:half], arguments[half:])
    ]


def event(what: dict[str, Any]) -> bytes:
    return b"data: " + msgspec.json.encode(what) + b"\n\n"
