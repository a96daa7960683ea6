"""The servers of one model as one: each call goes to one that is well and has room, if need be to a second one.

A call that fails before anything of its reply came is tried once elsewhere; never after, since text may be shown by
then. A refusal is not tried again: all replicas serve the same model.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing, contextmanager

from bot.answering.chunks import Chunk
from bot.answering.completions import Deadlines
from bot.answering.failures import ModelFailure, ModelRefused, ModelTooSlow
from bot.answering.patience import Patience
from bot.answering.places import Places, Replica
from bot.observing.model_calls import recorded_call

log = logging.getLogger(__name__)

FAIR_SHARE = 0.25  # of its own time for a first token; with less, to be too slow says nothing of a replica


class Replicas:
    def __init__(self, places: Places, deadlines: Deadlines) -> None:
        self.places, self._deadlines = places, deadlines

    @property
    def all(self) -> Sequence[Replica]:
        return self.places.replicas

    async def stream(self, body: bytes, patience: Patience) -> AsyncGenerator[Chunk, None]:
        """The chunks of one reply, to its end. Raises the ModelFailure that fits."""
        loop, begun = asyncio.get_running_loop(), False
        text_by = patience.next_text_by(loop.time())
        for may_retry in (True, False):
            replica = await self.places.take(patience, text_by - loop.time())
            deadlines = self._until(text_by - loop.time(), may_retry and self.places.has_other(patience, replica))
            try:
                with self._counted(replica, patience, deadlines), recorded_call(replica.name) as call:
                    async with aclosing(replica.completions.stream(body, deadlines)) as chunks:
                        async for chunk in chunks:
                            if not begun and chunk.size > 0:
                                begun = True
                                call.begins()
                            if chunk.usage:
                                call.used(chunk.usage.prompt_tokens, chunk.usage.completion_tokens)
                            yield chunk
                return
            except ModelRefused:
                raise
            except ModelFailure as failure:
                if begun or not may_retry or loop.time() >= text_by or not self.places.has_other(patience):
                    raise
                log.warning("another replica of the model is asked: %s", failure)

    def _until(self, seconds: float, shared: bool) -> Deadlines:
        """`seconds` are left until there has to be text. Where another replica can be asked yet, half of them are
        kept for it."""
        first_token = min(self._deadlines.first_token, seconds / 2 if shared else seconds)
        return Deadlines(first_token, self._deadlines.whole_reply, seconds)

    @contextmanager
    def _counted(self, replica: Replica, patience: Patience, given: Deadlines) -> Iterator[None]:
        """Around one call: its end tells the breaker how the replica is, and gives the place back."""
        breaker = replica.breaker
        try:
            yield
            breaker.succeeded()
        except ModelRefused:  # it is up, and refuses this one request
            breaker.succeeded()
            raise
        except ModelFailure as failure:
            patience.failed.add(replica.name)
            hurried = given.first_token < FAIR_SHARE * self._deadlines.first_token
            if hurried and isinstance(failure, ModelTooSlow):
                breaker.abandoned()
            else:
                breaker.failed()
            raise
        except BaseException:  # the customer wrote meanwhile, or left
            breaker.abandoned()
            raise
        finally:
            self.places.leave(replica)
