"""The secret that signs visitors' tokens: where it comes from, and that all processes of a desk have the same."""

import asyncio
import contextlib
import hmac
import logging
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from redis.exceptions import RedisError

from bot.beside import beside
from bot.keys import Keys
from bot.redis.connection import Connection, script
from bot.settings import Settings

log = logging.getLogger(__name__)

GONE_SECONDS = 30  # a process not heard of for so long no longer speaks for its secret


class SecretsDiffer(ValueError):
    """Visitors whom one process lets in would be refused by another; the text says what to set."""


@asynccontextmanager
async def agreed_secret(settings: Settings, connection: Connection, alone: bool) -> AsyncIterator[bytes]:
    """The secret, and while it is in use the word to other processes that they must have the same.

    Only living processes have a say, so a lost or replaced data folder locks nobody out: who stopped in order is
    forgotten at once, who was killed after GONE_SECONDS, and `alone` means that nobody else can be there. Redis
    learns a fingerprint, never the secret. Raises SecretsDiffer.
    """
    secret, redis = own_secret(settings), connection.commands
    process = f"{os.getpid()}-{secrets.token_hex(4)}"
    fingerprint = hmac.new(secret, b"shopdesk: which secret is it?", "sha256").hexdigest()[:32]
    sign_with = script(redis, "sign_with")

    async def agreed() -> bool:
        return bool(await sign_with(keys=[Keys.signers()], args=[fingerprint, process, GONE_SECONDS]))

    async def go_on_saying_so() -> None:
        while True:
            await asyncio.sleep(GONE_SECONDS / 3)
            with contextlib.suppress(RedisError):
                if not await agreed():
                    log.error("%s", _advice())

    try:
        if alone:
            await redis.delete(Keys.signers())
        if not await agreed():
            raise SecretsDiffer(_advice())
    except RedisError as error:
        raise ConnectionError(f"Redis does not let us begin: {error}") from error
    try:
        async with beside(go_on_saying_so):
            yield secret
    finally:
        with contextlib.suppress(RedisError):
            await redis.zrem(Keys.signers(), f"{fingerprint} {process}")


def _advice() -> str:
    return (
        "Another process of this desk signs its visitors' tokens with another secret: set SHOPDESK_SECRET to the same "
        f"32 characters or more everywhere. (If that process was killed, it is forgotten after {GONE_SECONDS} seconds.)"
    )


def own_secret(settings: Settings) -> bytes:
    """The setting, else a file made at the first run; whoever can read it can sign in as anybody."""
    if said := settings.secret.get_secret_value():
        return said.encode()
    path = settings.data_dir / "secret"
    if not path.exists():
        _make(path)
    return path.read_bytes()


def _make(path: Path) -> None:
    """Whole or not at all, and the first of several processes wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_name(f".secret-{os.getpid()}-{secrets.token_hex(4)}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(32))
    with contextlib.suppress(FileExistsError):
        path.hardlink_to(unfinished)
    unfinished.unlink()
