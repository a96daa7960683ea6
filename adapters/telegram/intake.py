"""What a bot is told goes to the desk: stored first, and only then acknowledged by whoever called."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import msgspec
from telegram import Update
from telegram.error import TelegramError

from adapters.chat_apps import MESSAGES_PER_MINUTE
from adapters.notices import language_of_app, not_stored
from adapters.presses import pressed_button, read_press
from adapters.replies import language_of
from adapters.telegram.bots import OpenBot
from adapters.telegram.buttons import pressed_keyboard
from adapters.telegram.desk_incoming import (
    FromStaff,
    NumberAsked,
    StaffPressed,
    StaffWrote,
    asks_number,
    chat_of,
)
from adapters.telegram.desk_intake import StaffIntake
from adapters.telegram.files import Files
from adapters.telegram.incoming import Gone, Opened, Pressed, Read, Written, to_incoming
from adapters.telegram.paces import NOTICE, buckets
from adapters.telegram.places import Place
from bot.channels import Handles, TooMuch
from bot.messages import Incoming, InPrivate

log = logging.getLogger(__name__)

PAUSES = (0.2, 0.5, 1, 2, 5)  # seconds between tries to store, the last one again and again
AnyRead = Read | FromStaff | NumberAsked

LONGEST_WAIT = 5.0  # seconds that a notice waits for its turn


class Intake:
    """Use as a context: what it has begun aside, such as the mark on a pressed button, ends with it.

    `group`: where staff have their desk, which no bot serves as customers; `staff`: for the bot that serves it.
    """

    def __init__(self, opened: OpenBot, handles: Handles, group: int = 0, staff: StaffIntake | None = None) -> None:
        self._group, self._staff = group, staff
        self._bot, self._me, self._account = opened.bot, opened.me, opened.account
        self._handles, self._files = handles, Files(opened.bot, handles.attachments, handles.limiter)
        self._aside = set[asyncio.Task[None]]()

    async def __aenter__(self) -> "Intake":
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._aside:
            task.cancel()
        await asyncio.gather(*self._aside, return_exceptions=True)

    def read(self, update: Update) -> AnyRead | None:
        """None for what is not for us, and for what cannot be understood: that would come again for ever."""
        try:
            if asked := asks_number(update, self._me):
                return asked
            if self._group and chat_of(update) == self._group:
                return self._staff.read(update) if self._staff else None
            return to_incoming(update, self._me)
        except Exception:
            log.exception("an update of %s cannot be read; it is passed over", self._account)
            return None

    async def store(self, read: AnyRead) -> None:
        """Until it is: what follows in the same conversation waits for it, so that the order is kept."""
        tries = 0
        while True:
            try:
                return await self.take(read)
            except ConnectionError as problem:
                log.warning("a message is not stored yet: %s", problem)
            await asyncio.sleep(PAUSES[min(tries, len(PAUSES) - 1)])
            tries += 1

    async def take(self, read: AnyRead) -> None:
        """When this returns it needs not come again. Raises ConnectionError where it has to."""
        try:
            match read:
                case StaffWrote() | StaffPressed():
                    await self._of_staff(read, StaffIntake.take)
                case NumberAsked(place):
                    await self._tell_number(read)
                case Written(place, incoming, found):
                    if found:
                        kept = await self._files.keep(place.conversation, found)
                        incoming = msgspec.structs.replace(incoming, attachments=(kept,))
                    await self._accept(place, incoming)
                case Pressed():
                    await self._press(read)
                case Opened():
                    await self._open(read)
                case Gone(place):
                    log.info("we may no longer write to %s", place.conversation)
        except ConnectionError:
            raise
        except Exception:
            log.exception("a message in %s could not be taken in", read.place.conversation)
            if isinstance(read, StaffWrote | StaffPressed):
                await self._of_staff(read, StaffIntake.failed)
            elif not isinstance(read, Gone | NumberAsked):
                await self._say_once(read.place, read.incoming, "not_taken")

    async def _of_staff(self, read: FromStaff, work: Callable[[StaffIntake, FromStaff], Awaitable[None]]) -> None:
        if self._staff:
            await work(self._staff, read)

    async def _tell_number(self, asked: NumberAsked) -> None:
        """Not more than once a minute."""
        place = asked.place
        if await self._handles.limiter.allow("telegram told its number", f"{place.account}:{place.chat}", 1, 60):
            return
        name = "desk_number_changes" if asked.may_change else "desk_number"
        setting = f"SHOPDESK_TELEGRAM_DESK={place.chat}"
        words = self._handles.words(self._handles.languages[0], name, setting=setting)
        self._begin(self._say(place, words))

    async def _accept(self, place: Place, incoming: Incoming) -> bool:
        """Whether it is stored. Too much is told to the customer, who is the one who can do something about it."""
        try:
            await self._handles.postbox.accept(incoming, per_minute=MESSAGES_PER_MINUTE, deliver=True)
        except TooMuch as much:
            await self._say_once(place, incoming, not_stored(much))
            return False
        return True

    async def _press(self, pressed: Pressed) -> None:
        press, place = read_press(pressed.data), pressed.place
        if press is None:  # what was pressed already, and stays there to be read
            self._begin(self._answer(pressed.query))
            return
        button = await pressed_button(self._handles.postbox, place.conversation, press)
        if button is None:
            name = "button_old" if place.private else "button_not_yours"
            words = self._handles.words(self._language(pressed.incoming), name)
            self._begin(self._answer(pressed.query, words))
            return
        incoming = msgspec.structs.replace(pressed.incoming, text=button.label, press=button.id)
        stored = await self._accept(place, incoming)
        self._begin(self._answer(pressed.query))
        if stored:
            self._begin(self._mark(pressed, button.label))

    async def _open(self, opened: Opened) -> None:
        """What was asked in the group by the same person; for anybody else nothing is there, and it is a start."""
        asked, place = opened.asked, opened.place
        group = Place(place.bot, asked.chat, asked.thread, user=place.chat)
        happened = await self._handles.postbox.happened(group.conversation, asked.event)
        incoming = opened.incoming
        if isinstance(happened, InPrivate):
            incoming = msgspec.structs.replace(
                incoming, message=f"p:{asked.chat}:{asked.event}", text=happened.text, press=happened.press
            )
        await self._accept(place, incoming)

    async def _answer(self, query: str, words: str = "") -> None:
        """Ends the little clock on the button. One that is too old cannot be answered, and needs not be."""
        with contextlib.suppress(TelegramError):
            await self._bot.answer_callback_query(query, text=words or None, show_alert=bool(words))

    async def _mark(self, pressed: Pressed, label: str) -> None:
        language = self._language(pressed.incoming)
        marked = self._handles.words(language, "button_pressed", label=label)
        with contextlib.suppress(TelegramError, ConnectionError):
            if await self._turn_comes(pressed.place):
                under = pressed_keyboard(pressed.keyboard, pressed.data, marked)
                await self._bot.edit_message_reply_markup(pressed.place.chat, pressed.message, reply_markup=under)

    async def _say_once(self, place: Place, incoming: Incoming, name: str) -> None:
        """A fixed sentence, not more than once a minute: it answers somebody who writes too much."""
        if await self._handles.limiter.allow(f"telegram told {name}", place.conversation, 1, 60):
            return
        self._begin(self._say(place, self._handles.words(self._language(incoming), name)))

    async def _say(self, place: Place, words: str) -> None:
        with contextlib.suppress(TelegramError, ConnectionError):
            if await self._turn_comes(place):
                await self._bot.send_message(place.chat, words, message_thread_id=place.thread or None)

    async def _turn_comes(self, place: Place) -> bool:
        """Whether there is room for what may also be left out."""
        end = asyncio.get_running_loop().time() + LONGEST_WAIT
        while wait := await self._handles.pace.take(self._account, buckets(place), NOTICE):
            if asyncio.get_running_loop().time() + wait > end:
                return False
            await asyncio.sleep(wait)
        return True

    def _language(self, incoming: Incoming) -> str:
        """As they write, or else as their telephone speaks."""
        languages = self._handles.languages
        if any(one.isalpha() for one in incoming.text):
            return language_of(incoming.text, languages)
        return language_of_app(incoming.locale, languages)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)
