"""The connection to the shop's database: SQLite or PostgreSQL, opened, guarded and explained in one place."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import Any, Protocol

from sqlalchemy import Connection, CursorResult, Engine, Executable, MetaData, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.shop.tables import metadata

SETTING = "SHOPDESK_DATABASE_URL"
BUSY_SECONDS = 5
GLANCE_SECONDS = 0.25  # so long may the whole process stand still, where SQLite mends its file after a crash
CONNECTIONS = 8
WRITER = 0x5409DE5C  # the advisory lock that importers hold on PostgreSQL
DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
GONE = (DBAPIError, PoolTimeout, OSError, TimeoutError)
OUR_MISTAKE = (DataError, IntegrityError, ProgrammingError)


class StoreUnavailable(ConnectionError):
    """The shop's database cannot be used; the text says so in one sentence and names the setting."""


class Reading(Protocol):
    """What a read needs of a connection."""

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]: ...


class Glance:
    """A Reading that is done at once, in the thread of the event loop."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        return self._connection.execute(statement, parameters)


class Database:
    """Reads see one state from their first query to their last; writers come one after the other.

    `at_once`: the same database for reads of a few rows, where that takes no longer than to ask another thread for it.
    """

    def __init__(self, engine: AsyncEngine, at_once: Engine | None = None) -> None:
        self._reader, self._at_once = engine, at_once
        self._where = engine.url.render_as_string(hide_password=True)
        self._writer = engine
        self._turn = asyncio.Lock()
        if engine.dialect.name == "postgresql":
            self._reader = engine.execution_options(isolation_level="REPEATABLE READ")
        else:
            self._writer = engine.execution_options(begin="BEGIN IMMEDIATE")

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Raises StoreUnavailable."""
        async with self._explaining(), self._reader.connect() as connection:
            yield connection

    @asynccontextmanager
    async def glancing(self) -> AsyncIterator[Reading]:
        """For a few rows that are found by their keys: of SQLite, without the trips to its thread that each query takes
        else, four of them and ten times as long. Nothing else may be awaited meanwhile. Raises StoreUnavailable."""
        if self._at_once is None:
            async with self.reading() as connection:
                yield connection
            return
        await asyncio.sleep(0)  # who reads again and again lets others go on between two reads
        async with self._explaining():
            with self._at_once.connect() as at_once:
                yield Glance(at_once)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """One transaction, committed at the end or not at all. Raises StoreUnavailable.

        Those of this process take turns here: SQLite lets whoever asks at the right moment go first.
        """
        async with self._turn, self._explaining(), self._writer.begin() as connection:
            if connection.dialect.name == "postgresql":
                await connection.execute(text(f"SELECT pg_advisory_xact_lock({WRITER})"))
            yield connection

    async def create(self) -> None:
        """Connect for the first time, and create the tables that are missing. Raises StoreUnavailable."""
        try:
            if self._reader.dialect.name == "sqlite":
                # aiosqlite leaves a thread behind when a file cannot be opened, so that is found out without it
                await asyncio.to_thread(_try_file, str(self._reader.url.database))
            async with self._explaining(), self._reader.connect():
                pass
        except (TypeError, ValueError, OverflowError, sqlite3.Error) as error:  # also an option that no driver takes
            raise self._unavailable(error) from error
        await self.add(metadata)

    async def add(self, tables: MetaData) -> None:
        """Create those that are missing. Raises StoreUnavailable."""
        async with self._explaining(), self._reader.connect() as connection:
            there = await connection.run_sync(lambda sync: set(inspect(sync).get_table_names()))
        if not there >= set(tables.tables):  # else it would wait for whoever writes
            async with self.writing() as connection:
                await connection.run_sync(tables.create_all)

    @asynccontextmanager
    async def _explaining(self) -> AsyncIterator[None]:
        try:
            yield
        except OUR_MISTAKE:
            raise
        except GONE as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: Exception) -> StoreUnavailable:
        cause = error.orig if isinstance(error, DBAPIError) else error
        reason = " ".join(str(cause).split()) or type(cause).__name__
        return StoreUnavailable(f"{SETTING}: the shop's database {self._where} cannot be used: {reason}")


@asynccontextmanager
async def open_database(url: str) -> AsyncIterator[Database]:
    """Connect, and create the tables that are missing. Raises StoreUnavailable."""
    address = _address(url)
    engine, at_once = _engine(address), _engine_at_once(address)
    database = Database(engine, at_once)
    try:
        await database.create()
        yield database
    finally:
        if at_once:
            at_once.dispose()
        await engine.dispose()


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        raise StoreUnavailable(f"{SETTING} is not a database address such as sqlite+aiosqlite:///shop.db") from None
    name = DRIVERS.get(address.drivername, address.drivername)
    if name not in DRIVERS.values():
        raise StoreUnavailable(
            f'{SETTING} begins with "{name}"; Shopdesk speaks sqlite+aiosqlite:// and postgresql+asyncpg://'
        )
    if name == DRIVERS["sqlite"] and address.database in (None, "", ":memory:"):
        raise StoreUnavailable(f"{SETTING} names no file; write sqlite+aiosqlite:///shop.db")
    return address.set(drivername=name)


def _engine(address: URL) -> AsyncEngine:
    is_postgresql = address.drivername == DRIVERS["postgresql"]
    engine = create_async_engine(
        address,
        connect_args={"timeout": BUSY_SECONDS},
        pool_pre_ping=is_postgresql,
        pool_size=CONNECTIONS,
        max_overflow=0,  # one beyond the pool would be opened for one query, and for SQLite a thread started
        hide_parameters=True,  # an error may reach a log; a customer's data must not
    )
    if not is_postgresql:
        _listen(engine.sync_engine)
    return engine


def _engine_at_once(address: URL) -> Engine | None:
    """None where a server has to be asked."""
    if address.drivername != DRIVERS["sqlite"]:
        return None
    engine = create_engine(
        address.set(drivername="sqlite+pysqlite"),
        connect_args={"timeout": GLANCE_SECONDS},
        pool_size=1,
        hide_parameters=True,
    )
    _listen(engine)
    return engine


def _listen(engine: Engine) -> None:
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    event.listen(engine, "invalidate", _undo)


def _try_file(path: str) -> None:
    """Whoever reads goes on while another writes: the file is told so once, and keeps it."""
    until = time.monotonic() + BUSY_SECONDS
    with closing(sqlite3.connect(path, timeout=BUSY_SECONDS, uri=path.startswith("file:"))) as connection:
        while True:
            try:
                connection.execute("PRAGMA journal_mode=WAL")
                return
            except sqlite3.OperationalError as error:
                # SQLite does not wait for its timeout where two that read want to change the journal at once
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
            time.sleep(0.02)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # Python's sqlite3 would begin transactions by itself, too late for a read to be one state
    connection.isolation_level = None
    cursor = connection.cursor()
    for setting in ("synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {setting}")
    cursor.close()


def _undo(connection: Any, _record: object, _error: object) -> None:
    # a query that was cancelled keeps the closed connection alive, and with it the lock of its transaction
    connection.rollback()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))
