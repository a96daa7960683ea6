"""A small real Postbox in memory that plays scripted parts, a few pages, and the web channel served on a free port."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec

from adapters.web.app import build_app
from adapters.web.server import bind, serve
from adapters.web.settings import read_settings
from bot.channels import Handles, TooMuch
from bot.desk.desk_settings import DeskSettings
from bot.desk.hours import OpeningHours
from bot.desks import StaffSide
from bot.messages import DONE, THINKING, Event, FinalText, Happening, Incoming, Said, TextDelta
from bot.pages import Page, Visitor
from serving.ports import free_port

SECRET = b"a secret of the tests, long enough!!"
Script = Callable[[Incoming, Callable[[Happening], None]], Awaitable[None]]


async def echo(incoming: Incoming, tell: Callable[[Happening], None]) -> None:
    """Says it back, word by word."""
    words = f"You said: {incoming.text or incoming.press}".split(" ")
    for number, word in enumerate(words):
        tell(TextDelta(word if number == 0 else " " + word))
        await asyncio.sleep(0.01)
    tell(FinalText(" ".join(words)))


class MemoryPostbox:
    """The Postbox protocol in memory: what a turn tells is played by a script."""

    def __init__(self, script: Script = echo) -> None:
        self.script = script
        self.stores = True
        self.refuses: TooMuch | None = None
        self.accepted: list[Incoming] = []
        self._ids: dict[tuple[str, str], str] = {}
        self._events: dict[str, list[tuple[Event, str]]] = defaultdict(list)
        self._news = asyncio.Condition()
        self._queues: dict[str, asyncio.Queue[tuple[Incoming, str]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._count = 0

    async def accept(self, incoming: Incoming, per_minute: int = 0, deliver: bool = False) -> str:
        if not self.stores:
            raise ConnectionError("the message was not stored")
        key = (incoming.conversation, incoming.message)
        if key not in self._ids:
            if self.refuses:
                raise self.refuses
            if per_minute and self.stored(incoming.conversation) >= per_minute:
                raise TooMuch("messages", 7)
            self.accepted.append(incoming)
            said = Said(by="customer", message=incoming.message, text=incoming.text)
            self._ids[key] = await self.tell(incoming.conversation, said)
            self._queue(incoming.conversation).put_nowait((incoming, self._ids[key]))
        return self._ids[key]

    def stored(self, conversation: str) -> int:
        return sum(one.conversation == conversation for one in self.accepted)

    async def tell(self, conversation: str, what: Happening, answers: str = "") -> str:
        self._count += 1
        event = Event(f"{self._count}-0", what)
        self._events[conversation].append((event, answers))
        async with self._news:
            self._news.notify_all()
        return event.id

    async def events(self, conversation: str, after: str = "") -> AsyncIterator[Event]:
        async for event, _ in self._follow(conversation, after):
            yield event

    async def reply(self, conversation: str, to: str) -> AsyncIterator[Event]:
        async for event, answers in self._follow(conversation, to):
            if answers == to:
                yield event
                if event.what == DONE:
                    return

    async def withdraw(self, conversation: str, message: str) -> None:
        raise AssertionError("nothing is deleted on the web")

    async def happened(self, conversation: str, event: str) -> Happening | None:
        return next((one.what for one, _ in self._events[conversation] if one.id == event), None)

    async def transcript(self, conversation: str, after: str = "") -> list[Event]:
        return [event for event, _ in self._events[conversation] if _place(event.id) > _place(after)]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _follow(self, conversation: str, after: str) -> AsyncIterator[tuple[Event, str]]:
        index = 0
        happened = self._events[conversation]
        while True:
            while index < len(happened):
                index += 1
                if _place(happened[index - 1][0].id) > _place(after):
                    yield happened[index - 1]
            async with self._news:
                while len(happened) <= index:
                    await self._news.wait()

    def _queue(self, conversation: str) -> asyncio.Queue[tuple[Incoming, str]]:
        if conversation not in self._queues:
            self._queues[conversation] = asyncio.Queue()
            self._tasks.add(asyncio.create_task(self._work(conversation)))
        return self._queues[conversation]

    async def _work(self, conversation: str) -> None:
        """One message after the other, as a worker does."""
        while True:
            incoming, event = await self._queues[conversation].get()
            told: asyncio.Queue[Happening | None] = asyncio.Queue()
            playing = asyncio.create_task(self._play(incoming, told))
            await self.tell(conversation, THINKING, event)
            while (what := await told.get()) is not None:
                await self.tell(conversation, what, event)
            await playing
            await self.tell(conversation, DONE, event)

    async def _play(self, incoming: Incoming, told: "asyncio.Queue[Happening | None]") -> None:
        try:
            await self.script(incoming, told.put_nowait)
        finally:
            told.put_nowait(None)


def _place(event_id: str) -> int:
    return int(event_id.partition("-")[0]) if event_id else 0


class CountingLimiter:
    """Counts without a window: a test is shorter than a minute."""

    def __init__(self) -> None:
        self.tries: dict[tuple[str, str], int] = defaultdict(int)

    async def allow(self, what: str, who: str, at_most: int, per_seconds: int) -> int:
        self.tries[what, who] += 1
        return 0 if self.tries[what, who] <= at_most else 7

    allow_use = allow


class FewPages:
    """A shop of a handful of pages."""

    def __init__(self, demo: bool = True) -> None:
        self.demo_visitors = (Visitor("C1", "Ada Holm"), Visitor("C2", "Wei Lin")) if demo else ()
        self.shop_name = {"en": "Owl & Otter", "zh": "枭与獭"}
        self._by_path = {page.path: page for page in _PAGES}

    async def page(self, path: str) -> Page | None:
        return self._by_path.get(path)

    async def listing(self, language: str, kind: str) -> list[Page]:
        folder = {"product": "products", "faq": "help", "policy": "policies"}[kind]
        return [page for page in _PAGES if page.path.startswith(f"/{language}/{folder}/")]


_LAMP_EN = "A lantern of **moss** that glows when somebody is kind to it.\n\n- 24 cm high\n- lasts 40 hours\n"
_EVIL = "<script>window.hurt = true</script> [click](javascript:alert(1)) <img src=x onerror='window.hurt = true'>"
_PAGES = [
    Page("/en/products/moss-lantern", "en", "Moss Lantern", _LAMP_EN, "$39.00", "🏮", "Lights"),
    Page("/en/products/brave-kettle", "en", "Brave Kettle", "Whistles only good news.", "$54.50", "🫖", "Kitchen"),
    Page("/en/products/evil", "en", "<b>Evil</b>", _EVIL, "$1.00", "👹", "Kitchen"),
    Page("/zh/products/moss-lantern", "zh", "苔藓灯笼", "一盏会发光的**苔藓**灯笼。", "$39.00", "🏮", "灯具"),
    Page("/en/help/delivery-time", "en", "How long does delivery take?", "3 to 5 working days.", group="Shipping"),
    Page("/zh/help/delivery-time", "zh", "多久能送到？", "3 至 5 个工作日。", group="配送"),
    Page(
        "/en/policies/returns",
        "en",
        "Returns",
        "## When\nWithin 30 days.\n\n## How {#how}\nAsk the desk.",
        group="Policies",
    ),
    Page("/zh/policies/returns", "zh", "退货政策", "## 何时\n30 天内。", group="政策"),
]


class FewFigures:
    def __init__(self) -> None:
        self.open = 0

    async def text(self) -> bytes:
        return f"shopdesk_sockets_open {self.open}\n".encode()

    def sockets(self, more: int) -> None:
        self.open += more


class NotOnTheWeb:
    """A handle that only other channels use, or a desk for staff that is none of the test's business."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"this test has no use for {name}")


