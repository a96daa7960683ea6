"""What `shopdesk doctor` says of the shop's staff."""

from sqlalchemy import Connection, inspect, select

from bot.channels import Finding
from bot.desk.tables import people
from bot.opening.places import database_url
from bot.settings import Settings
from bot.shop.database import open_database

NAME = "staff"
ADVICE = "Make the first lead: shopdesk staff add LOGIN --role lead"


async def staff_finding(settings: Settings) -> Finding:
    """Looks and changes nothing."""
    if not settings.database_url and not (settings.data_dir / "shop.sqlite").exists():
        return Finding(NAME, True, "nobody yet; the demo shop makes its own", ADVICE)
    try:
        async with open_database(database_url(settings)) as database, database.reading() as connection:
            roles = await connection.run_sync(_roles)
    except OSError:  # the finding on the database says so
        return Finding(NAME, True, "not known: the database is away")
    if not roles:
        return Finding(NAME, True, "nobody: customers who ask for a person are told so, and wait", ADVICE)
    return Finding(NAME, True, f"{len(roles)}, of whom {roles.count('lead')} may do what a lead may")


def _roles(connection: Connection) -> list[str]:
    if not inspect(connection).has_table(people.name):
        return []
    return list(connection.scalars(select(people.c.role)))
