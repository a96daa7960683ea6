"""The address of Redis, as it is written: one server, or some of the nodes of a cluster with commas between them."""

from typing import Any
from urllib.parse import urlsplit

import msgspec
from redis.asyncio.connection import SSLConnection, parse_url

from bot.redis.cluster import Address

PORT = 6379


class RedisAddress(msgspec.Struct, frozen=True):
    hosts: tuple[Address, ...]  # none: a unix socket
    options: dict[str, Any]  # of the driver's connections, the host left out
    safe: bool  # over TLS


def read_redis_address(url: str) -> RedisAddress:
    """redis://user:password@one:6379,two:6379/0. Raises ValueError when it is none."""
    parts = urlsplit(url)
    login, at, hosts = parts.netloc.rpartition("@")
    options: dict[str, Any] = dict(parse_url(parts._replace(netloc=f"{login}{at}").geturl()))
    safe = options.pop("connection_class", None) is SSLConnection
    if parts.scheme == "unix":
        return RedisAddress((), options, False)
    return RedisAddress(tuple(_host(host) for host in (hosts or "localhost").split(",")), options, safe)


def without_login(url: str) -> str:
    """For people to read."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()


def _host(written: str) -> Address:
    read = urlsplit(f"//{written}")
    if not read.hostname:
        raise ValueError(f"no host in {written!r}")
    return Address(read.hostname, read.port or PORT)
