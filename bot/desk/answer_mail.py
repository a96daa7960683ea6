"""The letter to a customer who left an e-mail address: what staff wrote to them in the chat while they were away.

Noted when staff write, and made when it is sent: whoever has written in the chat since has read it there.
"""

from hashlib import blake2b

from bot.answering.ground import Ground
from bot.answering.prompting import Prompts
from bot.channels import Postbox
from bot.keys import Keys
from bot.letters.errands import ErrandBook
from bot.letters.mail import Letter
from bot.messages import STAFF, Event, Said
from bot.redis.connection import Connection
from bot.sessions import Session, open_session
from bot.shop.records import ShopProfile, in_language

AWAY_SECONDS = 300.0  # who has not written for so long after staff did may be gone
KEY = "answer:"


class AnswerMail:
    def __init__(
        self, ground: Ground, connection: Connection, keys: Keys, postbox: Postbox, away_seconds: float = AWAY_SECONDS
    ) -> None:
        self._prompts: Prompts = ground.prompts
        self._profile: ShopProfile = ground.profile
        self._errands: ErrandBook | None = ground.errands
        self._redis, self._keys, self._postbox, self._away = connection.commands, keys, postbox, away_seconds

    async def expect(self, session: Session, event: str) -> None:
        """Staff have written this to the customer. Raises NotNoted."""
        if self._errands and session.reach:
            await self._errands.note(f"{KEY}{event} {session.conversation}", session.language or "en", self._away)

    async def letter(self, key: str, language: str) -> Letter | None:
        """All that staff wrote since the customer wrote last; None where they wrote more after this, which has a letter
        of its own, or where the customer has written since, or has had everything deleted. Raises ConnectionError."""
        event, _, conversation = key.removeprefix(KEY).partition(" ")
        unread = _unread(await self._postbox.transcript(conversation))
        reach = await self._reach(conversation)
        if not reach or not unread or unread[-1].id != event:
            return None
        said = [one.what for one in unread if isinstance(one.what, Said)]
        values = {"shop": in_language(self._profile.name, language)}
        text = self._prompts.say(
            language,
            "mail_answer_text",
            answer="\n\n".join(one.text for one in said if one.text),
            files=sum(len(one.attachments) for one in said),
            email=self._profile.email,
            **values,
        )
        known_by = f"answer-{blake2b(key.encode(), digest_size=12).hexdigest()}"
        return Letter(reach, self._prompts.say(language, "mail_answer_subject", **values), text, known_by)

    async def _reach(self, conversation: str) -> str:
        saved = await self._redis.get(self._keys.session(conversation))
        return open_session(conversation, str(saved)).reach if saved else ""


def _unread(events: list[Event]) -> list[Event]:
    """What staff wrote after the customer's last words."""
    found: list[Event] = []
    for event in events:
        if isinstance(event.what, Said) and event.what.by != STAFF:
            found = []
        elif isinstance(event.what, Said) and (event.what.text or event.what.attachments):
            found.append(event)
    return found
