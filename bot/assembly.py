"""The whole desk in one process: its front and its back office on the same premises. Tested ones are built alike."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from bot.beside import beside
from bot.channels import Handles
from bot.desks import Desk
from bot.opening.back_office import BackOffice, back_office_of
from bot.opening.front import front_of
from bot.opening.premises import open_premises
from bot.redis.embedded import embedded_redis
from bot.settings import Settings
from bot.worker import Worker


@dataclass(frozen=True, slots=True)
class ShopDesk:
    """A whole desk, ready to serve."""

    handles: Handles
    back_office: BackOffice

    @property
    def worker(self) -> Worker:
        return self.back_office.worker

    @property
    def staff(self) -> Desk:
        return self.handles.staff.desk

    async def work(self) -> None:
        await self.back_office.work()


@asynccontextmanager
async def open_desk(settings: Settings, announce: Callable[[str], None] = print) -> AsyncIterator[ShopDesk]:
    """Open everything the settings name, start what they leave out, close it in reverse order.

    Raises OSError or ValueError with one sentence that says what to do.
    """
    async with AsyncExitStack() as opened:
        url = settings.redis_url
        if not url:
            redis = opened.enter_context(embedded_redis(settings.data_dir))
            await opened.enter_async_context(beside(redis.keep_alive))
            url = redis.url
        yield await opened.enter_async_context(
            open_desk_on(settings, url, alone=not settings.redis_url, announce=announce)
        )


@asynccontextmanager
async def open_desk_on(
    settings: Settings, redis_url: str, alone: bool, announce: Callable[[str], None] = print
) -> AsyncIterator[ShopDesk]:
    """The same on a Redis that runs already. `alone`: no other process works on it."""
    async with (
        open_premises(settings, redis_url, alone, announce) as premises,
        front_of(premises) as handles,
        back_office_of(premises) as back_office,
    ):
        yield ShopDesk(handles, back_office)
