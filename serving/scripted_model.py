"""A model server that plays a script: OpenAI's chat completions over HTTP, with its faults, and no model behind it.

Embeddings and rankings are served beside them.

python -m serving.scripted_model --script serving/scripts/desk.json --port 8001
"""

import argparse
import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from serving.script import Asked, Reply, Script, read_script
from serving.scripted_vectors import ScriptedVectors
from serving.wire import WireMessage, WireRequest, event, pieces, tokens, whole_call

REMEMBERED = 1000  # requests


class Remembered(msgspec.Struct):
    """One request as GET /requests tells of it."""

    body: str  # byte for byte as it was sent
    began: float  # seconds since the epoch
    finished: bool = False
    aborted: bool = False  # the client closed the connection before the end


class ScriptedModel:
    """Answers by the script and remembers what it was asked."""

    def __init__(self, script: Script) -> None:
        self._script, self._vectors = script, ScriptedVectors(script)
        self._asked: deque[Remembered] = deque(maxlen=REMEMBERED)
        self._calls = self._ended = self._aborted = self._running = self._waiting = 0
        self._places = asyncio.Semaphore(script.places) if script.places else None
        self._connections: set[object] = set()

    def application(self) -> web.Application:
        app = web.Application(client_max_size=16 * 2**20)
        app.add_routes(
            [
                web.post("/v1/chat/completions", self.complete),
                web.get("/v1/models", self.models),
                web.get("/health", self.health),
                web.get("/requests", self.requests),
                web.get("/metrics", self.metrics),
                *self._vectors.routes(),
            ]
        )
        return app

    async def health(self, request: web.Request) -> web.Response:
        return web.Response()

    async def models(self, request: web.Request) -> web.Response:
        return _json(
            {"object": "list", "data": [{"id": self._script.model, "object": "model", "owned_by": "shopdesk"}]}
        )

    async def requests(self, request: web.Request) -> web.Response:
        counts = {"count": self._calls, "aborted": self._aborted, "connections": len(self._connections)}
        return _json({**counts, "requests": list(self._asked), "vectors": list(self._vectors.asked)})

    async def metrics(self, request: web.Request) -> web.Response:
        """Prometheus text, with vLLM's names for what both of them count."""
        model = f'model_name="{self._script.model}"'
        figures = (
            ("num_requests_running", "gauge", model, self._running),
            ("num_requests_waiting", "gauge", model, self._waiting),
            ("request_success_total", "counter", f'{model},finished_reason="stop"', self._ended),
            ("request_success_total", "counter", f'{model},finished_reason="abort"', self._aborted),
        )
        types = dict.fromkeys(f"# TYPE vllm:{name} {kind}" for name, kind, _, _ in figures)
        lines = [*types, *(f"vllm:{name}{{{labels}}} {value}" for name, _, labels, value in figures)]
        return web.Response(text="\n".join(lines) + "\n", content_type="text/plain")

    async def complete(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        remembered = Remembered(body.decode(errors="replace"), time.time())
        self._asked.append(remembered)
        before, self._calls = self._calls, self._calls + 1
        self._connections.add(request.transport and request.transport.get_extra_info("peername"))
        try:
            async with self._working():
                response = await self._answer(request, body, before)
        except (asyncio.CancelledError, ConnectionError):
            remembered.aborted = True
            self._aborted += 1
            raise
        remembered.finished = True
        self._ended += 1
        return response

    @asynccontextmanager
    async def _working(self) -> AsyncIterator[None]:
        """Waits for a place where the script has only so many."""
        async with AsyncExitStack() as held:
            if self._places is not None:
                self._waiting += 1
                try:
                    await held.enter_async_context(self._places)
                finally:
                    self._waiting -= 1
            self._running += 1
            try:
                yield
            finally:
                self._running -= 1

    async def _answer(self, request: web.Request, body: bytes, before: int) -> web.StreamResponse:
        try:
            asked = msgspec.json.decode(body, type=WireRequest)
        except msgspec.DecodeError as error:
            return _error(400, f"The request cannot be read: {error}")
        if asked.model != self._script.model:
            return _error(404, f"The model {asked.model} does not exist; this is {self._script.model}")
        if not self._script.sees and any(message.pictures for message in asked.messages):
            return _error(400, f"{asked.model} is not a multimodal model")
        reply = self._script.reply(_what_matters(asked, before))
        if reply is None:
            return _error(400, "No rule of the script applies to this request")
        if reply.fault in ("429", "503", "500"):
            return _error(int(reply.fault), f"The script says {reply.fault}")
        if reply.fault == "hang":
            await asyncio.Event().wait()
        play = _Play(asked, reply)
        return await play.stream(request) if asked.stream else await play.whole()


class _Play:
    """One reply on its way out."""

    def __init__(self, asked: WireRequest, reply: Reply) -> None:
        self._asked, self._reply = asked, reply
        self._tokens = tokens(reply.text)[: asked.max_tokens]
        self._finish = "tool_calls" if reply.tool_calls else "stop"
        if len(self._tokens) == asked.max_tokens:
            self._finish = "length"
        prompt = sum(len(tokens(message.text)) for message in asked.messages)
        self._usage = {
            "prompt_tokens": prompt,
            "completion_tokens": len(self._tokens),
            "total_tokens": prompt + len(self._tokens),
        }
        self._head = {"id": f"chatcmpl-{time.time_ns():x}", "created": int(time.time()), "model": asked.model}

    async def whole(self) -> web.StreamResponse:
        await asyncio.sleep(self._reply.first_token)
        if self._reply.fault == "garbage":
            return web.Response(body=b'{"choices": [{"mess', content_type="application/json")
        if self._reply.fault:
            await asyncio.Event().wait()
        calls = [whole_call(index, call) for index, call in enumerate(self._reply.tool_calls)]
        message = {"role": "assistant", "content": "".join(self._tokens)} | ({"tool_calls": calls} if calls else {})
        choice = {"index": 0, "message": message, "finish_reason": self._finish}
        return _json({**self._head, "object": "chat.completion", "choices": [choice], "usage": self._usage})

    async def stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        await asyncio.sleep(self._reply.first_token)
        await response.write(self._chunk({"role": "assistant", "content": ""}))
        if self._reply.fault == "garbage":
            await response.write(b'data: {"choices": [{"delta": {"content": "half a ch\n\n')
        await self._stream_tokens(response)
        if self._reply.fault == "cut" and request.transport is not None:
            request.transport.abort()
            return response
        for index, call in enumerate(self._reply.tool_calls):
            for piece in pieces(index, call):
                await response.write(self._chunk({"tool_calls": [piece]}))
        await response.write(self._chunk({}, self._finish))
        if self._asked.stream_options.include_usage:
            await response.write(event({**self._head, "choices": [], "usage": self._usage}))
        await response.write(b"data: [DONE]\n\n")
        await response.write_eof()
        return response

    async def _stream_tokens(self, response: web.StreamResponse) -> None:
        loop, rate = asyncio.get_running_loop(), self._reply.tokens_per_second
        started = loop.time()
        early = self._reply.after_tokens if self._reply.fault in ("cut", "stall") else None
        for number, token in enumerate(self._tokens):
            if number == early:
                break
            if rate and number:
                await asyncio.sleep(started + number / rate - loop.time())
            await response.write(self._chunk({"content": token}))
        if self._reply.fault == "stall":
            await asyncio.Event().wait()

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return event({**self._head, "object": "chat.completion.chunk", "choices": [choice]})


def _what_matters(asked: WireRequest, calls: int) -> Asked:
    names = {call.id: call.function.name for message in asked.messages for call in message.tool_calls}
    users = [message for message in asked.messages if message.role == "user"] or [WireMessage("user")]
    last = asked.messages[-1] if asked.messages else WireMessage("user")
    is_tool = last.role == "tool"
    return Asked(
        user=users[-1].text,
        earlier=tuple(message.text for message in users[:-1]),
        tool=names.get(last.tool_call_id, "?") if is_tool else "",
        tool_result=last.text if is_tool else "",
        tools=tuple(tool.function.name for tool in asked.tools),
        calls=calls,
        prompt="\n".join(message.text for message in asked.messages if message.role == "system"),
        pictures=len(users[-1].pictures),
    )


def _json(what: dict[str, Any], status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(what), status=status, content_type="application/json")


def _error(status: int, message: str) -> web.Response:
    return _json({"error": {"message": message, "type": "scripted", "code": status}}, status)


@asynccontextmanager
async def scripted_model(script: Script, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve the script while the context lasts; yields the address to give a client, which ends in /v1."""
    runner = web.AppRunner(ScriptedModel(script).application(), handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield f"http://{host}:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


async def _serve(script: Script, host: str, port: int) -> None:
    async with scripted_model(script, host, port) as url:
        print(f"The scripted model {script.model!r} answers at {url}", flush=True)  # noqa: T201
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="A model server that plays a script.")
    parser.add_argument("--script", type=Path, default=Path(__file__).parent / "scripts" / "desk.json")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8001)
    options = parser.parse_args()
    try:
        script = read_script(options.script)
    except ValueError as error:
        parser.exit(2, f"{error}\n")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(script, options.host, options.port))


if __name__ == "__main__":
    main()
