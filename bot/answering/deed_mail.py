"""The letter to the account's address about what was done in a chat: the notice where it was somebody else, too.

It is noted before the deed and sent when the deed is in the shop's database, whatever becomes of the turn.
"""

from hashlib import blake2b

from bot.answering.ground import Ground
from bot.answering.presenting_actions import PresentingActions
from bot.letters.mail import Letter
from bot.shop.actions import name_of
from bot.shop.own_actions import Proposal
from bot.shop.records import Customer, in_language

LONGEST_TURN_SECONDS = 90.0  # after so long a deed that was to be done is done, or is not
SENDING_BACK = {"return_items": "mail_return_text", "exchange_items": "mail_exchange_text"}


class DeedMail:
    def __init__(self, ground: Ground) -> None:
        self._store, self._prompts, self._profile = ground.store, ground.prompts, ground.profile
        self._errands = ground.errands
        self._presenting = PresentingActions(ground.store, ground.prompts, ground.presenting, ground.profile, True)

    async def expect(self, language: str, proposal: Proposal) -> None:
        """This is about to be done: a letter goes out even if we die right after it. Raises NotNoted."""
        if self._errands:
            await self._errands.note(proposal.token, language, LONGEST_TURN_SECONDS)

    async def tell(self, language: str, proposal: Proposal) -> None:
        """This was done: one letter goes out, however often it is told. Raises NotNoted."""
        if self._errands:
            await self._errands.note(proposal.token, language)

    async def letter(self, token: str, language: str) -> Letter | None:
        """In the account's language or else in this one; None where nothing was done, or the account has no address.
        Raises StoreUnavailable."""
        proposal = await self._store.deed(token)
        customer = await self._store.of(proposal.customer).customer() if proposal else None
        if proposal is None or customer is None or not customer.email:
            return None
        if customer.language in self._prompts.languages:
            language = customer.language
        return await self._letter(customer, language, proposal)

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
        known_by = f"deed-{blake2b(proposal.token.encode(), digest_size=12).hexdigest()}"
        return Letter(customer.email, say(language, "mail_deed_subject", **values), text, known_by)

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
