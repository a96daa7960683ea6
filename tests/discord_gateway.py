"""The gateway of the tests' Discord: sessions that are identified, resumed, invalidated, and cut."""

import asyncio
import contextlib
import itertools
import json
from dataclasses import dataclass, field

from aiohttp import WSCloseCode, WSMsgType, web

from tests.discord_world import APPLICATION, Payload, World

PRIVILEGED = {"members": 1 << 1, "presences": 1 << 8, "content": 1 << 15}
TYPING, DIRECT_TYPING = 1 << 11, 1 << 14  # intents that nobody has to grant
DISPATCH, HEARTBEAT, IDENTIFY, RESUME, RECONNECT, INVALID, HELLO, ACK = 0, 1, 2, 6, 7, 9, 10, 11


@dataclass
class Session:
    """What one shard is told, kept for a while after its connection is gone."""

    id: str
    shard: int
    shards: int
    intents: int
    socket: web.WebSocketResponse | None
    told: list[tuple[int, str, Payload]] = field(default_factory=list)

    async def tell(self, name: str, what: Payload) -> None:
        self.told.append((len(self.told) + 1, name, what))
        await self._send(*self.told[-1])

    async def again(self, after: int) -> None:
        for one in [each for each in self.told if each[0] > after]:
            await self._send(*one)

    async def _send(self, number: int, name: str, what: Payload) -> None:
        """Who is gone, and does not know it yet, hears of it when they resume."""
        if self.socket and not self.socket.closed:
            with contextlib.suppress(ConnectionError):
                await self.socket.send_json({"op": DISPATCH, "t": name, "s": number, "d": what})


class Gateway:
    def __init__(self, world: World, token: str) -> None:
        self.world, self.token = world, token
        self.url = ""
        self.shards = 1
        self.allowed_intents = set(PRIVILEGED)  # switched on in the portal
        self.sessions: dict[str, Session] = {}
        self.identified, self.resumed = 0, 0
        self._numbers = itertools.count(1)

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(max_msg_size=0, timeout=0.2)
        await socket.prepare(request)
        await socket.send_json({"op": HELLO, "d": {"heartbeat_interval": 41250}, "s": None, "t": None})
        async for frame in socket:
            if frame.type is WSMsgType.TEXT:
                asked = json.loads(frame.data)
                await self._answer(socket, asked["op"], asked.get("d"))
        return socket

    async def _answer(self, socket: web.WebSocketResponse, op: int, what: Payload) -> None:
        if op == HEARTBEAT:
            await socket.send_json({"op": ACK, "d": None, "s": None, "t": None})
        elif op == IDENTIFY:
            await self._identify(socket, what)
        elif op == RESUME:
            await self._resume(socket, what)

    async def _identify(self, socket: web.WebSocketResponse, what: Payload) -> None:
        self.identified += 1
        if what["token"] != self.token:
            await socket.close(code=4004, message=b"Authentication failed.")
            return
        if any(what["intents"] & bit for name, bit in PRIVILEGED.items() if name not in self.allowed_intents):
            await socket.close(code=4014, message=b"Disallowed intent(s).")
            return
        shard, shards = what.get("shard", [0, 1])
        session = Session(f"session-{next(self._numbers)}", shard, shards, what["intents"], socket)
        self.sessions[session.id] = session
        mine = (int(self.world.guild_id) >> 22) % shards == shard
        await session.tell("READY", {
            "v": 10, "user": self.world.bot, "session_id": session.id, "resume_gateway_url": self.url,
            "guilds": [{"id": self.world.guild_id, "unavailable": True}] if mine else [], "private_channels": [],
            "application": {"id": APPLICATION, "flags": 1 << 18}, "shard": [shard, shards],
        })  # fmt: skip
        if mine:
            await session.tell("GUILD_CREATE", self.world.guild_payload())

    async def _resume(self, socket: web.WebSocketResponse, what: Payload) -> None:
        session = self.sessions.get(what["session_id"])
        if session is None or what["token"] != self.token:
            await socket.send_json({"op": INVALID, "d": False, "s": None, "t": None})
            return
        self.resumed += 1
        session.socket = socket
        await session.again(what["seq"])
        await session.tell("RESUMED", {})

    async def tell(self, name: str, what: Payload, content_is_free: bool = False) -> None:
        """Tell every session whom it concerns; without the intent a message comes without what it says."""
        for session in list(self.sessions.values()):
            if session.shard == (int(what.get("guild_id") or 0) >> 22) % session.shards:
                if name == "TYPING_START" and not session.intents & (TYPING if "guild_id" in what else DIRECT_TYPING):
                    continue
                hidden = name.startswith("MESSAGE_") and not content_is_free and not session.intents & 1 << 15
                await session.tell(name, what | {"content": "", "attachments": []} if hidden else what)

    def is_online(self) -> bool:
        return any(one.socket and not one.socket.closed for one in self.sessions.values())

    async def cut(self, code: int = WSCloseCode.GOING_AWAY, forget: bool = False) -> None:
        """Every connection goes down; `forget`: the sessions too, so that nothing can be resumed."""
        open_ones = [one.socket for one in self.sessions.values() if one.socket and not one.socket.closed]
        if forget:
            self.sessions.clear()
        await asyncio.gather(*(socket.close(code=code) for socket in open_ones))

    async def ask_to_reconnect(self) -> None:
        for session in list(self.sessions.values()):
            if session.socket and not session.socket.closed:
                await session.socket.send_json({"op": RECONNECT, "d": None, "s": None, "t": None})
