"""The two model calls of a turn and nothing else: what is left when there is no desk at all."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from langchain_core.utils.function_calling import convert_to_openai_tool

from bot.answering.tools import TOOLS
from bot.opening.places import read_prompts
from serving.bench.measuring import Answered, Ask
from serving.bench.questions import Question
from serving.bench.surroundings import Surroundings

READ = "What a tool would have read, about as long as a passage of the shop's knowledge is. " * 4


@asynccontextmanager
async def raw_calls(around: Surroundings) -> AsyncIterator[Ask]:
    prompts = read_prompts(around.settings(with_model=True))
    system = {language: prompts.text(language, "agent.md", shop="the shop") for language in prompts.languages}
    tools = [convert_to_openai_tool(tool) for tool in TOOLS]
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=4)) as http:

        async def ask(question: Question) -> Answered:
            messages: list[dict[str, Any]] = [
                {"role": "system", "content": system[question.language]},
                {"role": "user", "content": question.text},
            ]
            request = {"model": "scripted", "stream": True, "tools": tools, "messages": messages}
            _, call = await _call(http, around.model_url, request)
            messages.append({"role": "assistant", "content": "", "tool_calls": [call]})
            messages.append({"role": "tool", "tool_call_id": call["id"], "content": READ})
            first_text, _ = await _call(http, around.model_url, request)
            return Answered(first_text, bool(first_text))

        yield ask


async def _call(http: aiohttp.ClientSession, url: str, request: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    """When the first text was seen, 0 for never; and the tool call, empty for none."""
    first_text, call = 0.0, dict[str, Any]()
    async with http.post(f"{url}/chat/completions", json=request) as response:
        async for line in response.content:
            if not line.startswith(b"data: {"):
                continue
            for choice in json.loads(line[6:])["choices"]:
                delta = choice["delta"]
                if delta.get("content"):
                    first_text = first_text or time.perf_counter()
                for piece in delta.get("tool_calls") or ():
                    function = call.setdefault("function", {"name": piece["function"].get("name"), "arguments": ""})
                    call.setdefault("id", piece.get("id"))
                    call.setdefault("type", "function")
                    function["arguments"] += piece["function"].get("arguments", "")
    return first_text, call
