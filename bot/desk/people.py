"""The list of the shop's people: who belongs to the staff, in which role, and who they are on other platforms."""

import re
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, get_args

import msgspec
from sqlalchemy import ColumnElement, Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.desk.book import enter, utc_now
from bot.desk.passwords import Passwords, check_strength
from bot.desk.tables import people, platform_links
from bot.desks import Member, Role
from bot.shop.database import Database

LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}", re.ASCII)
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}", re.ASCII)
ROLES: tuple[Role, ...] = get_args(Role)
MOST_NAME = 60
MOST_ID = 64


class Kept(msgspec.Struct, frozen=True):
    """A member, and what only the desk knows of them."""

    member: Member
    password: str  # its hash
    stamp: str  # another with every password and role


class PlatformLink(msgspec.Struct, frozen=True):
    platform: str
    user: str
    login: str


class Staff:
    """Every method raises StoreUnavailable when the database cannot be reached; those that change something raise
    ValueError, in one sentence that says what is wrong, and enter it into the book. `by`: the login of who does it, ""
    for the command line."""

    def __init__(self, database: Database, passwords: Passwords, now: Callable[[], datetime] = utc_now) -> None:
        self.passwords = passwords
        self._database, self._now = database, now

    async def all(self) -> list[Member]:
        """By name."""
        async with self._database.reading() as connection:
            rows = (await connection.execute(select(people).order_by(people.c.name, people.c.login))).all()
        return [_member(row) for row in rows]

    async def kept(self, login: str) -> Kept | None:
        plain = plain_login(login)
        return await self._first(people.c.login == plain) if LOGIN.fullmatch(plain) else None

    async def linked(self, platform: str, user: str) -> Member | None:
        if not user.isprintable():
            return None
        link = (platform_links.c.platform == platform.casefold()) & (platform_links.c.user == user)
        found = await self._first(people.c.login.in_(select(platform_links.c.login).where(link)))
        return found.member if found else None

    async def on(self, platform: str) -> dict[str, Member]:
        """By their ids there."""
        of_all = {member.login: member for member in await self.all()}
        mine = (link for link in await self.links() if link.platform == platform.casefold())
        return {link.user: of_all[link.login] for link in mine if link.login in of_all}

    async def links(self) -> list[PlatformLink]:
        query = select(platform_links).order_by(platform_links.c.login, platform_links.c.platform)
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        return [PlatformLink(row.platform, row.user, row.login) for row in rows]

    async def add(self, member: Member, password: str, by: str = "") -> Member:
        """Returns them as they are kept; without a name customers read the login."""
        member = _checked(member)
        check_strength(password, member.login, *member.name.split())
        kept = Kept(member, await self.passwords.hashed(password), secrets.token_hex(16))
        async with self._database.writing() as connection:
            if await connection.scalar(select(people.c.login).where(people.c.login == member.login)):
                raise ValueError(f"There is a member {member.login} already.")
            await self._insert(connection, kept, by)
        return member

    async def add_first(self, members: Sequence[Member], password: str, write: Callable[[str], None]) -> bool:
        """For the demo: where there is nobody yet, all of them with one password, which is handed to `write` before it
        is for good. Whether they were added."""
        async with self._database.reading() as connection:
            if await connection.scalar(select(func.count()).select_from(people)):
                return False
        hashed = await self.passwords.hashed(password)
        async with self._database.writing() as connection:
            if await connection.scalar(select(func.count()).select_from(people)):
                return False
            for member in members:
                await self._insert(connection, Kept(_checked(member), hashed, secrets.token_hex(16)), "", of_demo=True)
            write(password)
        return True

    async def remove_demo(self) -> list[str]:
        """Those of `add_first`, but for whom was given another password. Returns their logins."""
        async with self._database.reading() as connection:
            if not await connection.scalar(select(func.count()).where(people.c.of_demo)):
                return []
        async with self._database.writing() as connection:
            logins = list(await connection.scalars(delete(people).where(people.c.of_demo).returning(people.c.login)))
            for login in logins:
                await enter(connection, self._now(), "", "removed", detail=f"{login}: of the demo")
        return logins

    async def set_password(self, login: str, password: str, by: str = "") -> None:
        """All of their sessions are over."""
        member = (await self._known(login)).member
        check_strength(password, member.login, *member.name.split())
        hashed = await self.passwords.hashed(password)
        async with self._database.writing() as connection:
            await self._change(connection, member.login, password=hashed, stamp=secrets.token_hex(16), of_demo=False)
            await enter(connection, self._now(), by, "password", detail=member.login)

    async def hash_anew(self, kept: Kept, password: str) -> None:
        """The same password at today's cost; their sessions go on."""
        hashed = await self.passwords.hashed(password)
        unchanged = (people.c.login == kept.member.login) & (people.c.password == kept.password)
        async with self._database.writing() as connection:
            await connection.execute(update(people).where(unchanged).values(password=hashed))

    async def set_role(self, login: str, role: Role, by: str = "") -> None:
        """All of their sessions are over. The last lead remains one."""
        member = msgspec.structs.replace((await self._known(login)).member, role=_role(role))
        async with self._database.writing() as connection:
            if role != "lead":
                await self._check_last_lead(connection, member.login)
            await self._change(connection, member.login, role=role, stamp=secrets.token_hex(16))
            await enter(connection, self._now(), by, "role", detail=f"{member.login}: {role}")

    async def remove(self, login: str, by: str = "") -> None:
        """With their links and sessions. The last lead remains."""
        member = (await self._known(login)).member
        async with self._database.writing() as connection:
            await self._check_last_lead(connection, member.login)
            await connection.execute(delete(people).where(people.c.login == member.login))
            await enter(connection, self._now(), by, "removed", detail=member.login)

    async def link(self, login: str, platform: str, user: str, by: str = "") -> None:
        """From now on what this user does on the platform counts as done by the member."""
        login, platform, user = plain_login(login), platform.casefold(), _id(user)
        async with self._database.writing() as connection:
            if not await connection.scalar(select(people.c.login).where(people.c.login == login)):
                raise ValueError(_nobody(login))
            other = await connection.scalar(select(platform_links.c.login).filter_by(platform=platform, user=user))
            if other and other != login:
                raise ValueError(f"{platform}:{user} is {other} already: unlink it first.")
            if not other:
                await connection.execute(insert(platform_links).values(platform=platform, user=user, login=login))
                await enter(connection, self._now(), by, "linked", detail=f"{login}: {platform}:{user}")

    async def unlink(self, login: str, platform: str, user: str, by: str = "") -> None:
        login, platform = plain_login(login), platform.casefold()
        table = platform_links
        link = (table.c.platform == platform) & (table.c.user == user.strip()) & (table.c.login == login)
        async with self._database.writing() as connection:
            if not (await connection.execute(delete(table).where(link))).rowcount:
                raise ValueError(f"{login} is not linked to {platform}:{user}.")
            await enter(connection, self._now(), by, "unlinked", detail=f"{login}: {platform}:{user}")

    async def _first(self, which: ColumnElement[bool]) -> Kept | None:
        async with self._database.reading() as connection:
            row = (await connection.execute(select(people).where(which))).first()
        return Kept(_member(row), row.password, row.stamp) if row else None

    async def _known(self, login: str) -> Kept:
        found = await self.kept(login)
        if found is None:
            raise ValueError(_nobody(login))
        return found

    async def _insert(self, connection: AsyncConnection, kept: Kept, by: str, of_demo: bool = False) -> None:
        member, now = kept.member, self._now()
        row = {**msgspec.structs.asdict(member), "password": kept.password, "stamp": kept.stamp}
        await connection.execute(insert(people).values({**row, "of_demo": of_demo, "added": now}))
        await enter(connection, now, by, "added", detail=f"{member.login}: {member.role}")

    async def _change(self, connection: AsyncConnection, login: str, **values: Any) -> None:
        changed = await connection.execute(update(people).where(people.c.login == login).values(values))
        if not changed.rowcount:
            raise ValueError(f"{login} was removed meanwhile.")

    async def _check_last_lead(self, connection: AsyncConnection, login: str) -> None:
        leads = set(await connection.scalars(select(people.c.login).where(people.c.role == "lead")))
        if leads == {login}:
            raise ValueError(f"{login} is the only lead: make another one first (shopdesk staff role LOGIN lead).")


