"""The tables of what happened on the desk. They stand in the shop's database and outlive every import of a shop; times
are seconds since the epoch."""

from sqlalchemy import Boolean, Column, Double, Index, Integer, MetaData, PrimaryKeyConstraint, Table, Text
from sqlalchemy import UniqueConstraint as Unique

insight_tables = MetaData()

turns = Table(
    "insight_turns",
    insight_tables,
    Column("id", Integer, primary_key=True),
    Column("conversation", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("answered", Double, nullable=False),
    Column("said", Text, nullable=False),
    Column("replied", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("handoff", Text, nullable=False),
    Column("missed", Boolean, nullable=False),
    Column("tone", Double, nullable=False),
    Column("done", Text, nullable=False),
    Column("meaning", Text, nullable=False),
    Column("stars", Integer, nullable=False),
    Column("comment", Text, nullable=False),
    Column("public", Boolean, nullable=False),
    Column("asks", Boolean, nullable=False),
    Column("words", Text, nullable=False),  # what it is searched by
    Unique("conversation", "event"),
    Index("insight_turns_at", "at"),
)

handoffs = Table(
    "insight_handoffs",
    insight_tables,
    Column("conversation", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("what", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("reason", Text, nullable=False),
    Column("since", Double, nullable=False),
    Column("by", Text, nullable=False),
    Column("help", Text, nullable=False),
    PrimaryKeyConstraint("conversation", "number", "what", "at"),
)

talks = Table(
    "insight_talks",
    insight_tables,
    Column("conversation", Text, nullable=False),
    Column("began", Double, nullable=False),
    Column("event", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("last", Double, nullable=False),
    Column("public", Boolean, nullable=False),
    Column("first_answer", Double),
    Column("answered_by", Text, nullable=False),
    Column("first_by", Text, nullable=False),
    Column("unanswered", Boolean, nullable=False),
    Column("asks", Boolean, nullable=False),
    Column("settled", Text, nullable=False),
    Column("settled_at", Double),
    Column("reason", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("waited", Double),
    Column("member", Text, nullable=False),
    Column("help", Text, nullable=False),
    Column("overdue", Boolean, nullable=False),
    Column("stars", Integer, nullable=False),
    Column("comment", Text, nullable=False),
    Column("tone", Double, nullable=False),
    PrimaryKeyConstraint("conversation", "began"),
    Index("insight_talks_began", "began"),
)
