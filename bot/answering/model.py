"""The chat model that LangChain sees: our own, because the stock client costs three times the CPU per reply.

Tokens are handed on about every 40 ms instead of one by one, the first at once; a tool call is handed on whole.
"""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

import aiohttp
import msgspec
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call, tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field

from bot.answering.breaker import Breaker
from bot.answering.chunks import Chunk, Piece, Reply
from bot.answering.completions import Completions, Deadlines
from bot.answering.patience import Patience, Urgency
from bot.answering.places import WAIT_SECONDS, Places, Replica
from bot.answering.replicas import Replicas
from bot.observing.model_calls import shown_places


class ModelSettings(msgspec.Struct, frozen=True):
    """Times are seconds. `extra_body` is a JSON object added to each request: what only this server understands."""

    url: str  # of the server, or of several with commas; /v1 is added where it is missing
    name: str
    api_key: str = ""
    max_tokens: int = 700
    temperature: float = 0.2
    deadlines: Deadlines = Deadlines()
    flush_seconds: float = 0.04
    concurrency: int = 32  # calls at once, for each server
    wait_for_place: float = WAIT_SECONDS
    extra_body: dict[str, Any] = {}

    def __repr__(self) -> str:  # without the key
        return f"ModelSettings(url={self.url!r}, name={self.name!r})"


class ServedModel(BaseChatModel):
    """Raises ModelFailure (bot.answering.failures). Asynchronous only.

    A call may be given `patience`: a Patience, the same one for all the calls of a turn.
    """

    settings: ModelSettings = Field(repr=False)
    replicas: Replicas = Field(repr=False)

    @property
    def _llm_type(self) -> str:
        return "shopdesk"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.settings.name}

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | dict[str, Any] | bool | None = None,
        strict: bool | None = True,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """`tool_choice`: "auto", "none", "required" (or "any"), or the name of a tool.

        `strict` has vLLM hold the arguments to their schema while it writes them; without it, it holds only the form.
        """
        kwargs.pop("ls_structured_output_format", None)
        schemas = [_schema(tool, strict) for tool in tools]
        return self.bind(tools=schemas, **_choice(tool_choice), **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        raise NotImplementedError("ServedModel is asynchronous only: use ainvoke or astream")

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        reply = Reply()
        async with aclosing(self._chunks(messages, stop, **kwargs)) as chunks:
            async for chunk in chunks:
                reply.take(chunk)
        message = AIMessage(
            content=reply.text(),
            tool_calls=[
                tool_call(name=c.name, args=msgspec.json.decode(c.arguments), id=c.id) for c in reply.tool_calls()
            ],
            response_metadata=self._metadata(reply),
            usage_metadata=_usage(reply),
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        reply = Reply()
        async with aclosing(self._texts(reply, self._chunks(messages, stop, **kwargs))) as texts:
            async for text in texts:
                yield ChatGenerationChunk(message=AIMessageChunk(content=text))
        calls = enumerate(reply.tool_calls())
        message = AIMessageChunk(
            content=reply.text(),
            tool_call_chunks=[tool_call_chunk(name=c.name, args=c.arguments, id=c.id, index=i) for i, c in calls],
            response_metadata=self._metadata(reply),
            usage_metadata=_usage(reply),
            chunk_position="last",
        )
        yield ChatGenerationChunk(message=message)

    def offering(self, tools: Sequence[BaseTool]) -> "Offering":
        """The model with these tools, for whoever wants nothing else of LangChain."""
        return Offering(self, tools)

    async def pieces(
        self, messages: Sequence[BaseMessage], patience: Patience, tools: msgspec.Raw
    ) -> AsyncGenerator[Piece, None]:
        """The same as `astream` of the model with its tools, at a fifth of the CPU: no callbacks, no chunks of messages
        that have to be added up. `tools` is JSON."""
        reply = Reply()
        async with aclosing(self._texts(reply, self._chunks(messages, None, patience, tools=tools))) as texts:
            async for text in texts:
                yield Piece(text)
        yield Piece(reply.text(), tuple(reply.tool_calls()))

    async def _texts(self, reply: Reply, chunks: AsyncGenerator[Chunk, None]) -> AsyncGenerator[str, None]:
        """What can be handed on before the end; all else is in `reply` then."""
        flushed = float("-inf")
        async with aclosing(chunks):
            async for chunk in chunks:
                reply.take(chunk)
                if reply.has_text and time.monotonic() - flushed >= self.settings.flush_seconds:
                    flushed = time.monotonic()
                    yield reply.text()

    def _chunks(
        self, messages: Sequence[BaseMessage], stop: list[str] | None, patience: Patience | None = None, **options: Any
    ) -> AsyncGenerator[Chunk, None]:
        patience = patience or Patience()
        return self.replicas.stream(self._request(messages, stop, options, patience.urgency), patience)

    def _request(
        self, messages: Sequence[BaseMessage], stop: list[str] | None, options: dict[str, Any], urgency: Urgency
    ) -> bytes:
        """What never changes between two turns stands first, so that the bytes show what a prefix cache can share."""
        request: dict[str, Any] = {
            "model": self.settings.name,
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_tokens": self.settings.max_tokens,
            "temperature": self.settings.temperature,
            **self.settings.extra_body,
            **{name: value for name, value in options.items() if value is not None},
        }
        if urgency is not Urgency.INTERACTIVE:  # a server that schedules by arrival alone refuses any other than 0
            request["priority"] = int(urgency)
        if stop:
            request["stop"] = stop
        request["messages"] = [_message(message) for message in messages]
        return msgspec.json.encode(request)

    def _metadata(self, reply: Reply) -> dict[str, Any]:
        return {"finish_reason": reply.finish_reason, "model_name": self.settings.name}


class Offering:
    """A model with its tools."""

    def __init__(self, model: ServedModel, tools: Sequence[BaseTool]) -> None:
        self._model = model
        self._tools = msgspec.Raw(msgspec.json.encode([_schema(tool) for tool in tools]))

    def pieces(self, messages: Sequence[BaseMessage], patience: Patience) -> AsyncGenerator[Piece, None]:
        return self._model.pieces(messages, patience, self._tools)


@asynccontextmanager
async def open_model(
    settings: ModelSettings, clock: Callable[[], float] = time.monotonic
) -> AsyncIterator[ServedModel]:
    """The model while the context lasts. Nothing is asked of the server yet: it may well come up later than we do."""
    # vLLM closes an idle connection after 5 s: let go of it before
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=4)
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=None)  # the deadlines are ours, one for each phase
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:
        urls = dict.fromkeys(url.strip() for url in settings.url.split(","))
        replicas = [
            Replica(url, Completions(http, url, settings.api_key), Breaker(clock), settings.concurrency) for url in urls
        ]
        places = Places(replicas, settings.wait_for_place)
        with shown_places(places):
            yield ServedModel(settings=settings, replicas=Replicas(places, settings.deadlines))


