"""Who signs in at a desk, and who they are from then on: sessions in Redis, counted tries, members from the list."""

import hmac
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

import msgspec
from redis.exceptions import RedisError

from bot.desk.book import Book
from bot.desk.passwords import TooMany
from bot.desk.people import Kept, Staff, plain_login
from bot.desks import Member, SignInRefused
from bot.keys import Keys
from bot.limits import Limits, digest
from bot.redis.connection import Connection

IDLE_SECONDS = 12 * 3600
SESSION_SECONDS = 7 * 24 * 3600
KNOWN_SECONDS = 30 * 24 * 3600  # how long an address is known from which somebody has signed in
WRONG_OF_AN_ADDRESS = (30, 15 * 60)
# from where somebody has signed in before, they have as many of their own: strangers do not lock them out
WRONG_OF_A_LOGIN = ((10, 15 * 60), (50, 24 * 3600))
BUSY_SECONDS = 5
WRONG_OLD_PASSWORDS = (10, 15 * 60)
IPV6_NETWORK = 64  # bits: the rest of an address is its holder's own to choose
MOST_ADDRESS = 64

Limit = tuple[int, int]  # how many, in how many seconds
Counted = tuple[str, str, str]  # what, whose, and this one: see bot.limits


class Session(msgspec.Struct, frozen=True):
    login: str
    stamp: str  # the member's, when they signed in
    began: float  # seconds since the epoch


_session = msgspec.json.Decoder(Session)


class SignIns:
    """The real People of bot/desks. Every method raises ConnectionError when Redis or the database is away."""

    def __init__(
        self,
        staff: Staff,
        book: Book,
        connection: Connection,
        limits: Limits,
        secret: bytes,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`secret`: the shop's own; where it is another, a token opens nothing."""
        self._staff, self._book, self._redis, self._limits = staff, book, connection.commands, limits
        self._secret, self._now = secret, now

    async def sign_in(self, login: str, password: str, address: str) -> str:
        """`address`: the network address that the try comes from."""
        login, network = plain_login(login), _network(address)
        counted = await self._count(login, network)
        kept = await self._staff.kept(login)
        if not await self._fits(kept, password, counted) or kept is None:
            await self._book.write(kept.member.login if kept else "", "refused", detail=address)
            raise SignInRefused
        return await self._let_in(kept, password, address)

    async def who(self, token: str) -> Member | None:
        with _explained():
            found: Any = await self._redis.getex(self._key(token), ex=IDLE_SECONDS)
        session = _session.decode(found) if found else None
        if session is None:
            return None
        kept = await self._staff.kept(session.login)
        if kept and kept.stamp == session.stamp and self._now() < session.began + SESSION_SECONDS:
            return kept.member
        with _explained():
            await self._redis.delete(self._key(token))
        return None

    async def sign_out(self, token: str) -> None:
        with _explained():
            found: Any = await self._redis.getdel(self._key(token))
        if found:
            await self._book.write(_session.decode(found).login, "signed_out")

    async def on_platform(self, platform: str, user: str) -> Member | None:
        return await self._staff.linked(platform, user)

    async def linked(self, platform: str) -> dict[str, Member]:
        return await self._staff.on(platform)

    async def named(self, login: str) -> Member | None:
        kept = await self._staff.kept(login)
        return kept.member if kept else None

    async def all(self) -> list[Member]:
        return await self._staff.all()

    async def change_password(self, member: Member, old: str, new: str) -> None:
        counted = await self._count_each([("desk:password", member.login, WRONG_OLD_PASSWORDS)])
        kept = await self._staff.kept(member.login)
        if not await self._fits(kept, old, counted):
            await self._book.write(member.login, "refused", detail="change of password")
            raise SignInRefused
        if old == new:
            raise ValueError("That is the password that you have now: choose another.")
        await self._staff.set_password(member.login, new, by=member.login)

    async def _fits(self, kept: Kept | None, password: str, counted: list[Counted]) -> bool:
        """A right one is not counted. Raises SignInRefused where too many are at it."""
        try:
            fits = await self._staff.passwords.fits(kept.password if kept else "", password)
        except TooMany:
            await self._take_back(counted)
            raise SignInRefused(BUSY_SECONDS) from None
        if fits:
            await self._take_back(counted)
        return fits

    async def _let_in(self, kept: Kept, password: str, address: str) -> str:
        login, token = kept.member.login, secrets.token_urlsafe(32)
        if self._staff.passwords.is_old(kept.password):
            await self._staff.hash_anew(kept, password)
        session = Session(login, kept.stamp, self._now())
        with _explained():
            await self._redis.set(Keys.desk_address(_visit(login, _network(address))), "known", ex=KNOWN_SECONDS)
            await self._redis.set(self._key(token), msgspec.json.encode(session), ex=IDLE_SECONDS)
        await self._book.write(login, "signed_in", detail=address)
        return token

    async def _count(self, login: str, network: str) -> list[Counted]:
        with _explained():
            is_known = await self._redis.exists(Keys.desk_address(_visit(login, network)))
        what, whose = ("desk:known", f"{login} {network}") if is_known else ("desk:login", login)
        tries = [("desk:address", network, WRONG_OF_AN_ADDRESS)]
        tries += [(f"{what}:{limit[1]}", whose, limit) for limit in WRONG_OF_A_LOGIN]
        return await self._count_each(tries)

    async def _count_each(self, tries: list[tuple[str, str, Limit]]) -> list[Counted]:
        """Before the password is looked at. Raises SignInRefused with the wait, and counts nothing then."""
        this, counted = secrets.token_hex(8), list[Counted]()
        for what, who, limit in tries:
            if wait := await self._limits.guess(what, who, this, *limit):
                await self._take_back(counted)
                raise SignInRefused(wait)
            counted.append((what, who, this))
        return counted

    async def _take_back(self, counted: list[Counted]) -> None:
        for one in counted:
            await self._limits.take_back(*one)

    def _key(self, token: str) -> str:
        """Redis never learns a token, and one of another shop leads nowhere."""
        return Keys.desk_session(
            hmac.digest(self._secret, b"desk session " + token.encode(errors="replace"), "sha256").hex()
        )


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except RedisError as error:
        raise ConnectionError(f"Redis does not know who is signed in: {error}") from error


def _visit(login: str, network: str) -> str:
    return digest(f"{login} {network}")


def _network(address: str) -> str:
    """What one person has: an IPv4 address, or the network of an IPv6 address."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address[:MOST_ADDRESS]
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(ip_network((parsed, IPV6_NETWORK), strict=False))
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)
