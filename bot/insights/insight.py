"""The lead's side of the desk: what happened, and which of staff's answers become entries of the FAQ."""

from collections.abc import Sequence

from bot.desks import DraftEntry, FoundTalk, Member, Span, Table
from bot.insights.approving import Approving
from bot.insights.looking_back import LookingBack


class ShopInsight:
    def __init__(self, looking_back: LookingBack, approving: Approving) -> None:
        self._looking_back, self._approving = looking_back, approving

    async def tables(self, span: Span) -> list[Table]:
        return await self._looking_back.tables(span)

    async def behind(self, span: Span, table: str, key: str, at_most: int = 200) -> list[FoundTalk]:
        return await self._looking_back.behind(span, table, key, at_most)

    async def drafts(self) -> list[DraftEntry]:
        return await self._approving.waiting()

    async def approve(self, member: Member, id: str, questions: Sequence[str], text: str) -> None:
        await self._approving.approve(member, id, questions, text)

    async def drop(self, member: Member, id: str) -> None:
        await self._approving.drop(member, id)
