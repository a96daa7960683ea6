"""The tables of the staff's desk: its people, what they have done, and their canned answers. They stand in the shop's
database and outlive every import of a shop."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, MetaData, Table, Text

from bot.shop.tables import Moment

desk_tables = MetaData()

people = Table(
    "desk_people",
    desk_tables,
    Column("login", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("password", Text, nullable=False),  # its Argon2 hash, with salt and cost
    Column("stamp", Text, nullable=False),  # another with every password and role: sessions are bound to it
    Column("of_demo", Boolean, nullable=False),  # made at the first start of the demo, and not touched since
    Column("added", Moment, nullable=False),
)

platform_links = Table(
    "desk_platform_links",
    desk_tables,
    Column("platform", Text, primary_key=True),
    Column("user", Text, primary_key=True),
    Column("login", Text, ForeignKey("desk_people.login", ondelete="CASCADE"), nullable=False),
)

book = Table(
    "desk_book",
    desk_tables,
    Column("id", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("by", Text, nullable=False),  # a login; "" for the command line, and for who is nobody
    Column("deed", Text, nullable=False),
    Column("conversation", Text, nullable=False),
    Column("detail", Text, nullable=False),  # nothing of what was said in the conversation
    Index("desk_book_of_a_conversation", "conversation"),
    Index("desk_book_of_a_member", "by"),
    sqlite_autoincrement=True,  # an entry never takes the number of another that was deleted
)

canned = Table(
    "desk_canned",
    desk_tables,
    Column("id", Text, primary_key=True),
    Column("language", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
)
