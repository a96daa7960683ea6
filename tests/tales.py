"""The story of a customer who wants a person, as it is told where staff have their desk in a chat app: what is said in
it, in each language, and how it ends in what a lead reads of it."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.channels import Handles
from bot.desks import Span

SECONDS = 30.0


@dataclass(frozen=True)
class Tale:
    language: str
    locale: str  # of the customer's app
    asks: str
    reason: str  # over the thread
    speaks: str
    take: str
    close: str
    taken: str
    here: str
    hello: str
    customer: str  # as staff see who writes
    more: str
    solved: str
    over: str
    how_was_it: str
    stars: int
    thanks: str
    why: str
    tell: str
    word: str
    read: str


ENGLISH = Tale(
    language="en",
    locale="en-US",
    asks="I want to talk to a person about my parcel",
    reason="A customer asks for a person",
    speaks="English",
    take="Take",
    close="Close",
    taken="Olivia has taken it.",
    here="Olivia from our team is here now",
    hello="Good morning, I look into it.",
    customer="Customer:",
    more="Thank you, it is the blue one",
    solved="It leaves today.",
    over="Olivia has closed it.",
    how_was_it="How was it?",
    stars=5,
    thanks="we are glad to hear that",
    why="Say why",
    tell="What was good, and what was not?",
    word="Quick and kind, in a chat at last",
    read="our team will read that",
)
CHINESE = Tale(
    language="zh",
    locale="zh-CN",
    asks="我要找人工客服，包裹坏了",
    reason="有顾客要找人工客服",
    speaks="中文",
    take="接手",
    close="结束",
    taken="Olivia 已接手。",
    here="我们的同事Olivia已经加入",
    hello="您好，我来看一下。",
    customer="顾客：",
    more="谢谢，是蓝色的那个",
    solved="今天就给您补发。",
    over="Olivia 已结束。",
    how_was_it="您觉得怎么样？",
    stars=2,
    thanks="很抱歉没能做得更好",
    why="说说原因",
    tell="哪里好，哪里不好？",
    word="等得有点久",
    read="我们的团队会看到的",
)
TALES = (ENGLISH, CHINESE)


async def a_lead_reads(handles: Handles, tale: Tale) -> None:
    """The stars and the word, within SECONDS."""
    today = datetime.now(UTC).date()
    span = Span(f"{today - timedelta(days=1)}", f"{today + timedelta(days=1)}")
    end = asyncio.get_running_loop().time() + SECONDS
    said = dict[str, float | None]()
    while asyncio.get_running_loop().time() < end:
        tables = {one.name: one for one in await handles.staff.insight.tables(span)}
        said = {row.label: row.value for row in tables["comments"].rows}
        if said.get(tale.word) == tale.stars:
            assert any(row.of for row in tables["csat"].rows if row.label == str(tale.stars))
            return
        await asyncio.sleep(0.5)
    raise AssertionError(f"{tale.word!r} with {tale.stars} stars is not among {said}")