def plain_login(written: str) -> str:
    """As it is kept, however it was typed."""
    return written.strip().casefold()


def _nobody(login: str) -> str:
    return f"There is no member {plain_login(login)}: see shopdesk staff list."


def _member(row: Row[Any]) -> Member:
    return Member(row.login, row.name, row.role, row.language)


def _checked(member: Member) -> Member:
    login, name = plain_login(member.login), " ".join(member.name.split())
    if not LOGIN.fullmatch(login):
        raise ValueError("A login is up to 32 of the letters a to z, digits, dots and dashes, and begins with no dot.")
    if len(name) > MOST_NAME or not name.isprintable():
        raise ValueError(f"The name is what customers read: at most {MOST_NAME} characters in one line.")
    if member.language and not LANGUAGE.fullmatch(member.language):
        raise ValueError(f'"{member.language}" is no language: write en or zh, say.')
    return Member(login, name or login.capitalize(), _role(member.role), member.language)


def _role(role: str) -> Role:
    for known in ROLES:
        if role == known:
            return known
    raise ValueError(f'There is no role "{role}"; there are {" and ".join(ROLES)}.')


def _id(user: str) -> str:
    user = user.strip()
    if not user or len(user) > MOST_ID or not user.isprintable() or user.startswith("@") or " " in user:
        raise ValueError(f'"{user}" is no id: give the number by which the platform knows them, not their name there.')
    return user