class Served:
    """The web channel as it really is: uvicorn on a port of its own, the core replaced by what is above."""

    def __init__(self, environ: dict[str, str], demo: bool, script: Script, **changes: float) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        settings = read_settings({"SHOPDESK_PORT": str(self.port), **environ})
        self.settings = msgspec.structs.replace(settings, **changes)
        self.postbox = MemoryPostbox(script)
        self.limiter = CountingLimiter()
        self.healthy = {"redis": "ok", "database": "ok"}
        self.announced: list[str] = []
        self.figures = FewFigures()
        self.handles = Handles(
            postbox=self.postbox,
            limiter=self.limiter,
            outbox=NotOnTheWeb(),
            pace=NotOnTheWeb(),
            bookmarks=NotOnTheWeb(),
            attachments=NotOnTheWeb(),
            pages=FewPages(demo),
            staff=StaffSide(*[NotOnTheWeb()] * 5, hours=OpeningHours(DeskSettings())),
            figures=self.figures,
            health=self._health,
            secret=SECRET,
            languages=("en", "zh"),
            words=lambda language, name: f"{language}:{name}",
            data=Path(),
            announce=self.announced.append,
        )

    async def _health(self) -> dict[str, str]:
        return self.healthy

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Served"]:
        closing, opened = asyncio.Event(), asyncio.Event()
        app = build_app(self.settings, self.handles, closing)
        listening = bind("127.0.0.1", self.port)
        task = asyncio.create_task(serve(app, listening, opened.set, closing, proxies=self.settings.proxies))
        try:
            await asyncio.wait_for(opened.wait(), 30)
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await self.postbox.close()


def served(
    environ: dict[str, str] | None = None, demo: bool = True, script: Script = echo, **changes: float
) -> contextlib.AbstractAsyncContextManager[Served]:
    return Served(environ or {}, demo, script, **changes).running()
