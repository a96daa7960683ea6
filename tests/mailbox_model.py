"""What a conversation's mailbox should be after each step, in plain Python: the model that the real one is held to."""

from dataclasses import dataclass, field
from typing import Literal

from bot.batches import Batch, Ended
from bot.insights.noted import Noted, Unanswered
from bot.mailbox import Bounds
from bot.turns import AT_MOST

BOUNDS = Bounds(unanswered=30, line=3, told=2)
PER_MINUTE = 50
Owner = tuple[str, str]  # a worker and the token it serves by


@dataclass
class Expected:
    """One conversation as it should be."""

    name: str
    mail: list[str] = field(default_factory=list)  # ids of the messages that are accepted and not answered
    parked: list[str] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    due: list[str] = field(default_factory=list)  # all that must have been answered in the end, in this order
    events: dict[str, str] = field(default_factory=dict)  # by message id: the event id that its acceptance got
    retried: set[str] = field(default_factory=set)
    told: list[str] = field(default_factory=list)  # what lasts of what happened
    something_passes: bool = False
    versions: dict[str, str] = field(default_factory=dict)  # that were told, by passage
    missed: list[str] = field(default_factory=list)  # questions without an answer, and what staff said then
    session: str = ""
    staff: str = ""
    waits_for_staff: bool = False
    written: int = 0  # within the minute, which no history outlasts
    lease: Owner | None = None
    fence: int = 0
    tries: int = 0
    counted: tuple[int, Ended] | None = None  # the last commit that counted: its fence, and how it ended

    def refuses(self, line: int) -> Literal["messages", "unanswered", "line"] | None:
        """What there is too much of for one more message, when so many tokens are in the line."""
        if self.written >= PER_MINUTE:
            return "messages"
        if len(self.mail) >= BOUNDS.unanswered:
            return "unanswered"
        return "line" if not self.mail and line >= BOUNDS.line else None

    def accept(self, message: str, event: str) -> None:
        assert event not in self.events.values(), f"{message} got the event id of another message"
        self.events[message] = event
        self.mail.append(message)
        self.due.append(message)
        self.told.append(f"said {message}")
        self.written += 1

    def take(self, owner: Owner, steal: bool, again: bool) -> bool:
        """Whether the worker gets the conversation."""
        if self.lease not in (None, owner) and not steal:
            return False
        if not self.mail:
            self.lease = None if self.lease == owner else self.lease
            return False
        self.lease, self.something_passes = owner, True
        self.fence += 1
        self.tries += not again
        return True

    def is_right(self, batch: Batch) -> None:
        """Holds what a worker was given to what it should have got."""
        mail = self.mail[:AT_MOST]
        assert [one.message for one in batch.messages] == mail
        assert [one.accepted for one in batch.messages] == [self.events[one] for one in mail]
        assert batch.last == self.events[mail[-1]] or mail[-1] in self.retried
        assert (batch.waiting, batch.tries) == (len(self.mail), self.tries)
        assert (batch.session, batch.staff) == (self.session, self.staff)

    def release(self, owner: Owner) -> None:
        if self.lease == owner:
            self.lease = None
            self.tries = max(0, self.tries - 1)

    def voided(self, batch: Batch, number: int, interruptible: bool) -> Ended | None:
        """Why a commit has no effect; None where it has one. `number`: of the turn, as `fence` counts."""
        if number != self.fence:
            return Ended.TAKEN_OVER
        if self.staff != batch.staff:
            return Ended.STAFF_CHANGED
        return Ended.INTERRUPTED if interruptible and len(self.mail) > batch.waiting else None

    def commit(self, batch: Batch, session: str, told: list[str], step_back: bool, park: bool) -> Ended:
        """How a commit ends that has an effect."""
        done = self.mail[: len(batch.messages)]
        del self.mail[: len(done)]
        if park:
            self.parked += done
            self.due = [one for one in self.due if one not in done]
        else:
            self.answered += done
        self.session, self.told, self.tries, self.something_passes = session, self.told + told, 0, False
        ended = (Ended.STEPPED_BACK if step_back else Ended.MORE) if self.mail else Ended.FINISHED
        if ended is not Ended.MORE:
            self.lease = None
        self.counted = (self.fence, ended)
        return ended

    def note(self, noted: Noted) -> None:
        """What a commit that has an effect keeps of its turn."""
        self.versions |= {one.id: one.version for one in noted.told}
        for line in noted.lines:
            if self.missed or isinstance(line, Unanswered):
                self.missed.append(getattr(line, "text", ""))

    def retry(self, message: str) -> None:
        self.parked.remove(message)
        self.mail.append(message)
        self.due.append(message)
        self.retried.add(message)
        self.something_passes = True

    def erase(self) -> None:
        """Only which ids were accepted is still known, so that what is delivered again is not taken for new."""
        self.__init__(self.name, events=self.events, retried=self.retried, fence=self.fence + 1)  # type: ignore[misc]
