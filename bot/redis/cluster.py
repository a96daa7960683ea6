"""A Redis Cluster as seen from here: which node has which slot, who is alive, and when that has changed.

The driver's own cluster client is not used: while a slot is nobody's it closes the connections of all commands in
flight, those for other nodes too, so that nobody knows whether they were done; a burst gets an error instead of waiting
for a free connection; and it does not say when a part of the keys has gone to another node, which listeners must know.
"""

import asyncio
import contextlib
import itertools
import logging
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.crc import REDIS_CLUSTER_HASH_SLOTS
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

ASK_SECONDS = 1.0
LOOK_SECONDS = 2.0  # between two looks while all is well
LOOK_AGAIN_SECONDS = 0.2  # while it is not
MOST_ASKED = 8  # nodes, when it is not


class Address(msgspec.Struct, frozen=True, order=True):
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Member(msgspec.Struct, frozen=True):
    """A node, as one of the nodes describes it."""

    address: Address
    itself: bool  # by its own account
    primary: bool
    failed: bool
    epoch: int  # the higher one is right where two claim a slot
    slots: tuple[tuple[int, int], ...]  # first and last


class Cluster:
    """Kept up to date by `watch`; whoever was refused or cut off by a node says so with `doubt`."""

    def __init__(self, start: Sequence[Address], open_node: Callable[[Address], Redis]) -> None:
        self._start = tuple(start)
        self._open_node = open_node
        self._asked: dict[Address, Redis] = {}
        self._members: tuple[Member, ...] = ()
        self._owners: list[Address | None] = [None] * REDIS_CLUSTER_HASH_SLOTS
        self._doubt = asyncio.Event()
        self._changed = asyncio.Event()

    def owner(self, slot: int) -> Address | None:
        return self._owners[slot]

    def primaries(self) -> list[Address]:
        """Those that have slots."""
        return sorted({owner for owner in self._owners if owner})

    def nodes(self) -> list[Address]:
        return sorted(member.address for member in self._members)

    def is_complete(self) -> bool:
        return None not in self._owners

    def any_living(self) -> Address:
        """One of the nodes by chance, for what every node can do."""
        living = [member.address for member in self._members if not member.failed]
        return random.choice(living or self._start)

    def redirected(self, slot: int, owner: Address) -> None:
        """A node has said who has this slot now."""
        self._owners[slot] = owner
        self.doubt()

    def doubt(self) -> None:
        self._doubt.set()

    async def changed(self) -> None:
        """Wait until a slot has another owner than before."""
        await self._changed.wait()

    async def watch(self) -> None:
        """Runs until cancelled. One node is asked now and then; several as soon as somebody is in doubt."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._doubt.wait()
            most = MOST_ASKED if self._doubt.is_set() else 1
            self._doubt.clear()
            if not await self.look(most):
                self._doubt.set()
            await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def look(self, most: int = MOST_ASKED) -> bool:
        """Ask so many nodes who is who; False when none answered or a slot is nobody's, or that of a dead node."""
        known = sorted({*self._start, *(member.address for member in self._members if not member.failed)})
        views = await asyncio.gather(*(self._ask(node) for node in random.sample(known, min(most, len(known)))))
        members = {member.address: member for member in sorted(itertools.chain(*views), key=lambda one: one.itself)}
        if not members:
            return False
        before, self._owners = self._owners, _owners(members.values())
        self._members = tuple(members.values())
        if before != self._owners:
            level = logging.WARNING if any(before) else logging.INFO
            log.log(level, "the cluster's slots are with %s", ", ".join(map(str, self.primaries())))
            self._changed.set()
            self._changed = asyncio.Event()
        failed = {member.address for member in self._members if member.failed}
        return self.is_complete() and failed.isdisjoint(self.primaries())

    async def ask_all(self, command: str) -> dict[Address, Any]:
        """What each node says to a command that only looks; None of one that does not answer."""
        nodes = self.nodes()
        answers = await asyncio.gather(*(self._answer(node, command) for node in nodes))
        return dict(zip(nodes, answers, strict=True))

    async def _ask(self, node: Address) -> list[Member]:
        answer = await self._answer(node, "CLUSTER NODES")
        return [] if answer is None else _members(answer, node)

    async def _answer(self, node: Address, command: str) -> Any:
        if node not in self._asked:
            self._asked[node] = self._open_node(node)
        try:
            async with asyncio.timeout(ASK_SECONDS):
                return await self._asked[node].execute_command(command)  # type: ignore[no-untyped-call]
        except (RedisError, OSError, TimeoutError):
            return None

    async def aclose(self) -> None:
        for client in self._asked.values():
            await client.aclose()


def _members(lines: dict[str, dict[str, Any]], asked: Address) -> list[Member]:
    """From the driver's reading of CLUSTER NODES. A node that does not know its own address is the one we asked."""
    members = []
    for name, line in lines.items():
        flags = line["flags"].split(",")
        host, _, port = name.rpartition(":")
        if "noaddr" in flags or "handshake" in flags:
            continue
        slots = tuple((int(slot[0]), int(slot[-1])) for slot in line["slots"])
        address = Address(host.strip("[]") or asked.host, int(port))
        epoch = int(line["epoch"])
        members.append(Member(address, "myself" in flags, "master" in flags, "fail" in flags, epoch, slots))
    return members


def _owners(members: Iterable[Member]) -> list[Address | None]:
    """Nodes may tell different stories while one fails: of each slot the claim of the highest epoch is true."""
    owners: list[Address | None] = [None] * REDIS_CLUSTER_HASH_SLOTS
    for member in sorted(members, key=lambda one: one.epoch):
        if member.primary:
            for first, last in member.slots:
                owners[first : last + 1] = [member.address] * (last + 1 - first)
    return owners
