"""The letter to the account's address about what was done in a chat: the notice where it was somebody else, too."""

from bot.answering.ground import Ground
from bot.answering.presenting_actions import PresentingActions
from bot.mail import Letter
from bot.shop.actions import name_of
from bot.shop.own_actions import Proposal
from bot.shop.records import Customer, in_language

SENDING_BACK = {"return_items": "mail_return_text", "exchange_items": "mail_exchange_text"}


class DeedMail:
    def __init__(self, ground: Ground, presenting: PresentingActions) -> None:
        self._store, self._prompts, self._profile = ground.store, ground.prompts, ground.profile
        self._postroom, self._presenting = ground.postroom, presenting

    def tell(self, language: str, proposal: Proposal) -> None:
        """In the background, in the account's language or else in this one; nothing where no mail can be sent.

        A turn that begins anew tells it again: twice is better than never.
        """
        if self._postroom:
            self._postroom.soon(self._send(language, proposal))

    async def _send(self, language: str, proposal: Proposal) -> None:
        """Raises MailFailed and StoreUnavailable."""
        customer = await self._store.of(proposal.customer).customer()
        if self._postroom is None or customer is None or not customer.email:
            return
        if customer.language in self._prompts.languages:
            language = customer.language
        await self._postroom.send(await self._letter(customer, language, proposal))

    async def _letter(self, customer: Customer, language: str, proposal: Proposal) -> Letter:
        say, profile = self._prompts.say, self._profile
        changed = await self._presenting.changed(proposal, customer, language)
        values = {"shop": in_language(profile.name, language), "what": changed.title}
        text = say(
            language,
            "mail_deed_text",
            changes="\n".join(self._row(language, *row) for row in changed.rows),
            following=await self._following(customer, language, proposal),
            email=profile.email,
            **values,
        )
        return Letter(customer.email, say(language, "mail_deed_subject", **values), text)

    def _row(self, language: str, label: str, value: str) -> str:
        return self._prompts.say(language, "mail_deed_row", label=label, value=value)

    async def _following(self, customer: Customer, language: str, proposal: Proposal) -> str:
        """What happens next. To send something back is told here at length: elsewhere this letter is referred to."""
        name = SENDING_BACK.get(name_of(proposal.action))
        if name is None:
            return await self._presenting.following(proposal, customer, language)
        days = self._profile.rules.posting_days
        order, email = proposal.effect.order, self._profile.email
        return self._prompts.say(language, name, order=order, posting_days=days, email=email)
