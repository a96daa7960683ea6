"""What `shopdesk doctor` says of Redis: a server of one's own, the embedded one, or every node of a cluster."""

from typing import Any

from bot.channels import Finding
from bot.opening.places import redis_url
from bot.redis.cluster import Cluster
from bot.redis.connection import Connection, connect
from bot.redis.embedded import server_binary
from bot.redis.shards import check_shards
from bot.settings import Settings

NAME = "SHOPDESK_REDIS_URL"
MANY_SHARDS = 64  # for a cluster: small enough parts for many nodes


async def redis_finding(settings: Settings) -> Finding:
    """Looks and changes nothing."""
    try:
        async with connect(redis_url(settings)) as connection:
            await check_shards(connection, settings.shards)
            if connection.cluster:
                return await _of_cluster(connection.cluster, settings.shards)
            return await _of_server(connection, settings)
    except ValueError as error:
        return Finding("SHOPDESK_SHARDS", False, str(error))
    except ConnectionError as error:
        if settings.redis_url:
            return Finding(NAME, False, str(error))
        binary = server_binary()
        found = f"not set; `shopdesk run` starts {binary}" if binary else "not set, and no redis-server is installed"
        return Finding(NAME, bool(binary), found, "" if binary else "Install redis-server or valkey.")


async def _of_server(connection: Connection, settings: Settings) -> Finding:
    info: dict[str, Any] = await connection.commands.info()
    kind = "" if settings.redis_url else "embedded, running: "
    lacking = _lacking(info) if settings.redis_url else ""
    advice = lacking.format(where="there") if lacking else ""
    return Finding(NAME, not advice, f"{kind}Redis {info['redis_version']}", advice)


async def _of_cluster(cluster: Cluster, shards: int) -> Finding:
    """The first thing that is wrong at any of its nodes."""
    answers = await cluster.ask_all("INFO")
    silent = [str(node) for node, info in answers.items() if info is None]
    infos = {node: info for node, info in answers.items() if info is not None}
    primaries = sum(info["role"] == "master" for info in infos.values())
    versions = "/".join(sorted({str(info["redis_version"]) for info in infos.values()}))
    found = f"Redis Cluster {versions}: {primaries} primaries, {len(infos) - primaries} replicas"
    if silent:
        return Finding(NAME, False, f"{found}; {', '.join(silent)} does not answer", "Start it again, or forget it.")
    for node, info in infos.items():
        if lacking := _lacking(info):
            return Finding(NAME, False, found, lacking.format(where=f"on {node}"))
    if shards == 1:
        advice = f"Set SHOPDESK_SHARDS to {MANY_SHARDS} before the first customer: with 1 all is on one of its nodes."
        return Finding(NAME, True, found, advice)
    if any(info["role"] == "master" and not info["connected_slaves"] for info in infos.values()):
        advice = "Give each primary a replica: without one, its conversations wait until it is back."
        return Finding(NAME, True, found, advice)
    return Finding(NAME, True, found)


def _lacking(info: dict[str, Any]) -> str:
    """What to set, with a place for where; "" when nothing is amiss."""
    if info.get("aof_enabled") == 0:
        return "Set `appendonly yes` {where}: without it accepted messages are lost when that Redis is killed."
    if info.get("maxmemory_policy") not in (None, "noeviction"):
        return "Set `maxmemory-policy noeviction` {where}: with any other, accepted messages may be thrown away."
    return ""
