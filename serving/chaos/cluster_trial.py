"""A primary of a Redis Cluster is killed under load, again and again: how long its part is away, and what is lost.

`make proof-cluster`; TRIALS says how often. Three primaries with a replica each, on loopback, with a node timeout of
two seconds. The gap of a trial is the longest time without an accepted message in any shard of the killed primary; the
election is how much of it the cluster itself needed.

Redis tells its replicas of a write after it has answered, so an acknowledged message can be lost, though none was here:
what a killed process had already written to its sockets still arrives. When the whole machine dies, what was on the
wire is gone (a round trip to the replica). When it is cut off from the others, it goes on acknowledging until the node
timeout (2.6 seconds measured), and all of that is lost. `min-replicas-to-write 1` with `min-replicas-max-lag 1` lets it
stop after a second (0.7 measured), for the price that a primary without a living replica takes nothing: give each two.
`cluster-require-full-coverage no` keeps the other primaries' conversations going meanwhile.
"""

import asyncio
import itertools
import logging
import os
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from redis.crc import key_slot

from bot.channels import Postbox
from bot.keys import Keys
from serving.chaos.plain_desk import plain_desk
from serving.chaos.servers import CLUSTER_SECONDS, Nodes, Server, cluster, system_redis, until
from serving.chaos.steady_load import Kept, Writer, longest_gap

SHARDS = 8
PATIENT = 8  # customers who wait for each reply; beside them one in each shard who does not
WARM_SECONDS = 1.5  # of load before the kill
CALM_SECONDS = 1.5  # and after everybody was accepted and answered again
LONGEST_SECONDS = 45.0
LONGEST_GAP_SECONDS = 6.0  # in which nothing is accepted on the shards of the primary that was killed


@dataclass
class Trial:
    gap: float  # seconds without an accepted message in a shard of the killed primary
    election: float  # seconds until the cluster itself had another primary
    silence: float  # seconds without an answer in one
    elsewhere: float  # seconds without an accepted message in a shard of another primary
    kept: Kept
    refusals: int


async def trial(postbox: Postbox, nodes: Nodes, number: int) -> Trial:
    """Raises TimeoutError when the desk does not come back."""
    keys = Keys(SHARDS)
    writers = _writers(postbox, keys, number)
    over = asyncio.Event()
    load = [asyncio.create_task(writer.write_until(over.is_set)) for writer in writers]
    await asyncio.sleep(WARM_SECONDS)
    slot = _some_slot()
    victim = nodes.primary_of(slot)
    hit = [writer for writer in writers if _served_by(nodes, keys, writer.conversation) is victim]
    killed = time.monotonic()
    victim.kill()
    election = asyncio.create_task(asyncio.to_thread(until, partial(_is_served, nodes, slot), LONGEST_SECONDS, "one"))
    async with asyncio.timeout(LONGEST_SECONDS):
        while not all(_is_back(writer, killed) for writer in writers):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await asyncio.sleep(CALM_SECONDS)
    over.set()
    await asyncio.gather(*load)
    ended = time.monotonic()
    kept = sum([await writer.kept() for writer in writers], Kept())
    began = killed - WARM_SECONDS / 2
    return Trial(
        gap=_longest(keys, hit, began, ended, answers=False),
        election=await election,
        silence=_longest(keys, hit, began, ended, answers=True),
        elsewhere=_longest(keys, [one for one in writers if one not in hit], began, ended, answers=False),
        kept=kept,
        refusals=sum(writer.refusals for writer in writers),
    )


def _writers(postbox: Postbox, keys: Keys, number: int) -> list[Writer]:
    names = (f"trial:{number}:{one}" for one in itertools.count())
    by_shard = {keys.tag(name): name for name in itertools.islice(names, 20 * SHARDS)}
    if len(by_shard) < SHARDS:
        raise ValueError("a shard without a conversation")
    impatient = [Writer(postbox, name, patient=False) for name in by_shard.values()]
    return impatient + [Writer(postbox, next(names)) for _ in range(PATIENT)]


def _some_slot() -> int:
    keys = Keys(SHARDS)
    return key_slot(keys.ready(keys.shard(random.randrange(SHARDS))).encode())


def _is_served(nodes: Nodes, slot: int) -> bool:
    try:
        return nodes.primary_of(slot).process is not None
    except LookupError:
        return False


def _served_by(nodes: Nodes, keys: Keys, conversation: str) -> Server:
    return nodes.primary_of(key_slot(keys.mailbox(conversation).encode()))


def _is_back(writer: Writer, killed: float) -> bool:
    """Accepted after the kill, and then answered where that is waited for."""
    later = [moment for _, moment in writer.accepted if moment > killed]
    return bool(later) and (not writer.patient or any(moment > later[0] for moment in writer.answered))


def _longest(keys: Keys, writers: list[Writer], began: float, ended: float, answers: bool) -> float:
    shards: dict[str, list[float]] = {}
    for writer in (one for one in writers if one.patient or not answers):
        moments = writer.answered if answers else [moment for _, moment in writer.accepted]
        shards.setdefault(keys.tag(writer.conversation), []).extend(moments)
    last = ended - CALM_SECONDS
    return max((longest_gap(moments, began, last) for moments in shards.values()), default=0.0)


async def trials(nodes: Nodes, how_many: int) -> list[Trial]:
    """Each on the cluster as the one before has left it, with the killed server back as a replica."""
    found: list[Trial] = []
    async with plain_desk(nodes.url, Keys(SHARDS)) as postbox:
        for number in range(1, how_many + 1):
            one = await trial(postbox, nodes, number)
            found.append(one)
            _say(number, one)
            await asyncio.to_thread(_mend, nodes)
    return found


def _mend(nodes: Nodes) -> None:
    for one in nodes.nodes:
        if one.process is None:
            one.start()
    until(nodes.is_well, CLUSTER_SECONDS, "a cluster that is well again")


def _say(number: int, one: Trial) -> None:
    kept = one.kept
    sys.stdout.write(
        f"trial {number:2}: gap {one.gap:.2f} s (election {one.election:.2f}), no answer for {one.silence:.2f} s, "
        f"other shards {one.elsewhere:.2f} s; "
        f"accepted {kept.accepted}, refused {one.refusals}, lost {kept.lost}, unanswered {kept.unanswered}, "
        f"duplicate {kept.duplicate}, out of order {kept.out_of_order}\n"
    )
    sys.stdout.flush()


def main() -> None:
    logging.basicConfig(level=logging.ERROR)
    binary = system_redis()
    if binary is None:
        sys.exit("A cluster needs the package redis-server.")
    how_many = int(os.environ.get("TRIALS") or 20)
    with tempfile.TemporaryDirectory() as folder, cluster(binary, Path(folder), replicas=True) as nodes:
        found = asyncio.run(trials(nodes, how_many))
    kept = sum((one.kept for one in found), Kept())
    longest = max(one.gap for one in found)
    sys.stdout.write(
        f"trials {len(found)}, lost {kept.lost + kept.unanswered}, duplicate {kept.duplicate}, "
        f"out of order {kept.out_of_order}, longest gap {longest:.1f} s\n"
    )
    broken = kept.lost or kept.unanswered or kept.duplicate or kept.out_of_order
    sys.exit(bool(broken) or longest > LONGEST_GAP_SECONDS)


if __name__ == "__main__":
    main()
