"""Links: a person on a channel who is known to be a customer, from then on."""

from datetime import datetime

from sqlalchemy import delete, insert, select

from bot.shop.database import Database
from bot.shop.tables import customers, links


class Links:
    """Every method raises StoreUnavailable when the database cannot be reached."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def customer_of(self, person: str) -> str:
        """The id of the customer to whom this person is linked; "" for nobody, and where the customer is no more."""
        query = select(links.c.customer).join(customers, customers.c.id == links.c.customer)
        async with self._database.glancing() as connection:
            return str((await connection.execute(query.where(links.c.person == person))).scalar() or "")

    async def link(self, person: str, customer_id: str, now: datetime) -> None:
        """In the place of the link before. Proof was given: see bot/link_codes.py."""
        async with self._database.writing() as connection:
            await connection.execute(delete(links).where(links.c.person == person))
            await connection.execute(insert(links).values(person=person, customer=customer_id, created=now))

    async def unlink(self, person: str) -> bool:
        """Whether there was a link."""
        async with self._database.writing() as connection:
            return bool((await connection.execute(delete(links).where(links.c.person == person))).rowcount)


def person_of(conversation: str, author: str) -> str:
    """Who writes, as the channel knows them: the author where several write in a conversation, else the conversation.

    A conversation's name begins with its channel's; an author is the same one in all its conversations.
    """
    return f"{conversation.partition(':')[0]} author {author}" if author else conversation
