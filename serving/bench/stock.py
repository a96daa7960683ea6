"""The same turn as LangChain's documentation builds it: create_agent, ChatOpenAI, InMemorySaver, streaming.

Its tools do what ours do, for the same customer, on the same data.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from langchain.agents import create_agent
from langchain.tools import ToolRuntime, tool
from langchain_core.messages import AIMessageChunk, HumanMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, StructuredTool
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import SecretStr

from bot.answering import reading_tools as ours
from bot.answering.reading_tools import ReadingHands
from serving.bench.ground import Sessions, open_ground
from serving.bench.measuring import Answered, Ask
from serving.bench.questions import Question
from serving.bench.surroundings import Surroundings


@dataclass(frozen=True)
class Customer:
    """LangChain's context of a run: what the tools may know besides their arguments."""

    hands: ReadingHands


@tool(description=ours.search_knowledge.description)
async def search_knowledge(query: str, runtime: ToolRuntime[Customer]) -> str:
    return await _read(ours.search_knowledge, runtime.context.hands, query=query)


@tool(description=ours.find_products.description)
async def find_products(query: str, runtime: ToolRuntime[Customer]) -> str:
    return await _read(ours.find_products, runtime.context.hands, query=query)


@tool(description=ours.order_status.description)
async def order_status(order_number: str, runtime: ToolRuntime[Customer]) -> str:
    return await _read(ours.order_status, runtime.context.hands, order_number=order_number)


async def _read(our_tool: BaseTool, hands: ReadingHands, **arguments: str) -> str:
    """The function inside of our tool, without LangChain around it a second time."""
    assert isinstance(our_tool, StructuredTool) and our_tool.coroutine
    return str(await our_tool.coroutine(**arguments, hands=hands))


@asynccontextmanager
async def stock(around: Surroundings) -> AsyncIterator[Ask]:
    async with open_ground(around) as ground:
        model = ChatOpenAI(model="scripted", base_url=around.model_url, api_key=SecretStr("none"), max_retries=0)
        agent = create_agent(
            model,
            [search_knowledge, find_products, order_status],
            system_prompt=ground.prompts.text("en", "agent.md", shop="the shop"),
            context_schema=Customer,
            checkpointer=InMemorySaver(),
        )
        sessions = Sessions()  # only for who the customer is: what was said is in the saver

        async def ask(question: Question) -> Answered:
            thread = RunnableConfig(configurable={"thread_id": question.conversation})
            said, customer = HumanMessage(question.text), Customer(ReadingHands(sessions.turn(question), ground))
            first_text = 0.0
            async for chunk, _ in agent.astream({"messages": [said]}, thread, context=customer, stream_mode="messages"):
                if isinstance(chunk, AIMessageChunk) and chunk.content:
                    first_text = first_text or time.perf_counter()
            return Answered(first_text, bool(first_text))

        yield ask
