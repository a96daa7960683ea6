"""What an OpenAI-compatible server streams, and how a whole reply is put together from it. No I/O in here."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from bot.answering.failures import ModelGarbled, ModelUnavailable


class FunctionPiece(msgspec.Struct, frozen=True):
    name: str | None = None
    arguments: str | None = None


class CallPiece(msgspec.Struct, frozen=True):
    index: int = 0
    id: str | None = None
    function: FunctionPiece = FunctionPiece()


class Delta(msgspec.Struct, frozen=True):
    content: str | None = None
    tool_calls: list[CallPiece] | None = None
    reasoning: str | None = None
    reasoning_content: str | None = None  # what vLLM called `reasoning` before


class Choice(msgspec.Struct, frozen=True):
    delta: Delta = Delta()
    finish_reason: str | None = None


class Usage(msgspec.Struct, frozen=True):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class Chunk(msgspec.Struct, frozen=True):
    choices: list[Choice] = []
    usage: Usage | None = None
    error: Any = None  # vLLM reports what breaks after the first byte as an event

    @property
    def size(self) -> int:
        """How much of the reply itself is in it, in bytes: text, reasoning, pieces of calls, at least 1 for its end. 0
        for a chunk that a server sends before its first token, or after the last."""
        size = 0  # loops without generators: this is asked of every token
        for choice in self.choices:
            size += _size(choice.delta)
            if choice.finish_reason:
                size += 1
        return size

    @property
    def has_text(self) -> bool:
        for choice in self.choices:  # noqa: SIM110
            if choice.delta.content:
                return True
        return False

    @property
    def finishes(self) -> bool:
        for choice in self.choices:  # noqa: SIM110
            if choice.finish_reason:
                return True
        return False


def _size(delta: Delta) -> int:
    size = 0
    for text in (delta.content, delta.reasoning, delta.reasoning_content):
        if text:
            size += len(text) if text.isascii() else len(text.encode(errors="replace"))
    if delta.tool_calls:
        size += sum(1 + len(piece.function.arguments or "") for piece in delta.tool_calls)
    return size


class ToolCall(msgspec.Struct, frozen=True):
    id: str
    name: str
    arguments: str  # one JSON object, checked

    def given(self) -> dict[str, Any]:
        """Raises ModelGarbled."""
        try:
            return dict(json.loads(self.arguments, strict=False))
        except (ValueError, RecursionError) as error:
            raise ModelGarbled(f"The model called {self.name} with broken arguments: {error}") from error


class Piece(msgspec.Struct, frozen=True):
    """Of a reply, as it is handed on: the last one has its calls."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()


_chunk = msgspec.json.Decoder(Chunk)
_arguments = msgspec.json.Decoder(dict[str, msgspec.Raw])


def read_chunk(event: bytes) -> Chunk:
    """One event of the stream. Raises ModelGarbled where it is no chunk, ModelUnavailable where it reports an error."""
    try:
        chunk = _chunk.decode(event)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ModelGarbled(f"The model's reply has an event that cannot be read: {error}") from error
    if chunk.error is not None:
        raise ModelUnavailable(f"The model broke off: {str(chunk.error)[:300]}")
    return chunk


class Reply:
    """Grows with each chunk taken; the text not yet handed on waits in it."""

    def __init__(self) -> None:
        self.finish_reason = ""
        self.usage = Usage()
        self._waiting: list[str] = []
        self._calls: dict[int, list[str]] = {}

    def take(self, chunk: Chunk) -> None:
        if chunk.usage is not None:
            self.usage = chunk.usage
        for choice in chunk.choices[:1]:
            self.finish_reason = choice.finish_reason or self.finish_reason
            if choice.delta.content:
                self._waiting.append(choice.delta.content)
            for piece in choice.delta.tool_calls or ():
                call = self._calls.setdefault(piece.index, ["", "", ""])
                call[0] = piece.id or call[0]
                call[1] = piece.function.name or call[1]
                call[2] += piece.function.arguments or ""

    @property
    def has_text(self) -> bool:
        return bool(self._waiting)

    def text(self) -> str:
        """What came since this was last asked."""
        text = "".join(self._waiting)
        self._waiting.clear()
        return text

    def tool_calls(self) -> Iterator[ToolCall]:
        """The calls of a finished reply, in order. Raises ModelGarbled where one is not whole."""
        for index, (call_id, name, arguments) in sorted(self._calls.items()):
            try:
                _arguments.decode(arguments or "{}")
            except msgspec.DecodeError as error:
                raise ModelGarbled(f"The model called {name or 'a tool'} with broken arguments: {error}") from error
            if not name:
                raise ModelGarbled("The model called a tool without saying which")
            yield ToolCall(call_id or f"call_{index}", name, arguments or "{}")
