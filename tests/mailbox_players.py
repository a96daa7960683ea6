"""Those who serve a mailbox in a history: a worker with what it knows, and a turn it has begun."""

from dataclasses import dataclass, field

from bot.batches import Batch, Ended, Token
from bot.insights.noted import Noted, StaffSaid, Unanswered
from bot.knowledge.passages import Passage
from bot.messages import WAITING_FOR_STAFF, FinalText, Part
from bot.turns import TurnQueue


@dataclass(eq=False)
class Worker:
    """What one process knows, and forgets when it dies."""

    queue: TurnQueue
    name: str
    tokens: list[Token] = field(default_factory=list)


@dataclass(eq=False)
class Turn:
    """A reply in the making, or one that has been committed."""

    worker: Worker
    batch: Batch
    number: int  # of the turn in its conversation, as the model counts
    session: str = ""
    parts: tuple[Part, ...] = ()
    interruptible: bool = False
    step_back: bool = False
    park: bool = False
    noted: Noted | None = None
    ended: Ended | None = None

    def make(self, hands_over: bool) -> None:
        done = [one.message for one in self.batch.messages]
        reply = FinalText(f"{'no answer' if self.park else 'answer'} to {' '.join(done)}")
        self.parts = (reply, WAITING_FOR_STAFF) if hands_over or self.park else (reply,)
        told = Passage(f"faq:{self.number % 2}:en", "faq", "en", "", "", "", version=f"v{self.number}")
        line = Unanswered(self.batch.last, f"question {self.number}", "en", "declined")
        after = StaffSaid(self.batch.last, f"answer {self.number}")
        self.noted = Noted([told], [line, after] if self.number % 3 else [after])
        self.session = " ".join([*self.batch.session.split(), *([] if self.park else done)])

    async def end(self) -> Ended:
        queue = self.worker.queue
        if self.park:
            return await queue.park(self.batch, self.session, self.parts, "crashed")
        return await queue.commit(
            self.batch, self.session, self.parts, self.interruptible, self.step_back, "", self.noted
        )
