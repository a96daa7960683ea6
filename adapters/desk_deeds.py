"""What a member of staff wants in a group's thread, done at the desk; what is refused becomes one clear sentence."""

from collections.abc import Awaitable, Callable
from functools import partial

from adapters.desk_help import Help
from adapters.desk_words import CannedSaid, Deed, DeedName, ForCustomer, ForStaff, NotUnderstood, ProposalSaid, Word
from bot.channels import Words
from bot.desks import Member, NoSuchConversation, NotAllowed, NotFilledIn, NotYours, StaffSide
from bot.messages import Attachment


class Deeds:
    """`language`: of the group, for members who have named none."""

    def __init__(self, staff: StaffSide, words: Words, language: str, help: Help) -> None:
        self._desk, self._people, self._words, self._language = staff.desk, staff.people, words, language
        self._help = help

    async def do(
        self, member: Member, conversation: str, word: Word, message: str, attachments: tuple[Attachment, ...] = ()
    ) -> str:
        """Returns "" when it is done, else the sentence for who asked. `message`: the same twice is said once.

        Whoever writes where nobody has it takes it. Raises ConnectionError when it has to be tried again.
        """
        try:
            return await self._done(member, conversation, word, message, attachments)
        except NotYours as refused:
            meant_to_go_out = isinstance(word, ForCustomer | CannedSaid | ProposalSaid)
            name = "desk_not_sent_theirs" if meant_to_go_out else "desk_theirs"
            return self.say(member, name, who=await self._name(refused.owner))
        except NotAllowed:
            return self.say(member, "desk_not_allowed")
        except NotFilledIn as refused:
            return self.say(member, "desk_not_filled_in", place=refused.place)
        except NoSuchConversation:
            return self.say(member, "desk_is_over")

    def say(self, member: Member | None, name: str, **values: object) -> str:
        """A fixed sentence, for this member."""
        return self._words(member.language if member and member.language else self._language, name, **values)

    async def _done(
        self, member: Member, conversation: str, word: Word, message: str, attachments: tuple[Attachment, ...]
    ) -> str:
        match word:
            case NotUnderstood():
                return self.say(member, "desk_not_understood")
            case ForStaff(text):
                await self._desk.note(member, conversation, text)
            case Deed("take", 0):
                await self._desk.take(member, conversation)
            case Deed(name, number):
                return await self._deed(member, conversation, name, number)
            case ForCustomer() | CannedSaid() | ProposalSaid():
                return await self._goes_out(member, conversation, word, message, attachments)
        return ""

    async def _goes_out(
        self,
        member: Member,
        conversation: str,
        word: ForCustomer | CannedSaid | ProposalSaid,
        message: str,
        attachments: tuple[Attachment, ...],
    ) -> str:
        """What does not stand in the thread yet has an id that is not of the thread, so that it is shown there."""
        handoff = await self._desk.handoff(conversation)
        if handoff is None:
            return self.say(member, "desk_is_over")
        text = ""
        match word:
            case ForCustomer(text):
                pass
            case CannedSaid(title):
                text, message = await self._help.canned_text(member, handoff, title), f"canned:{message}"
                if not text:
                    return self.say(member, "desk_canned_unknown", title=title)
            case ProposalSaid(mark, number):
                known = await self._help.proposals(conversation) if number == handoff.number else []
                text = next((one.text for one in known if one.mark == mark), "")
                message = f"proposal:{conversation}:{number}:{mark}"
                if not text:
                    return self.say(member, "desk_proposal_old")
        say = partial(self._desk.say, member, conversation, text, message, attachments)
        await self._taken_first(member, conversation, say)
        return ""

    async def _deed(self, member: Member, conversation: str, name: DeedName, number: int) -> str:
        handoff = await self._desk.handoff(conversation)
        if handoff is None:
            return self.say(member, "desk_is_over")
        if number and number != handoff.number:
            return self.say(member, "desk_old_button")
        deeds: dict[DeedName, Callable[[], Awaitable[object]]] = {
            "take": lambda: self._desk.take(member, conversation),
            "return": lambda: self._desk.give_back(member, conversation),
            "close": lambda: self._desk.close(member, conversation),
            "close_unsolved": lambda: self._desk.close(member, conversation, "unresolved"),
        }
        await self._taken_first(member, conversation, deeds[name])
        return ""

    async def _taken_first(self, member: Member, conversation: str, deed: Callable[[], Awaitable[object]]) -> None:
        try:
            await deed()
        except NotYours as refused:
            if refused.owner:
                raise
            await self._desk.take(member, conversation)
            await deed()

    async def _name(self, login: str) -> str:
        found = await self._people.named(login) if login else None
        return found.name if found else login or self._words(self._language, "desk_somebody")
