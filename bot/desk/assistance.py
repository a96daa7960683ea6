"""What helps staff at their work: the case in short, drafts, translation, canned answers, search in what was said."""

from typing import Protocol

from bot.channels import Postbox
from bot.desk.canned import CannedStore, Filling, fill
from bot.desk.cases import Cases
from bot.desk.drafts import ReplyDrafts
from bot.desk.translating import Translating
from bot.desks import Canned, Case, FoundTalk, Member, Reply, Translated
from bot.shop.records import Words, in_language


class Talks(Protocol):
    async def search(self, words: str, at_most: int = 50) -> list[FoundTalk]: ...


class ShopAssistance:
    """The real Assistance. `translating`: none where there is no model."""

    def __init__(
        self,
        postbox: Postbox,
        cases: Cases,
        drafts: ReplyDrafts,
        canned: CannedStore,
        talks: Talks,
        shop: Words,
        translating: Translating | None = None,
    ) -> None:
        self._postbox, self._cases, self._drafts, self._canned = postbox, cases, drafts, canned
        self._talks, self._shop, self._translating = talks, shop, translating

    async def case(self, conversation: str, language: str) -> Case:
        return await self._cases.case(conversation, language, await self._postbox.transcript(conversation))

    async def replies(self, conversation: str) -> list[Reply]:
        return await self._drafts.replies(await self._postbox.transcript(conversation))

    @property
    def translates(self) -> bool:
        return self._translating is not None

    async def translated(self, conversation: str, text: str, language: str) -> Translated:
        if self._translating is None:
            raise ConnectionError("There is no model that could translate: set SHOPDESK_MODEL_URL.")
        return await self._translating.translated(text, language)

    async def canned(self, language: str, conversation: str, member: Member) -> list[Canned]:
        """Without a conversation as they are written; without a language, all."""
        found = await self._canned.all(language)
        if not conversation:
            return found
        known = await self._cases.known(conversation, await self._postbox.transcript(conversation))
        return [
            fill(one, Filling(known.customer, known.order, member.name, in_language(self._shop, one.language)))
            for one in found
        ]

    async def keep_canned(self, member: Member, one: Canned) -> Canned:
        return await self._canned.keep(member, one)

    async def drop_canned(self, member: Member, id: str) -> None:
        await self._canned.drop(member, id)

    async def search(self, words: str, at_most: int = 50) -> list[FoundTalk]:
        return await self._talks.search(words, at_most)
