"""Makes the reply of one turn: waits until the customer seems to be done, tells what passes, keeps what lasts."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import msgspec

from bot.batches import Batch
from bot.conversation import ConversationManager
from bot.messages import RESTARTED, WAITING_FOR_STAFF, Part, TextDelta
from bot.observing.turn_record import this_turn
from bot.sessions import Session, open_session
from bot.telling import Telling
from bot.turn_taking import pause, settling
from bot.turns import TurnQueue

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Reply:
    """What a turn leaves behind."""

    session: Session
    lasting: list[Part] = field(default_factory=list)
    last_piece: str = ""  # of the text, not told in passing yet


class Replying:
    """`burst_seconds`: how long it must be quiet where the customer is likely to write more; 0: never wait."""

    def __init__(self, queue: TurnQueue, manager: ConversationManager, burst_seconds: float) -> None:
        self._queue, self._manager, self._burst = queue, manager, burst_seconds

    async def reply(self, batch: Batch, begins: Callable[[], None]) -> Reply:
        """`begins` is called when the customer has been given time to write more."""
        session = _session_of(batch)
        await asyncio.sleep(pause(batch.messages, session, batch.taken, self._burst))
        begins()
        reply = Reply(session)
        silent = settling(batch.messages, batch.taken, self._burst)
        settled = asyncio.get_running_loop().time() + silent
        async with (
            _telling(Telling(partial(self._tell, batch), silent), reply) as telling,
            aclosing(self._manager.turn(session, batch.messages, batch.staff)) as parts,
        ):
            async for part in parts:
                if isinstance(part, TextDelta):
                    telling.add(part.text)
                elif part == RESTARTED:
                    await telling.restart()
                else:
                    reply.lasting.append(part)
            await asyncio.sleep(settled - asyncio.get_running_loop().time())
        return reply

    async def excuse(self, batch: Batch, why: str) -> Reply:
        """What is said, and who is brought in, when there will be no reply."""
        session = _session_of(batch)
        try:
            parts = self._manager.give_up(session, batch.messages, batch.staff, why)
            return Reply(session, [part async for part in parts])
        except Exception:
            log.exception("the customer cannot be told")
            return Reply(_session_of(batch), [WAITING_FOR_STAFF])

    async def _tell(self, batch: Batch, part: Part) -> None:
        await self._queue.emit(batch, part)
        if isinstance(part, TextDelta):
            this_turn().shows_text()


@asynccontextmanager
async def _telling(telling: Telling, reply: Reply) -> AsyncIterator[Telling]:
    try:
        yield telling
    finally:
        reply.last_piece = await telling.close()


def _session_of(batch: Batch) -> Session:
    try:
        return open_session(batch.token.conversation, batch.session)
    except msgspec.MsgspecError:
        log.exception("a session cannot be read; the conversation begins anew")
        return open_session(batch.token.conversation, "")
