"""What `shopdesk doctor` says of Telegram: asked plainly, without the library, and never showing a token."""

import time
from datetime import UTC, datetime
from typing import TypeVar

import msgspec
from aiohttp import ClientError, ClientSession, ClientTimeout

from adapters.telegram.settings import TelegramSettings, bot_id
from bot.channels import Finding

SECONDS = 10.0
RECENT_SECONDS = 3600  # a failed call of Telegram's that is older is history
_DESK_ADVICE = "Add the bot to the group, and copy the group's number into SHOPDESK_TELEGRAM_DESK (docs/telegram.md)."
Result = TypeVar("Result")


class _Bot(msgspec.Struct):
    username: str = ""
    can_join_groups: bool = False
    can_read_all_group_messages: bool = False


class _Webhook(msgspec.Struct):
    url: str = ""
    pending_update_count: int = 0
    last_error_date: int = 0
    last_error_message: str = ""


class _Chat(msgspec.Struct):
    title: str = ""
    is_forum: bool = False


class _Membership(msgspec.Struct):
    status: str = ""
    can_manage_topics: bool = False
    can_delete_messages: bool = False


class _Refused(Exception):
    """Telegram does not know the token."""


async def findings(settings: TelegramSettings) -> list[Finding]:
    """Looks and changes nothing."""
    if not settings.tokens:
        return []
    found: list[Finding] = []
    async with ClientSession(timeout=ClientTimeout(total=SECONDS), trust_env=True) as session:
        for token in settings.tokens:
            found += await _bot(session, settings, token)
        if settings.desk and found[0].ok:
            found.append(await _desk(session, settings))
    return found


async def _bot(session: ClientSession, settings: TelegramSettings, token: str) -> list[Finding]:
    number = bot_id(token)
    try:
        bot = await _asked(session, settings, token, "getMe", _Bot)
        webhook = await _asked(session, settings, token, "getWebhookInfo", _Webhook)
    except _Refused:
        advice = "Copy the token anew from @BotFather (/mybots, API Token) into SHOPDESK_TELEGRAM_TOKEN."
        return [Finding("telegram token", False, f"Telegram does not know the token of bot {number}", advice)]
    except (ClientError, OSError, TimeoutError, msgspec.DecodeError) as problem:  # their words may hold the token
        advice = "Look at this machine's way to the internet, or at SHOPDESK_TELEGRAM_API."
        said = f"{settings.api} does not answer as Telegram does ({type(problem).__name__})"
        return [Finding("telegram", False, said, advice)]
    return [
        Finding("telegram token", True, f"https://t.me/{bot.username} (bot {number})"),
        _groups(bot),
        _webhook(settings, webhook, bot, number),
    ]


async def _desk(session: ClientSession, settings: TelegramSettings) -> Finding:
    """The group of staff, as the first bot finds it."""
    name, token = f"telegram desk {settings.desk}", settings.tokens[0]
    try:
        chat = await _asked(session, settings, token, f"getChat?chat_id={settings.desk}", _Chat)
        asked = f"getChatMember?chat_id={settings.desk}&user_id={bot_id(token)}"
        membership = await _asked(session, settings, token, asked, _Membership)
    except msgspec.DecodeError:  # a refusal has no result
        return Finding(name, False, "the bot is in no group of this number", _DESK_ADVICE)
    except (_Refused, ClientError, OSError, TimeoutError) as problem:
        return Finding(name, False, f"the group cannot be looked at ({type(problem).__name__})", _DESK_ADVICE)
    if not chat.is_forum:
        return Finding(name, False, f"the group “{chat.title}” has no topics", "Turn them on: Edit, Topics.")
    rights = {"manage topics": membership.can_manage_topics, "delete messages": membership.can_delete_messages}
    if missing := " and ".join(right for right, given in rights.items() if not given):
        advice = f"Make the bot an administrator of the group that may {missing}."
        return Finding(name, False, f"the bot may not {missing} in “{chat.title}”", advice)
    return Finding(name, True, f"“{chat.title}”, a topic for each handoff")


def _groups(bot: _Bot) -> Finding:
    name = f"telegram groups @{bot.username}"
    if not bot.can_join_groups:
        return Finding(name, True, "it cannot be added to groups", "@BotFather, /setjoingroups: Enable, if it should.")
    if bot.can_read_all_group_messages:
        advice = "It answers only when it is addressed, so it needs not see the rest: @BotFather, /setprivacy: Enable."
        return Finding(name, True, "Telegram sends it everything that is written in its groups", advice)
    return Finding(name, True, "it is sent what is addressed to it")


def _webhook(settings: TelegramSettings, webhook: _Webhook, bot: _Bot, number: int) -> Finding:
    name, waiting = f"telegram updates @{bot.username}", f"{webhook.pending_update_count} waiting"
    wanted = f"{settings.webhook}/telegram/{number}" if settings.webhook else ""
    if webhook.url != wanted:
        if not wanted:
            advice = (
                "The desk takes it away when it starts. If another program needs it, give that one a bot of its own."
            )
            return Finding(name, True, f"a webhook is set, though SHOPDESK_TELEGRAM_WEBHOOK is not; {waiting}", advice)
        advice = "The desk sets it when it starts."
        return Finding(name, True, f"the webhook is not {wanted} yet; {waiting}", advice)
    if not wanted:
        return Finding(name, True, f"asked for by long poll; {waiting}")
    if webhook.last_error_message and time.time() - webhook.last_error_date < RECENT_SECONDS:
        at = datetime.fromtimestamp(webhook.last_error_date, UTC).strftime("%H:%M UTC")
        advice = f"Telegram must reach {settings.webhook} with a valid certificate, and that must lead to "
        advice += f"{settings.host}:{settings.port}."
        return Finding(name, False, f"the webhook failed at {at}: {webhook.last_error_message}; {waiting}", advice)
    return Finding(name, True, f"sent to {wanted}; {waiting}")


async def _asked(
    session: ClientSession, settings: TelegramSettings, token: str, method: str, form: type[Result]
) -> Result:
    async with session.get(f"{settings.api}/bot{token}/{method}") as answer:
        if answer.status in (401, 404):
            raise _Refused
        told = msgspec.json.decode(await answer.read(), type=dict[str, msgspec.Raw])
    return msgspec.json.decode(told.get("result", msgspec.Raw(b"null")), type=form)
