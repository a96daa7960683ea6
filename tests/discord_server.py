"""A Discord for the tests: gateway and REST as discord.py needs them, and what people do and see there."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from aiohttp import web

from tests.discord_gateway import Gateway
from tests.discord_limits import Fault
from tests.discord_rest import API, Call, Interaction, Rest
from tests.discord_world import (
    APPLICATION,
    DESK,
    FORUM,
    GENERAL,
    GUILD,
    PRIVATE,
    SUPPORT,
    Payload,
    World,
    member_payload,
    now,
)  # fmt: skip

TOKEN = base64.b64encode(APPLICATION.encode()).decode() + ".test.token"
SLASH, PRESS, SUBMIT = 2, 3, 5
T = TypeVar("T")


class DiscordServer:
    """People are called by name, and there at the first mention of them. Ids are strings."""

    def __init__(self, guild: str = GUILD) -> None:
        self.world = World(guild)
        self.gateway = Gateway(self.world, TOKEN)
        self.rest = Rest(self.world, self.gateway)
        self.token = TOKEN
        self.account = f"discord:{APPLICATION}"
        self.api = self.gateway_url = self.files_url = ""

    # What people do

    async def writes(self, name: str, text: str, channel: str = SUPPORT, **more: Any) -> Payload:
        """A message; `more`: any field of the payload, and to=message (a reply), files={name: (type, content)}."""
        fields = self._fields(text, **more)
        message = self.world.add_message(channel, self.world.person(name), text, **fields)
        await self._unarchive(channel)
        await self.rest.tell("MESSAGE_CREATE", message)
        return message

    async def writes_directly(self, name: str, text: str, **more: Any) -> Payload:
        return await self.writes(name, text, self.direct(name), **more)

    async def posts(self, name: str, title: str, text: str, forum: str = FORUM) -> Payload:
        """A post in a forum: a thread of theirs with its first message."""
        user = self.world.person(name)
        thread = self.world.add_thread(self.world.snowflake(), forum, title, user["id"])
        await self.gateway.tell("THREAD_CREATE", thread | {"newly_created": True})
        message = self.world.add_message(thread["id"], user, text)
        await self.rest.tell("MESSAGE_CREATE", message)
        return message

    async def edits(self, message: Payload, text: str) -> None:
        message.update(content=text, edited_timestamp=now())
        await self.rest.tell("MESSAGE_UPDATE", message)

    async def deletes(self, message: Payload) -> None:
        await self.rest.delete(message)

    async def types(self, name: str, channel: str) -> None:
        place = self.world.channels[channel]
        told = {"channel_id": channel, "user_id": self.world.person(name)["id"], "timestamp": int(time.time())}
        guild = {"guild_id": place["guild_id"]} if "guild_id" in place else {}
        await self.gateway.tell("TYPING_START", told | guild)

    async def removes(self, thread: str) -> None:
        """A moderator deletes a thread, and all that is in it."""
        await self.rest.remove_thread(thread)

    async def locks(self, thread: str) -> None:
        """A moderator closes a thread to all who are none."""
        self.world.channels[thread]["thread_metadata"].update(locked=True, archived=True)
        await self.gateway.tell("THREAD_UPDATE", self.world.channels[thread])

    async def presses(self, name: str, message: Payload, label: str) -> Interaction:
        """A button of a message, by what stands on it."""
        found = next(one for one in components(message) if one.get("label") == label)
        assert not found.get("disabled"), f"{label} is disabled"
        return await self._interact(PRESS, name, message["channel_id"], {"custom_id": found["custom_id"],
            "component_type": 2, "id": found.get("id", 1)}, message)  # fmt: skip

    async def presses_id(self, name: str, message: Payload, custom_id: str) -> Interaction:
        """Whatever is on the message: an old button, or a forged one."""
        data = {"custom_id": custom_id, "component_type": 2, "id": 1}
        return await self._interact(PRESS, name, message["channel_id"], data, message)

    async def chooses(self, name: str, message: Payload, label: str) -> Interaction:
        """An option of a select."""
        for select in [one for one in components(message) if one["type"] == 3]:
            for option in select["options"]:
                if option["label"] == label:
                    data = {"custom_id": select["custom_id"], "component_type": 3, "values": [option["value"]], "id": 1}
                    return await self._interact(PRESS, name, message["channel_id"], data, message)
        raise AssertionError(f"{label} cannot be chosen")

    async def commands(self, name: str, command: str, channel: str = SUPPORT, locale: str = "en-US") -> Interaction:
        """A slash command; it must be registered."""
        found = next(one for one in self.rest.commands if one["name"] == command)
        data = {"id": found["id"], "name": command, "type": 1}
        return await self._interact(SLASH, name, channel, data, locale=locale)

    async def submits(self, name: str, form: Interaction, locale: str = "en-US", **values: str) -> Interaction:
        """The form with which an interaction was answered, by the custom ids of its fields."""
        asked = form.answers[0]["data"]
        rows = []
        for row in asked["components"]:
            field = row.get("component") or row["components"][0]
            value = {"type": 4, "custom_id": field["custom_id"], "value": values[field["custom_id"]]}
            rows.append({"type": 18, "component": value} if "component" in row else {"type": 1, "components": [value]})
        data = {"custom_id": asked["custom_id"], "components": rows}
        return await self._interact(SUBMIT, name, form.channel, data, form.message, locale)

    def sees(self, attachment: Payload) -> bytes:
        """What is in a file of a message."""
        return self.world.files[attachment["id"]]

    # What can be seen

    def direct(self, name: str) -> str:
        """The channel of the direct messages between a person and the desk."""
        channel: str = self.world.direct(self.world.person(name))["id"]
        return channel

    def visible(self, channel: str, name: str = "") -> list[Payload]:
        """The messages in a channel as they stand there now, to this person."""
        user = self.world.person(name)["id"] if name else ""
        hidden = {number for number, who in self.world.only_for.items() if who != user}
        return [one for one in self.world.in_channel(channel) if one["id"] not in hidden]

    def answers(self, channel: str, name: str = "") -> list[Payload]:
        """Those of them that the desk wrote."""
        return [one for one in self.visible(channel, name) if one["author"]["id"] == APPLICATION]

    def threads(self, parent: str = SUPPORT, kind: int | None = None) -> list[Payload]:
        found = [one for one in self.world.channels.values() if one.get("parent_id") == parent]
        return [one for one in found if kind is None or one["type"] == kind]

    def private_threads(self, name: str, parent: str = SUPPORT) -> list[Payload]:
        user = self.world.person(name)["id"]
        return [one for one in self.threads(parent, PRIVATE) if user in self.world.members[one["id"]]]

    def asked(self, method: str, part: str) -> list[Call]:
        """The requests that came, by method and a part of the path."""
        return [one for one in self.rest.calls if one.method == method and part in one.path]

    async def until(self, true: Callable[[], T], seconds: float = 30.0) -> T:
        """Wait until this is true; returns what it gave."""
        deadline = time.monotonic() + seconds
        while not (found := true()):
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds} s; the last requests: {self.rest.calls[-4:]}")
            await asyncio.sleep(0.01)
        return found

    # What goes wrong

    def fails(self, method: str, path: str, status: int = 0, **more: Any) -> Fault:
        """The next request of this kind (more of them: times=); see Fault."""
        self.rest.faults.append(Fault(method, path, status, **more))
        return self.rest.faults[-1]

    def relax(self) -> None:
        """No limits, for tests of something else."""
        self.rest.limits = dict.fromkeys(self.rest.limits, (1000000, 1.0))

    # Inside

    def _fields(self, text: str, to: Payload | None = None, files: dict[str, tuple[str, bytes]] | None = None,
                **more: Any) -> Payload:  # fmt: skip
        mentioned = [one for one in [self.world.bot, *self.world.people.values()] if f"<@{one['id']}>" in text]
        more.setdefault("mentions", mentioned)
        if to:
            reference = {"message_id": to["id"], "channel_id": to["channel_id"]}
            more |= {"type": 19, "message_reference": reference, "referenced_message": to}
        more["attachments"] = [self._attach(*one) for one in (files or {}).items()] + more.get("attachments", [])
        return more

    def _attach(self, name: str, of: tuple[str, bytes]) -> Payload:
        kind, content = of
        return self.world.attached(self.files_url, name, kind, content)

    async def _unarchive(self, channel: str) -> None:
        place = self.world.channels[channel]
        if self.world.is_thread(channel) and place["thread_metadata"]["archived"]:
            place["thread_metadata"]["archived"] = False
            await self.gateway.tell("THREAD_UPDATE", place)

    async def _interact(self, kind: int, name: str, channel: str, data: Payload, message: Payload | None = None,
                        locale: str = "en-US") -> Interaction:  # fmt: skip
        number, user = self.world.snowflake(), self.world.person(name)
        asked = Interaction(number, f"token-{number}", channel, user, time.monotonic(), message)
        self.rest.interactions[asked.token] = asked
        place = self.world.channels[channel]
        in_guild = "guild_id" in place
        payload = {
            "id": number, "application_id": APPLICATION, "type": kind, "token": asked.token, "version": 1, "data": data,
            "channel_id": channel, "channel": place, "locale": locale, "app_permissions": str(self.world.allowed),
            "entitlements": [], "authorizing_integration_owners": {"0": place.get("guild_id", "0")},
            "context": 0 if in_guild else 1, "attachment_size_limit": 10485760,
            **({"message": message} if message else {}),
            **({"guild_id": place["guild_id"], "guild_locale": "en-US",
                "member": member_payload(user) | {"permissions": "0"}} if in_guild else {"user": user}),
        }  # fmt: skip
        await self.gateway.tell("INTERACTION_CREATE", payload)
        return asked

    async def file(self, request: web.Request) -> web.Response:
        content = self.world.files.get(request.match_info["number"])
        return web.Response(body=content) if content is not None else web.Response(status=404)


def components(message: Payload) -> list[Payload]:
    """The buttons and selects of a message."""
    return [one for row in message["components"] for one in row["components"]]


@asynccontextmanager
async def discord_server(port: int = 0, server: DiscordServer | None = None) -> AsyncIterator[DiscordServer]:
    """One that listens on a port of this machine; an earlier `server` is opened again with all that was in it."""
    server = server or DiscordServer()
    app = web.Application(client_max_size=2**24)
    app.router.add_get("/gateway/", server.gateway.handle)
    app.router.add_get("/files/{number}/{name}", server.file)
    app.router.add_route("*", API + "/{path:.*}", server.rest.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    address = f"127.0.0.1:{runner.addresses[0][1]}"
    server.api, server.gateway_url = f"http://{address}{API}", f"ws://{address}/gateway/"
    server.gateway.url, server.files_url = server.gateway_url, f"http://{address}/files"
    server.rest.files_url = server.files_url
    try:
        yield server
    finally:
        await server.gateway.cut(forget=True)
        await runner.cleanup()


__all__ = ["DESK", "FORUM", "GENERAL", "PRIVATE", "SUPPORT", "TOKEN", "DiscordServer", "components", "discord_server"]
