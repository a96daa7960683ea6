"""From an update of Telegram to what staff want in their group. Pure: nothing is fetched, sent or stored here."""

from dataclasses import dataclass

from telegram import CallbackQuery, Chat, Message, Update, User

from adapters.desk_words import Deed, ProposalSaid, read_desk_press
from adapters.telegram.attached import Attached, attached
from adapters.telegram.commands import read_command
from adapters.telegram.places import Place


@dataclass(frozen=True)
class StaffWrote:
    """Somebody of the group wrote in a topic; whether they are staff is not known yet."""

    place: Place
    user: int  # 0: an administrator who writes as the group
    message: int
    text: str
    attached: Attached | None = None
    edited: bool = False


@dataclass(frozen=True)
class StaffPressed:
    place: Place
    user: int
    query: str
    deed: Deed | ProposalSaid | None  # None for what is no button of ours


@dataclass(frozen=True)
class NumberAsked:
    """Somebody wants to know the number of a group, to make it the desk of their staff: /desk@our_bot."""

    place: Place
    message: int
    may_change: bool  # a small group gets another number when its topics are turned on


FromStaff = StaffWrote | StaffPressed


def chat_of(update: Update) -> int:
    """Where it happened; 0 for what happens in no chat."""
    return update.effective_chat.id if update.effective_chat else 0


def to_staff_word(update: Update, me: User) -> FromStaff | None:
    """None for what is none of the desk's business: talk outside of the topics, bots, and what Telegram itself says."""
    if update.callback_query:
        return _pressed(update.callback_query, me)
    message = update.message or update.edited_message
    return _wrote(message, me, update.edited_message is not None) if message else None


def asks_number(update: Update, me: User) -> NumberAsked | None:
    message = update.message
    if message is None or message.chat.type not in (Chat.GROUP, Chat.SUPERGROUP):
        return None
    command = read_command(message.text or "")
    if command is None or command.name != "desk" or command.to.lower() != (me.username or "").lower():
        return None
    return NumberAsked(_place(message, me), message.message_id, message.chat.type == Chat.GROUP)


def _wrote(message: Message, me: User, edited: bool) -> StaffWrote | None:
    text, found = (message.text or message.caption or "").strip(), attached(message)
    if not message.is_topic_message or not (text or found):
        return None
    user = message.from_user
    as_group = message.sender_chat is not None and message.sender_chat.id == message.chat.id
    if user is None or (user.is_bot and not as_group) or message.is_automatic_forward:
        return None
    return StaffWrote(_place(message, me), 0 if as_group else user.id, message.message_id, text, found, edited)


def _pressed(query: CallbackQuery, me: User) -> StaffPressed | None:
    message = query.message
    if message is None:
        return None
    if not isinstance(message, Message):  # too old to be shown to us
        return StaffPressed(Place(me.id, message.chat.id), query.from_user.id, query.id, None)
    return StaffPressed(_place(message, me), query.from_user.id, query.id, read_desk_press(query.data or ""))


def _place(message: Message, me: User) -> Place:
    return Place(me.id, message.chat.id, (message.message_thread_id or 0) if message.is_topic_message else 0)
