"""Whose words they are: what is written in the channel of the desk is of staff, all else is of customers."""

import contextlib

from adapters.chat_apps import MESSAGES_PER_MINUTE
from adapters.discord.intake import Intake
from adapters.discord.interactions import Interactions
from adapters.discord.payloads import Deleted, Interaction, Message, Typing
from adapters.discord.rooms import Room
from adapters.discord.staff_intake import StaffIntake


class Doors:
    """`desk`: id of the channel of staff. All raise ConnectionError where it has to come again."""

    def __init__(self, desk: str, customers: Intake, presses: Interactions, staff: StaffIntake | None) -> None:
        self._desk, self._customers, self._presses, self._staff = desk, customers, presses, staff

    async def take(self, message: Message, per_minute: int = MESSAGES_PER_MINUTE) -> None:
        room = await self._staff_room(message.channel_id, message.guild_id)
        if self._staff and room:
            await self._staff.take(message, room)
        else:
            await self._customers.take(message, per_minute)

    async def take_edited(self, message: Message) -> None:
        room = await self._staff_room(message.channel_id, message.guild_id)
        if self._staff and room:
            await self._staff.take_edited(message, room)
        else:
            await self._customers.take_edited(message)

    async def take_deleted(self, deleted: Deleted) -> None:
        """What staff have written is with the customer by then."""
        if not await self._staff_room(deleted.channel_id, deleted.guild_id):
            await self._customers.take_deleted(deleted)

    async def press(self, asked: Interaction) -> None:
        try:
            room = await self._staff_room(asked.channel_id or "", asked.guild_id)
        except ConnectionError:
            room = None
        if self._staff and room:
            await self._staff.press(asked)
        else:
            await self._presses.take(asked)

    async def types(self, typing: Typing) -> None:
        """Seen now, or not at all."""
        with contextlib.suppress(ConnectionError):
            if self._staff and typing.guild_id:
                await self._staff.types(typing)
            await self._customers.types(typing)

    async def _staff_room(self, channel: str, server: str | None) -> Room | None:
        """None where it is of customers."""
        if not (self._desk and server):
            return None
        room = await self._customers.room(channel, server)
        return room if self._desk in (room.id, room.parent) else None
