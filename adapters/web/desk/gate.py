"""Who may come in: everything of the desk asks here first, whatever a browser says of who it is."""

import hmac

import msgspec
from starlette.requests import HTTPConnection, Request

from adapters.web.desk.cookies import Cookies
from adapters.web.desk.refusals import Coded, SignedOut
from adapters.web.refusals import Refusal
from adapters.web.settings import WebSettings
from bot.channels import Limiter
from bot.desks import Member, NotAllowed, People

HEADER = "x-desk-token"


class Signed(msgspec.Struct, frozen=True):
    """A member, and the session by which they are known."""

    member: Member
    token: str


class Gate:
    def __init__(self, settings: WebSettings, cookies: Cookies, people: People, limiter: Limiter) -> None:
        self._settings, self._cookies, self._people, self._limiter = settings, cookies, people, limiter

    async def signed(self, connection: HTTPConnection) -> Signed:
        """Raises SignedOut, ConnectionError."""
        token = self._cookies.read(connection)
        member = await self._people.who(token) if token else None
        if member is None:
            raise SignedOut
        return Signed(member, token)

    async def reader(self, request: Request, heavy: bool = False) -> Member:
        """`heavy`: a model or a search works for it. Raises SignedOut, Refusal (429), ConnectionError."""
        member = (await self.signed(request)).member
        if heavy:
            await self._count("desk questions", member, self._settings.desk_questions_per_minute)
        return member

    async def writer(self, request: Request) -> Member:
        """The same for what changes something: the page's own token must come with it. Raises Refusal (403) too."""
        signed = await self.signed(request)
        self.check_token(signed, request.headers.get(HEADER, ""))
        await self._count("desk deeds", signed.member, self._settings.desk_writes_per_minute)
        return signed.member

    async def lead(self, request: Request) -> Member:
        """Raises NotAllowed for who is no lead."""
        return _as_lead(await self.reader(request))

    async def writing_lead(self, request: Request) -> Member:
        return _as_lead(await self.writer(request))

    def check_token(self, signed: Signed, sent: str) -> None:
        """Raises Refusal (403)."""
        if not hmac.compare_digest(sent.encode(), self._cookies.csrf(signed.token).encode()):
            raise Coded(403, "csrf", "This page is out of date: load it again.")

    async def _count(self, what: str, member: Member, at_most: int) -> None:
        if wait := await self._limiter.allow(what, member.login, at_most, 60):
            raise Refusal(429, f"More than {at_most} in a minute; try again in {wait} s.", retry_after=wait)


def _as_lead(member: Member) -> Member:
    if member.role != "lead":
        raise NotAllowed("This is for a lead.")
    return member
