"""The REST side of the tests' Discord, with the refusals of the real one."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.discord_gateway import Gateway
from tests.discord_limits import Fault, Window, is_empty, wrong
from tests.discord_world import (
    APPLICATION,
    EPHEMERAL,
    FILES,
    HISTORY,
    IN_THREADS,
    MANAGE_THREADS,
    PRIVATE,
    PRIVATE_THREADS,
    PUBLIC,
    PUBLIC_THREADS,
    SEND,
    VIEW,
    Payload,
    World,
    member_payload,
    now,
)  # fmt: skip

API = "/api/v10"
ACK_SECONDS = 3.0
MESSAGE, LATER, LATER_EDIT, EDIT, FORM = 4, 5, 6, 7, 9  # kinds of answers to an interaction


@dataclass
class Call:
    at: float
    method: str
    path: str
    body: Payload
    status: int = 0
    files: list[tuple[str, str, bytes]] = field(default_factory=list)  # name, type, content


@dataclass
class Interaction:
    id: str
    token: str
    channel: str
    user: Payload
    made: float
    message: Payload | None  # the one whose button was pressed
    answers: list[Payload] = field(default_factory=list)
    original: str = ""  # id of the message that `@original` means


class Refusal(Exception):
    def __init__(self, status: int, code: int, message: str, whole: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status, self.body = status, whole or {"message": message, "code": code}


class Rest:
    def __init__(self, world: World, gateway: Gateway) -> None:
        self.world, self.gateway = world, gateway
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self.interactions: dict[str, Interaction] = {}  # by token
        self.commands: list[Payload] = []
        self.limits = {"send": (5, 5.0), "edit": (5, 5.0), "all": (50, 1.0)}  # most, in so many seconds
        self._windows: dict[tuple[str, str], Window] = {}
        self.nonces: dict[tuple[str, str], Payload] = {}
        self.files_url = ""
        self.largest_file = 10 << 20  # bytes

    async def handle(self, request: web.Request) -> web.Response:
        path = request.path.removeprefix(API)
        body, files = await _body(request)
        call = Call(time.monotonic(), request.method, path, body, files=files)
        self.calls.append(call)
        fault = next((one for one in self.faults if one.meets(call.method, path)), None)
        if fault:
            fault.times -= 1
            await asyncio.sleep(fault.wait)
        answer = await self._faulty(request, call, fault) if fault else await self._limited(request, call)
        call.status = answer.status
        return answer

    async def _faulty(self, request: web.Request, call: Call, fault: Fault) -> web.Response:
        if fault.after or (fault.wait and not fault.status):
            answer = await self._limited(request, call)
            if not fault.after:
                return answer
        if fault.status == 0:
            assert request.transport
            request.transport.abort()
            return web.Response(status=500)
        if fault.status == 429:
            return _too_many(fault.retry_after, is_global=fault.is_global)
        return _json({"message": "as the test wanted", "code": fault.code}, fault.status)

    async def _limited(self, request: web.Request, call: Call) -> web.Response:
        if request.headers.get("Authorization") != f"Bot {self.gateway.token}" and not _free(call.path):
            return _json({"message": "401: Unauthorized", "code": 0}, 401)
        headers: dict[str, str] = {}
        for kind, place in self._kinds(call):
            most, seconds = self.limits[kind]
            allowed, left, reset = self._windows.setdefault((kind, place), Window(most, seconds)).take()
            if kind != "all":
                headers = _headers(kind, most, left, reset)
            if not allowed:
                return _too_many(reset, headers, is_global=kind == "all")
        try:
            answer = await self._route(call, request)
        except Refusal as refusal:
            return _json(refusal.body, refusal.status, headers)
        return _json(answer, 200, headers) if answer is not None else web.Response(status=204, headers=headers)

    def _kinds(self, call: Call) -> list[tuple[str, str]]:
        parts = call.path.strip("/").split("/")
        kinds = [] if _free(call.path) else [("all", "")]
        if parts[0] == "channels" and len(parts) > 2 and parts[2] == "messages":
            if call.method == "POST" and len(parts) == 3:
                kinds.append(("send", parts[1]))
            elif call.method == "PATCH":
                kinds.append(("edit", parts[1]))
        return kinds

    async def _route(self, call: Call, request: web.Request) -> Any:
        parts = call.path.strip("/").split("/")
        match [call.method, *parts]:
            case ["GET", "users", "@me"]:
                return self.world.bot
            case ["GET", "users", "@me", "guilds"]:
                return [{"id": self.world.guild_id, "name": "Shop", "permissions": str(self.world.allowed)}]
            case ["GET", "users", number]:
                return self.world.by_id(number)
            case ["POST", "users", "@me", "channels"]:
                return self.world.direct(self.world.by_id(str(call.body["recipient_id"])))
            case ["GET", "gateway", "bot"]:
                limit = {"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1}
                return {"url": self.gateway.url, "shards": self.gateway.shards, "session_start_limit": limit}
            case ["GET", "oauth2", "applications", "@me"] | ["GET", "applications", "@me"]:
                return self._application()
            case ["GET", "guilds", _]:
                return self.world.guild_payload()
            case ["GET", "guilds", _, "members", _]:
                return member_payload(self.world.bot)
            case ["PUT", "applications", _, "commands"]:
                self.commands = [{"id": self.world.snowflake(), "version": "1", **one} for one in _list(call.body)]
                return self.commands
            case ["POST", "interactions", _, token, "callback"]:
                return await self._callback(token, call.body, "with_response" in request.query)
            case [_, "webhooks", _, token, *rest]:
                return await self._webhook(call, token, rest)
            case [_, "channels", channel, *rest]:
                return await self._channel(call, request, channel, rest)
        raise Refusal(404, 0, "404: Not Found")

    def _application(self) -> Payload:
        content = 1 << 19 if "content" in self.gateway.allowed_intents else 0
        return {
            "id": APPLICATION, "name": "desk", "icon": None, "description": "", "bot_public": True, "flags": content,
            "bot_require_code_grant": False, "verify_key": "", "owner": self.world.bot, "team": None, "rpc_origins": [],
        }  # fmt: skip

    async def _channel(self, call: Call, request: web.Request, channel: str, rest: list[str]) -> Any:
        if channel not in self.world.channels:
            raise Refusal(404, 10003, "Unknown Channel")
        if not self.world.may(channel, VIEW):
            raise Refusal(403, 50001, "Missing Access")
        match [call.method, *rest]:
            case ["GET"]:
                return self.world.channel_payload(channel)
            case ["PATCH"]:
                return await self._change_thread(channel, call.body)
            case ["DELETE"] if self.world.is_thread(channel):
                if not self.world.may(channel, MANAGE_THREADS):
                    raise Refusal(403, 50013, "Missing Permissions")
                return await self.remove_thread(channel)
            case ["POST", "typing"]:
                told = {"channel_id": channel, "user_id": APPLICATION, "timestamp": int(time.time())}
                await self.gateway.tell("TYPING_START", told | self._guild(channel))
                return None
            case ["POST", "messages"]:
                return await self._post(channel, call.body, call.files)
            case ["GET", "messages"]:
                return self._history(channel, request)
            case ["GET", "messages", number]:
                return self._known(channel, number)
            case ["PATCH", "messages", number]:
                return await self._edit(self._own(channel, number), call.body)
            case ["DELETE", "messages", number]:
                await self.delete(self._known(channel, number))
                return None
            case ["POST", "messages", number, "threads"]:
                return await self._thread_from(channel, number, call.body)
            case ["POST", "threads"]:
                return await self._thread(channel, call.body)
            case ["PUT", "thread-members", user]:
                self.world.members[channel].add(APPLICATION if user == "@me" else user)
                return None
        raise Refusal(404, 0, "404: Not Found")

    def _known(self, channel: str, number: str) -> Payload:
        found = self.world.messages.get(number)
        if found is None or found["channel_id"] != channel:
            raise Refusal(404, 10008, "Unknown Message")
        return found

    def _own(self, channel: str, number: str) -> Payload:
        found = self._known(channel, number)
        if found["author"]["id"] != APPLICATION:
            raise Refusal(403, 50005, "Cannot edit a message authored by another user")
        return found

    async def _post(self, channel: str, body: Payload, files: list[tuple[str, str, bytes]]) -> Payload:
        self._may_post(channel)
        _check(body | ({"attachments": files} if files else {}))
        if any(len(content) > self.largest_file for _, _, content in files):
            raise Refusal(413, 40005, "Request entity too large")
        if files and not self.world.may(channel, FILES):
            raise Refusal(403, 50013, "Missing Permissions")
        nonce = (channel, str(body.get("nonce")))
        if body.get("enforce_nonce") and nonce in self.nonces:
            return self.nonces[nonce]
        more = {"components": _numbered(body.get("components") or []), "flags": body.get("flags", 0)}
        more["attachments"] = [self.world.attached(self.files_url, *one) for one in files]
        called = set(map(str, body.get("allowed_mentions", {}).get("users", ())))
        more["mentions"] = [one for one in self.world.people.values()
                            if one["id"] in called and f"<@{one['id']}>" in (body.get("content") or "")]  # fmt: skip
        if reference := body.get("message_reference"):
            answered = self.world.messages.get(str(reference["message_id"]))
            told = {"type": 0, "channel_id": channel, **reference}  # Discord fills in what was left out
            more |= {"type": 19, "message_reference": told, "referenced_message": answered}
        message = self.world.add_message(channel, self.world.bot, body.get("content") or "", **more)
        self.nonces[nonce] = message
        await self.tell("MESSAGE_CREATE", message)
        return message | {"nonce": body.get("nonce")}

    def _may_post(self, channel: str) -> None:
        place = self.world.channels[channel]
        if self.world.is_direct(channel) and place["recipients"][0]["id"] in self.world.closed:
            raise Refusal(403, 50007, "Cannot send messages to this user")
        locked = self.world.is_thread(channel) and place["thread_metadata"]["locked"]
        if locked and not self.world.may(channel, MANAGE_THREADS):
            raise Refusal(400, 50083, "Thread is archived")
        if self.world.is_thread(channel):
            place["thread_metadata"]["archived"] = False  # a message opens it again
        if not self.world.may(channel, IN_THREADS if self.world.is_thread(channel) else SEND):
            raise Refusal(403, 50013, "Missing Permissions")

    async def _edit(self, message: Payload, body: Payload) -> Payload:
        place = self.world.channels[message["channel_id"]]
        if self.world.is_thread(message["channel_id"]) and place["thread_metadata"]["archived"]:
            raise Refusal(400, 50083, "Thread is archived")
        _check(message | body)
        changed = {name: body[name] for name in ("content", "flags", "embeds") if body.get(name) is not None}
        if body.get("components") is not None:
            changed["components"] = _numbered(body["components"])
        message.update(changed | {"edited_timestamp": now()})
        await self.tell("MESSAGE_UPDATE", message)
        return message

    async def delete(self, message: Payload) -> None:
        del self.world.messages[message["id"]]
        gone = {"id": message["id"], "channel_id": message["channel_id"]}
        await self.gateway.tell("MESSAGE_DELETE", gone | self._guild(message["channel_id"]))

    def _history(self, channel: str, request: web.Request) -> list[Payload]:
        if not self.world.may(channel, HISTORY):
            return []
        limit = int(request.query.get("limit", 50))
        if not 1 <= limit <= 100:
            raise Refusal(400, 50035, "Invalid Form Body")
        found = [one for one in self.world.in_channel(channel) if one["id"] not in self.world.only_for]
        if after := request.query.get("after"):
            found = [one for one in found if int(one["id"]) > int(after)][:limit]  # the oldest of them
        elif before := request.query.get("before"):
            found = [one for one in found if int(one["id"]) < int(before)]
        return list(reversed(found[-limit:]))

    async def _change_thread(self, channel: str, body: Payload) -> Payload:
        """Who has opened it may put it away and take it out again; what is locked is for moderators alone."""
        place = self.world.channels[channel]
        metadata = place["thread_metadata"]
        locks = metadata["locked"] or "locked" in body
        if not self.world.may(channel, MANAGE_THREADS) and (locks or place["owner_id"] != APPLICATION):
            raise Refusal(403, 50013, "Missing Permissions")
        metadata.update({name: body[name] for name in ("archived", "locked") if name in body})
        await self.gateway.tell("THREAD_UPDATE", place)
        return place

    async def remove_thread(self, thread: str) -> Payload:
        """And all that is in it."""
        place = self.world.channels.pop(thread)
        for message in self.world.in_channel(thread):
            del self.world.messages[message["id"]]
        gone = {name: place[name] for name in ("id", "guild_id", "parent_id", "type")}
        await self.gateway.tell("THREAD_DELETE", gone)
        return place

    async def _thread_from(self, channel: str, number: str, body: Payload) -> Payload:
        self._known(channel, number)
        if number in self.world.channels:
            raise Refusal(400, 160004, "A thread has already been created for this message")
        return await self._new_thread(number, channel, body, PUBLIC)

    async def _thread(self, channel: str, body: Payload) -> Payload:
        return await self._new_thread(self.world.snowflake(), channel, body, body.get("type", PRIVATE))

    async def _new_thread(self, number: str, channel: str, body: Payload, kind: int) -> Payload:
        if self.world.channels[channel]["type"] not in (0, 5, 15):
            raise Refusal(400, 50024, "Cannot execute action on this channel type")
        if not self.world.may(channel, PRIVATE_THREADS if kind == PRIVATE else PUBLIC_THREADS):
            raise Refusal(403, 50013, "Missing Permissions")
        if not 1 <= len(body["name"]) <= 100:
            raise Refusal(400, 50035, "Invalid Form Body")
        thread = self.world.add_thread(number, channel, body["name"], APPLICATION, kind)
        await self.gateway.tell("THREAD_CREATE", thread | {"newly_created": True})
        return thread

    async def _callback(self, token: str, body: Payload, with_response: bool) -> Payload | None:
        asked = self.interactions.get(token)
        if asked is None or time.monotonic() - asked.made > ACK_SECONDS:
            raise Refusal(404, 10062, "Unknown interaction")
        if asked.answers:
            raise Refusal(400, 40060, "Interaction has already been acknowledged.")
        data = body.get("data") or {}
        message: Payload | None = None
        if body["type"] == MESSAGE:
            message = self._say_to(asked, data)
        elif body["type"] == LATER:
            message = self.world.add_message(asked.channel, self.world.bot, "", flags=data.get("flags", 0) | 128)
            self._original(asked, message, data)
        elif body["type"] == EDIT:
            assert asked.message
            message = await self._edit(self.world.messages[asked.message["id"]], data)
        asked.answers.append(body)
        if not with_response:
            return None
        return {
            "interaction": {"id": asked.id, "type": 3, "response_message_id": message and message["id"]},
            "resource": {"type": body["type"], **({"message": message} if message else {})},
        }

    def _say_to(self, asked: Interaction, data: Payload) -> Payload:
        _check(data)
        components = _numbered(data.get("components") or [])
        more = {"components": components, "flags": data.get("flags", 0)}
        message = self.world.add_message(asked.channel, self.world.bot, data.get("content") or "", **more)
        self._original(asked, message, data)
        return message

    def _original(self, asked: Interaction, message: Payload, data: Payload) -> None:
        asked.original = asked.original or message["id"]
        if data.get("flags", 0) & EPHEMERAL:
            self.world.only_for[message["id"]] = asked.user["id"]

    async def _webhook(self, call: Call, token: str, rest: list[str]) -> Payload | None:
        asked = self.interactions.get(token)
        if asked is None or not asked.answers:
            raise Refusal(404, 10015, "Unknown Webhook")
        if call.method == "POST":
            return self._say_to(asked, call.body)
        number = asked.original if rest[-1] == "@original" else rest[-1]
        message = self._known(asked.channel, number)
        if call.method == "DELETE":
            await self.delete(message)
            return None
        return message if call.method == "GET" else await self._edit(message, call.body)

    def _guild(self, channel: str) -> Payload:
        guild = self.world.channels[channel].get("guild_id")
        return {"guild_id": guild} if guild else {}

    async def tell(self, name: str, message: Payload) -> None:
        """A message as the gateway has it; what is for one person alone is not told to anybody."""
        if message["id"] in self.world.only_for:
            return
        of_guild = self._guild(message["channel_id"])
        if of_guild:
            of_guild["member"] = {n: v for n, v in member_payload(message["author"]).items() if n != "user"}
        mine = any(one["id"] == APPLICATION for one in [message["author"], *message["mentions"]])
        await self.gateway.tell(name, message | of_guild, content_is_free=mine or not of_guild)


async def _body(request: web.Request) -> tuple[Payload, list[tuple[str, str, bytes]]]:
    """What is asked, and the files that came with it under the names that it gives them."""
    if request.content_type == "application/json" and request.can_read_body:
        content = await request.json()
        return (content if isinstance(content, dict) else {"list": content}), []
    if request.content_type.startswith("multipart"):
        form = await request.post()
        whole: Payload = json.loads(str(form["payload_json"]))
        named = {str(one["id"]): one.get("filename") for one in whole.get("attachments") or []}
        return whole, [_file(key, one, named) for key, one in form.items() if isinstance(one, web.FileField)]
    return {}, []


def _file(key: str, one: web.FileField, named: dict[str, str | None]) -> tuple[str, str, bytes]:
    number = key.removeprefix("files[").removesuffix("]")
    return named.get(number) or one.filename, one.content_type, one.file.read()


def _list(body: Payload) -> list[Payload]:
    found: list[Payload] = body["list"]
    return found


def _check(body: Payload) -> None:
    if problem := wrong(body):
        raise Refusal(400, 50035, "Invalid Form Body", problem)
    if is_empty(body):
        raise Refusal(400, 50006, "Cannot send an empty message")


def _numbered(rows: list[Payload]) -> list[Payload]:
    """Components as the platform gives them back: each has a number of its own."""
    inside = [[one | {"id": 10 * place + each} for each, one in enumerate(row["components"], 1)] for place, row in
              enumerate(rows, 1)]  # fmt: skip
    return [row | {"id": place, "components": inside[place - 1]} for place, row in enumerate(rows, 1)]


def _free(path: str) -> bool:
    """Answers to interactions need no token and are not counted."""
    return path.startswith(("/interactions/", "/webhooks/"))


def _headers(kind: str, most: int, left: int, reset: float) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(most), "X-RateLimit-Remaining": str(left), "X-RateLimit-Bucket": f"bucket-{kind}",
        "X-RateLimit-Reset": f"{time.time() + reset:.3f}", "X-RateLimit-Reset-After": f"{reset:.3f}",
    }  # fmt: skip


def _too_many(seconds: float, headers: dict[str, str] | None = None, is_global: bool = False) -> web.Response:
    scope = {
        "X-RateLimit-Scope": "global" if is_global else "user",
        "Retry-After": f"{seconds:.0f}",
        "Via": "1.1 google",
    }
    body = {"message": "You are being rate limited.", "retry_after": round(seconds, 3), "global": is_global}
    return _json(body, 429, (headers or {}) | scope)


def _json(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """discord.py reads JSON only where the type is exactly this, without a charset."""
    kind = {"Content-Type": "application/json"}
    return web.Response(body=json.dumps(content).encode(), status=status, headers=kind | (headers or {}))
