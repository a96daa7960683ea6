"""One customer on several channels: asks for a link code here, says it there, and is known there from then on."""

import re
import unicodedata
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from math import ceil

from bot.answering.code_desk import CodeDesk
from bot.answering.ground import Ground
from bot.answering.intents import one_of
from bot.answering.prompting import Prompts
from bot.answering.turn import Turn
from bot.letters.mail import Letter
from bot.link_codes import LINK_SECONDS, SPELLING, Wait
from bot.messages import FinalText, Part
from bot.sessions import Session
from bot.shop.identity import Level, Proof
from bot.shop.linking import person_of
from bot.shop.records import Customer, in_language

LINK_PRESS, UNLINK_PRESS = "link", "unlink"
LINK_ACCOUNT = "link_account"  # what a proof is for
SHORT = 90  # signs; a longer message is about something else
GIVES_CODE = re.compile(rf"\W*(?:link|绑定)\W*({SPELLING.pattern})\W*", re.IGNORECASE)
CHINESE_NAME = re.compile(r"[\u3400-\u9fff]{2,4}")
LOOKS_LIKE_CODE = re.compile(r"\d|-|[A-Z]{4}")


class LinkDesk:
    def __init__(self, ground: Ground, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store, self._prompts, self._profile = ground.store, ground.prompts, ground.profile
        self._link_codes, self._postroom = ground.link_codes, ground.postroom
        self._words = {language: _LinkWords(ground.prompts, language) for language in ground.prompts.languages}
        self._codes, self._clock = CodeDesk(ground, clock), clock

    def hears(self, turn: Turn) -> bool:
        """Whether the message is about links: for the conversation manager, before an answerer."""
        if self._codes.brings_code(turn):
            return self._is_proof(turn)
        if turn.press:
            return turn.press in (LINK_PRESS, UNLINK_PRESS)
        words = self._words[turn.language]
        return bool(_code_in(turn.text)) or words.unlink(turn.text) or words.link(turn.text)

    async def hear(self, turn: Turn) -> AsyncIterator[Part]:
        if self._is_proof(turn):
            async for part in self._proved(turn):
                yield part
        elif code := _code_in(turn.text):
            yield FinalText(await self._redeem(turn, code))
        elif turn.press == UNLINK_PRESS or (not turn.press and self._words[turn.language].unlink(turn.text)):
            yield FinalText(await self._unlink(turn))
        else:
            async for part in self.go_on(turn):
                yield part

    async def go_on(self, turn: Turn) -> AsyncIterator[Part]:
        """Give out a link code, or ask for the proof that it needs."""
        session = turn.session
        session.forget_old_proof(self._clock())
        if session.level is Level.SIGNED_IN or session.proof("", self._clock()) is Proof.CODE:
            yield FinalText(await self._code_for(turn))
        elif session.may_see():
            async for part in self._codes.ask(turn, LINK_ACCOUNT):
                yield part
        else:
            for part in self._codes.ask_address(turn, LINK_ACCOUNT).parts:
                yield part

    async def recognise(self, session: Session) -> None:
        """Who is linked is known; a link that was undone elsewhere is forgotten. Somebody signed in stays that one."""
        customer = await self._store.links.customer_of(person_of(session.conversation, session.author))
        if session.level is Level.GUEST and customer:
            asked = session.pending
            session.identify(customer, Level.LINKED)
            session.pending = asked
        elif session.level is Level.LINKED and customer != session.customer:
            session.identify(customer, Level.LINKED if customer else Level.GUEST)

    def _is_proof(self, turn: Turn) -> bool:
        """The one-time code that was asked for before a link code is given out."""
        pending = turn.session.pending
        return bool(pending and pending.then == LINK_ACCOUNT) and self._codes.brings_code(turn)

    async def _proved(self, turn: Turn) -> AsyncIterator[Part]:
        answered = await self._codes.answer(turn)
        for part in answered.parts:
            yield part
        if answered.right:
            async for part in self.go_on(turn):
                yield part

    async def _code_for(self, turn: Turn) -> str:
        if self._link_codes is None:
            raise ValueError("a ground without link codes has no link desk")
        made = await self._link_codes.new(turn.session.customer)
        if isinstance(made, Wait):
            return self._wait(turn, made)
        return self._say(turn, "link_code", code=made, minutes=LINK_SECONDS // 60)

    async def _redeem(self, turn: Turn, code: str) -> str:
        session = turn.session
        if session.level is Level.SIGNED_IN:
            return self._say(turn, "link_signed_in")
        if self._link_codes is None:
            return self._say(turn, "link_wrong")
        person = person_of(turn.conversation, session.author)
        redeemed = await self._link_codes.redeem(person, code)
        if isinstance(redeemed, Wait):
            return self._wait(turn, redeemed)
        customer = await self._store.of(redeemed).customer() if redeemed else None
        if customer is None:
            return self._say(turn, "link_wrong")
        await self._store.links.link(person, customer.id, self._clock())
        session.identify(customer.id, Level.LINKED)
        self._tell(turn, customer)
        return self._say(turn, "link_done", whom=first_name(customer.name))

    async def _unlink(self, turn: Turn) -> str:
        session = turn.session
        was_linked = await self._store.links.unlink(person_of(turn.conversation, session.author))
        if session.level is Level.LINKED:
            session.identify("", Level.GUEST)
        return self._say(turn, "unlinked" if was_linked else "not_linked")

    def _tell(self, turn: Turn, customer: Customer) -> None:
        """To the account's address: a link that the customer did not make is noticed."""
        if self._postroom is None or not customer.email:
            return
        language = customer.language if customer.language in self._prompts.languages else turn.language
        values = {"shop": in_language(self._profile.name, language)}
        subject = self._prompts.say(language, "mail_link_subject", **values)
        channel = turn.conversation.partition(":")[0]
        text = self._prompts.say(language, "mail_link_text", channel=channel, email=self._profile.email, **values)
        self._postroom.soon(self._postroom.send(Letter(customer.email, subject, text)))

    def _wait(self, turn: Turn, wait: Wait) -> str:
        hours = ceil(wait.seconds / 3600)
        return self._say(turn, "code_wait", hours=hours if hours > 1 else "", minutes=ceil(wait.seconds / 60))

    def _say(self, turn: Turn, name: str, **values: object) -> str:
        return self._prompts.say(turn.language, name, **values)


class _LinkWords:
    """Phrases of the table `linking` of intents.toml: mere likeness would be too easily meant."""

    def __init__(self, prompts: Prompts, language: str) -> None:
        words = prompts.table(language, "intents.toml")["linking"]
        self._link, self._unlink = (re.compile(one_of(words[name]), re.IGNORECASE) for name in ("link", "unlink"))

    def link(self, text: str) -> bool:
        return len(text) <= SHORT and bool(self._link.search(text))

    def unlink(self, text: str) -> bool:
        return len(text) <= SHORT and bool(self._unlink.search(text))


def _code_in(text: str) -> str:
    """ "link ACDE-3467" and nothing else."""
    found = GIVES_CODE.fullmatch(unicodedata.normalize("NFKC", text))
    return found[1] if found and LOOKS_LIKE_CODE.search(found[1]) else ""


def first_name(name: str) -> str:
    """Ada of Ada Holm, 小满 of 林小满: enough for the customer to know the account, and nobody else."""
    first, space, _ = name.strip().partition(" ")
    if space or not CHINESE_NAME.fullmatch(first):
        return first
    return first[-2:] if len(first) > 2 else first[-1:]
