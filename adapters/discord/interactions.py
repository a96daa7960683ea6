"""Buttons, lists, slash commands and forms: what they say goes to the desk first, and is acknowledged then."""

import asyncio
import logging
from collections.abc import Sequence
from enum import IntEnum
from typing import Any

import msgspec
from discord.http import HTTPClient

from adapters.chat_apps import MESSAGES_PER_MINUTE
from adapters.discord.acknowledging import EDIT, FORM, LATER, SAY, acknowledge, change
from adapters.discord.buttons import after_press, chosen, link_row
from adapters.discord.commands import ORDER, PRESSES
from adapters.discord.delivering import PrivatePlace
from adapters.discord.forms import ORDER_FORM, order_form, text_of_form
from adapters.discord.incoming import CHANNEL
from adapters.discord.intake import Intake
from adapters.discord.outgoing import ephemeral, later
from adapters.discord.payloads import Given, Interaction
from adapters.discord.places import Place, place_of
from adapters.discord.rooms import Room
from adapters.discord.threads import Threads
from adapters.notices import language_of_app, not_stored
from adapters.presses import pressed_button, read_press
from bot.channels import Handles, TooMuch
from bot.messages import Incoming

log = logging.getLogger(__name__)

_PATIENCE = 1.5  # seconds that an answer may take before Discord is told that it comes later


class Kind(IntEnum):
    COMMAND, PRESS, SUBMIT = 2, 3, 5


class Interactions:
    def __init__(self, http: HTTPClient, account: str, handles: Handles, intake: Intake, threads: Threads) -> None:
        self._http, self._account, self._handles = http, account, handles
        self._intake, self._threads = intake, threads
        self._later = set[str]()  # interactions that were told that their answer comes later

    async def take(self, asked: Interaction) -> None:
        """Not acknowledged in three seconds, Discord tells the customer that it failed, and they do it again."""
        if asked.data is None or asked.channel_id is None:
            return
        try:
            match asked.type:
                case Kind.COMMAND if asked.data.name == ORDER:
                    await self._answer(asked, FORM, order_form(self._handles.words, self._language(asked)))
                case Kind.COMMAND if asked.data.name in PRESSES:
                    await self._command(asked, asked.data.name)
                case Kind.PRESS:
                    await self._press(asked, asked.data)
                case Kind.SUBMIT if asked.data.custom_id == ORDER_FORM:
                    await self._submitted(asked, text_of_form(asked.data))
        except TooMuch as much:
            await self._say(asked, not_stored(much))
        except ConnectionError as problem:
            log.warning("an interaction could not be taken: %s", problem)
            await self._say(asked, "not_taken")
        finally:
            self._later.discard(asked.id)

    async def _press(self, asked: Interaction, given: Given) -> None:
        place = await self._place(asked)
        press, conversation = read_press(chosen(given.custom_id, given.values)), place.conversation(self._account)
        button = await pressed_button(self._handles.postbox, conversation, press) if press else None
        if button is None:
            await self._say(asked, "button_not_yours" if place.public else "button_old")
            return
        await self._accept(asked, place, button.label, button.id)
        shown = [msgspec.json.decode(one) for one in asked.message.components] if asked.message else []
        await self._answer(asked, EDIT, {"components": after_press(shown, given.custom_id, given.values)})

    async def _command(self, asked: Interaction, name: str) -> None:
        """In a thread it is said there; in a channel it is nobody else's business."""
        room = await self._intake.room(asked.channel_id or "", asked.guild_id)
        text = f"/{name}"
        if room.kind == "channel":
            await self._in_private(asked, room, text, PRESSES[name])
        else:
            await self._accept(asked, self._intake.place_in(room, asked.person.id), text, PRESSES[name])
            await self._answer(asked, SAY, ephemeral(f"✓ {text}"))

    async def _submitted(self, asked: Interaction, text: str) -> None:
        """A form holds what others must not read."""
        room = await self._intake.room(asked.channel_id or "", asked.guild_id)
        place = self._intake.place_in(room, asked.person.id)
        if place.public:
            await self._in_private(asked, room, text, "")
        else:
            await self._accept(asked, place, text, "")
            await self._answer(asked, SAY, ephemeral(f"✓ {self._words(asked, 'order_form_title')}"))

    async def _in_private(self, asked: Interaction, room: Room, text: str, press: str) -> None:
        private = await self._private_place(asked, room)
        if private is None:
            await self._say(asked, "come_private")
            return
        await self._accept(asked, place_of(self._account, private.conversation), text, press)
        await self._say(asked, "moved_private", link_row(self._words(asked, "open_private"), private.url))

    async def _private_place(self, asked: Interaction, room: Room) -> PrivatePlace | None:
        """Opening one takes several requests, and Discord may slow them down."""
        opening = asyncio.create_task(self._threads.open_in(room, asked.person.id, self._language(asked)))
        try:
            done, _ = await asyncio.wait({opening}, timeout=_PATIENCE)
            if not done:
                await self._answer(asked, LATER, later())
                self._later.add(asked.id)
            return await opening
        finally:
            opening.cancel()

    async def _place(self, asked: Interaction) -> Place:
        room = await self._intake.room(asked.channel_id or "", asked.guild_id)
        return self._intake.place_in(room, asked.person.id)

    async def _accept(self, asked: Interaction, place: Place, text: str, press: str) -> None:
        incoming = Incoming(
            channel=CHANNEL,
            conversation=place.conversation(self._account),
            message=f"i{asked.id}",
            text=text,
            press=press,
            author=place.user,
            locale=asked.locale,
            public=place.public,
        )
        await self._handles.postbox.accept(incoming, per_minute=MESSAGES_PER_MINUTE, deliver=True)

    async def _say(self, asked: Interaction, name: str, components: Sequence[dict[str, Any]] = ()) -> None:
        """A fixed sentence that only the customer sees."""
        said = ephemeral(self._words(asked, name)) | ({"components": list(components)} if components else {})
        await self._answer(asked, SAY, said)

    async def _answer(self, asked: Interaction, kind: int, data: dict[str, Any]) -> None:
        if asked.id in self._later:
            said = {name: value for name, value in data.items() if name != "flags"}  # it has them by now
            await change(self._http, self._account.rpartition(":")[2], asked, said)
        else:
            await acknowledge(self._http, asked, kind, data)

    def _words(self, asked: Interaction, name: str) -> str:
        return self._handles.words(self._language(asked), name)

    def _language(self, asked: Interaction) -> str:
        return language_of_app(asked.locale, self._handles.languages)
