"""Canned answers: what staff say often, by language, with places for what differs. Leads write them, all use them."""

import re
import secrets
from collections.abc import Callable
from datetime import datetime

import msgspec
from sqlalchemy import delete, func, insert, select, update

from bot.desk.book import enter, utc_now
from bot.desk.tables import canned
from bot.desks import Canned, Member, NotAllowed
from bot.shop.database import Database

PLACE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
MOST_TITLE = 80
MOST_TEXT = 2000
MOST_ANSWERS = 500


class Filling(msgspec.Struct, frozen=True):
    """What stands in the places of an answer; "": not known, and the place stays for staff to see."""

    customer: str = ""
    order: str = ""
    staff: str = ""
    shop: str = ""


NAMELESS = re.compile(r"[,，、]? ?\{\{\s*customer\s*\}\}")  # who has given no name is greeted without one
PLACES = frozenset(Filling.__struct_fields__)


def fill(one: Canned, filling: Filling) -> Canned:
    """What is filled in is not looked at again: a customer's name is only a name."""

    def known(place: re.Match[str]) -> str:
        return getattr(filling, place[1], "") if place[1] in PLACES else ""

    text = one.text if filling.customer else NAMELESS.sub("", one.text)
    return msgspec.structs.replace(one, text=PLACE.sub(lambda place: known(place) or place[0], text))


def unfilled(text: str) -> str:
    """The first place that nobody has filled in, as it stands there; "" for none."""
    return next((place[0] for place in PLACE.finditer(text) if place[1] in PLACES), "")


class CannedStore:
    """Every method raises StoreUnavailable."""

    def __init__(self, database: Database, now: Callable[[], datetime] = utc_now) -> None:
        self._database, self._now = database, now

    async def all(self, language: str = "") -> list[Canned]:
        """By title, as they were written; "": of every language."""
        query = select(canned).order_by(canned.c.title, canned.c.id)
        query = query.where(canned.c.language == language) if language else query
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        return [Canned(row.id, row.language, row.title, row.text) for row in rows]

    async def keep(self, member: Member, one: Canned) -> Canned:
        """In the place of the one with its id; "": a new one. Raises NotAllowed, ValueError in one sentence."""
        _check_lead(member)
        one = _checked(one)
        values = {"language": one.language, "title": one.title, "text": one.text}
        async with self._database.writing() as connection:
            if one.id:
                changed = await connection.execute(update(canned).where(canned.c.id == one.id).values(values))
                if not changed.rowcount:
                    raise ValueError("This answer was deleted meanwhile: keep yours as a new one.")
            else:
                if (await connection.scalar(select(func.count()).select_from(canned)) or 0) >= MOST_ANSWERS:
                    raise ValueError(f"There are {MOST_ANSWERS} answers already: delete some that nobody uses.")
                one = msgspec.structs.replace(one, id=secrets.token_hex(8))
                await connection.execute(insert(canned).values(values | {"id": one.id}))
            await enter(connection, self._now(), member.login, "canned_kept", detail=f"{one.language}: {one.title}")
        return one

    async def drop(self, member: Member, id: str) -> None:
        """Raises NotAllowed. One that is gone already is no error."""
        _check_lead(member)
        async with self._database.writing() as connection:
            found = (await connection.execute(select(canned).where(canned.c.id == id))).first()
            if found:
                await connection.execute(delete(canned).where(canned.c.id == id))
                detail = f"{found.language}: {found.title}"
                await enter(connection, self._now(), member.login, "canned_dropped", detail=detail)

    async def add_first(self, answers: tuple[Canned, ...]) -> None:
        """For the demo: where there are none yet."""
        async with self._database.writing() as connection:
            if await connection.scalar(select(func.count()).select_from(canned)) == 0:
                rows = [msgspec.structs.asdict(_checked(one)) | {"id": secrets.token_hex(8)} for one in answers]
                await connection.execute(insert(canned), rows)


def _check_lead(member: Member) -> None:
    if member.role != "lead":
        raise NotAllowed("Only a lead changes the canned answers.")


def _checked(one: Canned) -> Canned:
    title, text = " ".join(one.title.split()), one.text.strip().replace("\0", "")
    if not title or len(title) > MOST_TITLE or not title.isprintable():
        raise ValueError(f"The title is one line of at most {MOST_TITLE} characters.")
    if not text or len(text) > MOST_TEXT:
        raise ValueError(f"The answer has between 1 and {MOST_TEXT} characters.")
    if unknown := sorted({place[1] for place in PLACE.finditer(text)} - PLACES):
        places = ", ".join(f"{{{{ {place} }}}}" for place in sorted(PLACES))
        raise ValueError(f"{{{{ {unknown[0]} }}}} means nothing here; there are {places}.")
    if not one.language.isalnum() and not one.language.replace("-", "").isalnum():
        raise ValueError("An answer has a language: en or zh, say.")
    return Canned(one.id, one.language, title, text)
