"""Where others read along nothing of a customer's own is said, asked for or done: that goes on in private.

Whoever writes there is a guest, whatever is known of them elsewhere; a press is answered only where it is on a list;
and of a reply that is made all the same, it is looked at before anybody sees it whether it is about the customer.
"""

import re
import unicodedata
from collections.abc import AsyncIterator, Iterable

from msgspec.structs import replace

from bot.answering.ground import Ground
from bot.answering.intents import one_of
from bot.answering.link_desk import LinkDesk
from bot.answering.presenting import ASK_PRESS
from bot.answering.turn import Turn
from bot.insights.masking import NAME, marks_in, masked
from bot.link_codes import SPELLING
from bot.manners import commands
from bot.manners.wordless import PERSONAL
from bot.messages import RESTARTED, FinalText, InPrivate, Part, TextDelta
from bot.observing.turn_record import this_turn
from bot.sessions import Line

CODE = "[code]"
FOR_ALL = (commands.START, commands.HELP, commands.LANGUAGE, commands.FORGET, commands.RATE, ASK_PRESS.rstrip(":"))
NUMBER_ALONE = re.compile(r"\W*\d{3,}\W*", re.ASCII)  # the answer to something that was asked in private
EIGHT_SIGNS = re.compile(rf"(?<![\w-]){SPELLING.pattern}(?![\w-])", re.ASCII)


class PublicPlaces:
    def __init__(self, ground: Ground, links: LinkDesk) -> None:
        self._order_number, self._links = ground.profile.order_number, links
        self._prompts = ground.prompts
        tables = {language: ground.prompts.table(language, "intents.toml") for language in ground.prompts.languages}
        self._asks = {
            language: re.compile(one_of(table["public"]["asks_for"]), re.IGNORECASE)
            for language, table in tables.items()
        }

    def masked(self, text: str) -> str:
        """What may be remembered of it. Signs that nobody sees hide no number."""
        plain = "".join(one for one in unicodedata.normalize("NFKC", text) if unicodedata.category(one) != "Cf")
        hidden = masked(EIGHT_SIGNS.sub(_without_link_code, plain), self._order_number)
        return text if hidden == plain else hidden

    async def answered(
        self, turn: Turn, text: str, wants_staff: bool, making: AsyncIterator[Part]
    ) -> AsyncIterator[Part]:
        """The reply that is in the making, for a guest; nobody sees it before it is made. What is for the customer
        alone goes on in private, and nothing of it has happened here. `text`: all that was written."""
        session, parts, record = turn.session, list[Part](), this_turn()
        noted, handoff = record.noted.copy(), record.handoff
        why = self.before(turn, wants_staff)
        if not why:
            turn.session = replace(session, history=[*session.history])
            parts = [part async for part in making]
            why = self.after(turn, parts)
        if not why:
            session.become(turn.session)
            for part in parts:
                if isinstance(part, FinalText):
                    for shown in self._shown(turn, part.text):
                        yield shown
                elif part != RESTARTED and not isinstance(part, TextDelta):
                    yield part
            return
        record.noted, record.handoff, record.answered_by = noted, handoff, "code"
        said = self._prompts.say(session.language, why)
        session.remember(Line("desk", said))
        yield TextDelta(said)
        yield FinalText(said)
        yield InPrivate(text if wants_staff else turn.text, turn.press or ("" if text else commands.START))

    def _shown(self, turn: Turn, text: str) -> tuple[Part, ...]:
        """The shop's own texts may say what it asks for; who does as they say shall not do it there."""
        if self._asks[turn.language].search(text):
            text = f"{text}\n\n{self._prompts.say(turn.language, 'public_hint')}"
        return TextDelta(text), FinalText(text)

    def before(self, turn: Turn, wants_staff: bool) -> str:
        """Why the message is not answered there: the name of the sentence that says so; "" where it is."""
        if any(one.kind in PERSONAL for one in turn.attached):
            return "private_attachment"
        if wants_staff:
            return "private_staff"
        if turn.press:
            return "" if commands.kind_of(turn.press) in FOR_ALL else "private_action"
        if self._is_telling(turn.text):
            return "private_data"
        return "private_action" if self._links.hears(turn) else ""

    def after(self, turn: Turn, parts: Iterable[Part]) -> str:
        """The same for a reply that was made for a guest: what it waits for, and whom it brings in, is for one."""
        if turn.brings_in:
            return "private_staff"
        if turn.session.is_private or turn.session.customer or turn.wants_private:
            return "private_action"
        written = this_turn().answered_by == "model"
        texts = [part.text for part in parts if isinstance(part, FinalText)]
        return "private_action" if written and any(self._asks[turn.language].search(one) for one in texts) else ""

    def _is_telling(self, text: str) -> bool:
        """An order number, an address, a code: whoever reads it could use it."""
        hidden = self.masked(text)
        return CODE in hidden or any(mark != NAME for mark in marks_in(hidden)) or bool(NUMBER_ALONE.fullmatch(text))


def _without_link_code(found: re.Match[str]) -> str:
    """ACDE-3467, acde-3467, ACDE3467; "shipping" and "2024-2025" have as many signs."""
    text = found.group()
    is_code = re.search(r"\d", text) and re.search("[A-Z]" if text.isalnum() else "[A-Za-z]", text)
    return CODE if is_code else text