def _schema(tool: dict[str, Any] | type | Callable[..., Any] | BaseTool, strict: bool | None = True) -> dict[str, Any]:
    return convert_to_openai_tool(tool, strict=strict)


def _choice(tool_choice: str | dict[str, Any] | bool | None) -> dict[str, Any]:
    if tool_choice is None:
        return {}
    if tool_choice in ("any", True):
        return {"tool_choice": "required"}
    if isinstance(tool_choice, str) and tool_choice not in ("auto", "none", "required"):
        return {"tool_choice": {"type": "function", "function": {"name": tool_choice}}}
    return {"tool_choice": tool_choice or "none"}


def _message(message: BaseMessage) -> dict[str, Any]:
    text = message.content if isinstance(message.content, str) else str(message.text)
    if isinstance(message, ToolMessage):
        return {"role": "tool", "tool_call_id": message.tool_call_id, "content": text}
    if isinstance(message, AIMessage):
        calls = [
            {
                "id": call["id"],
                "type": "function",
                "function": {"name": call["name"], "arguments": msgspec.json.encode(call["args"]).decode()},
            }
            for call in message.tool_calls
        ]
        return {"role": "assistant", "content": text} | ({"tool_calls": calls} if calls else {})
    roles = {"system": "system", "human": "user"}
    if message.type not in roles:
        raise ValueError(f"A {message.type} message has no place in a request to the model")
    pieces = [_piece(one) for one in message.content] if isinstance(message.content, list) else []
    sees = any(piece["type"] != "text" for piece in pieces)
    return {"role": roles[message.type], "content": pieces if sees else text}


def _piece(piece: str | dict[str, Any]) -> dict[str, Any]:
    """Of a message that is not only text: OpenAI's `text` and `image_url` stand in LangChain as they do on the wire."""
    if isinstance(piece, str):
        return {"type": "text", "text": piece}
    if piece.get("type") not in ("text", "image_url"):
        raise ValueError(f"A {piece.get('type')} has no place in a request to the model")
    return piece


def _usage(reply: Reply) -> UsageMetadata:
    asked, made = reply.usage.prompt_tokens, reply.usage.completion_tokens
    return UsageMetadata(input_tokens=asked, output_tokens=made, total_tokens=asked + made)
