"""A channel to the plain platform, as a process of its own that may be killed:

python -m tests.plain_channel PORT          with "hasty" behind it, it acknowledges before it stores, as many bots do
"""

import asyncio
import os
import sys
from asyncio import StreamReader, StreamWriter

import click
import msgspec

from bot.channels import Delivery, Handles, NotNow
from bot.commands.playing import play, settings_of
from bot.commands.stopping import until_stopped
from bot.messages import DONE, FinalText, Incoming
from bot.opening.front import open_front
from tests.plain_platform import Answer, Call

ACCOUNT = "plain:1"
READY = "Plain: ready"


class PlainChannel:
    def __init__(self, handles: Handles, port: int, hasty: bool) -> None:
        self._handles, self._port, self._hasty = handles, port, hasty

    async def serve(self) -> None:
        self._handles.announce(READY)
        await self._handles.outbox.only_here(ACCOUNT, self._work)

    async def _work(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._fetch(group))
            group.create_task(self._handles.outbox.deliver(ACCOUNT, self._tell))

    async def _fetch(self, group: asyncio.TaskGroup) -> None:
        line, after = await asyncio.open_connection("127.0.0.1", self._port), 0
        while True:
            for update in (await _asked(line, Call("fetch", after))).updates:
                conversation = f"{ACCOUNT}:{update.chat}"
                incoming = Incoming("plain", conversation, str(update.number), update.text)
                if self._hasty:
                    group.create_task(self._insist(incoming))
                else:
                    await self._insist(incoming)
                after = update.number + 1

    async def _insist(self, incoming: Incoming) -> None:
        while True:
            try:
                await self._handles.postbox.accept(incoming, deliver=True)
                return
            except ConnectionError:
                await asyncio.sleep(0.1)

    async def _tell(self, delivery: Delivery) -> None:
        line = await asyncio.open_connection("127.0.0.1", self._port)
        text = ""
        try:
            async for event in delivery.events():
                if isinstance(event.what, FinalText):
                    text += event.what.text
                if event.what == DONE:
                    await delivery.note(f"{event.id}:0")
                    chat = delivery.conversation.removeprefix(f"{ACCOUNT}:")
                    answer = await _asked(line, Call("send", chat=chat, text=text))
                    if answer.wait:
                        raise NotNow(answer.wait)
                    await delivery.delivered(event.id)
                    text = ""
        finally:
            line[1].close()


async def _asked(line: tuple[StreamReader, StreamWriter], call: Call) -> Answer:
    reader, writer = line
    writer.write(msgspec.json.encode(call) + b"\n")
    return msgspec.json.decode(await reader.readline(), type=Answer)


async def _serve(port: int, hasty: bool) -> None:
    settings = settings_of(os.environ)
    async with open_front(settings, click.echo) as handles:
        await until_stopped([PlainChannel(handles, port, hasty).serve()], None, settings.grace_seconds)


if __name__ == "__main__":
    play(_serve(int(sys.argv[1]), sys.argv[2:] == ["hasty"]))
