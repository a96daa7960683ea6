"""Hands a customer's message in; each reason for which it may not be stored becomes a refusal in one wording."""

from adapters.web.parts import Message, to_incoming
from adapters.web.refusals import NOT_STORED, Refusal
from adapters.web.settings import WebSettings
from adapters.web.tokens import Bound
from adapters.web.uploads import Uploads
from bot.channels import Limiter, Postbox, TooMuch

HOUR = 3600


class Intake:
    def __init__(self, settings: WebSettings, postbox: Postbox, limiter: Limiter, uploads: Uploads) -> None:
        self._settings, self._postbox, self._limiter, self._uploads = settings, postbox, limiter, uploads

    async def accept(self, bound: Bound, message: Message) -> str:
        """The id of its event. Raises Refusal: 413 and 422 for what it holds, 429 and 503 with the time to wait."""
        incoming = to_incoming(bound, message, self._uploads.opened(bound.conversation, message.files))
        try:
            await self._count_for(bound.customer)
            return await self._postbox.accept(incoming, self._settings.messages_per_minute)
        except TooMuch as problem:
            raise self._refusal(problem) from None
        except ConnectionError:
            raise Refusal(503, NOT_STORED, retry_after=2) from None

    async def _count_for(self, customer: str) -> None:
        """Over all conversations of a customer who is signed in; a guest has no more than one."""
        if not customer:
            return
        at_most = self._settings.customer_messages_per_hour
        if wait := await self._limiter.allow_use("messages of a customer", customer, at_most, HOUR):
            raise _too_fast(f"More than {at_most} messages of one customer in an hour", wait)

    def _refusal(self, problem: TooMuch) -> Refusal:
        match problem.what:
            case "messages":
                return _too_fast(f"More than {self._settings.messages_per_minute} messages in a minute", problem.wait)
            case "unanswered":
                return _too_fast("Too many messages of this conversation wait for an answer", problem.wait)
            case "line":
                return Refusal(503, f"We are busy; try again in {problem.wait} s.", retry_after=problem.wait)


def _too_fast(what: str, wait: int) -> Refusal:
    return Refusal(429, f"{what}; try again in {wait} s.", retry_after=wait)
