"""A message that replies to another one: what that one says is what the message is about."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.answering.entities import EntityReader
from bot.answering.ground import Ground
from bot.answering.link_desk import GIVES_CODE
from bot.answering.product_reading import product_id
from bot.answering.yes_and_no import YesAndNo
from bot.manners.wordless import in_brackets
from bot.messages import Attachment, Incoming
from bot.sessions import Session

QUOTED = 300  # characters of it that are kept
ALIKE = 40  # letters and digits by which one text is known in another


@dataclass(frozen=True, slots=True)
class Meant:
    """What the message is about besides its words."""

    text: str  # the words themselves, with the order number that they lack
    quoted: str  # shortened, "" where nothing was replied to


class Quoting:
    def __init__(self, ground: Ground) -> None:
        self._retriever = ground.retriever
        self._reader, self._answers = EntityReader(ground.profile.order_number), YesAndNo.read(ground.prompts)

    async def read(self, said: Sequence[Incoming], text: str, session: Session) -> Meant:
        """Changes the session: "how much is it?" means the product of which that text speaks, and a "yes" to something
        else than what the desk said last is none to its card or its buttons."""
        quotes = "\n".join(one.quotes for one in said if one.quotes)
        if any(one.edits for one in said) or (quotes and not _is_last_said(quotes, session)):
            session.proposal_is_asked, session.offered = False, ()
        if not quotes:
            return Meant(text, "")
        if text and not self._is_whole(text) and (number := self._reader.read(quotes).order_number):
            text = f"{text} {number}"
        elif about := await self._product_in(quotes, session.language):
            session.about = about
        return Meant(text, " ".join(quotes[:QUOTED].split()))

    def _is_whole(self, text: str) -> bool:
        """Whether nothing may be added to the words: they name an order themselves, or mean something as they are."""
        answers = self._answers.is_yes(text) or self._answers.is_no(text) or GIVES_CODE.fullmatch(text)
        return bool(answers or self._reader.read(text).order_number)

    async def _product_in(self, quotes: str, language: str) -> str:
        """The only one that is named there."""
        named = [one for one in await self._retriever.all("product", language) if one.title in quotes]
        return product_id(named[0]) if len(named) == 1 else ""


def as_told(text: str, quoted: str, attached: Sequence[Attachment]) -> str:
    """What the history has of a message: what it replies to, what came with it, and its words."""
    words = " ".join(filter(None, (in_brackets(attached), text)))
    return f"(“{quoted}”)\n{words}" if quoted else words


def _is_last_said(quotes: str, session: Session) -> bool:
    """Whether it is the text of the desk that was said last; channels show it in their own way, and shortened."""
    said, quoted = _letters(session.history[-1].text) if session.history else "", _letters(quotes)
    return bool(said and quoted) and (said[:ALIKE] in quoted or quoted[:ALIKE] in said)


def _letters(text: str) -> str:
    return "".join(character for character in text if character.isalnum())
