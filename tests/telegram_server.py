"""A Telegram Bot API server on loopback: long poll, webhook, files, and the refusals of the real one that matter.

Refusals carry the status and the words of the real server, because the library and our code decide by them.
"""

import asyncio
import contextlib
import json
import math
import random
import re
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector, web

from tests.telegram_world import BotAccount, Posted, Room, Wire, World, units

SENDING = ("sendMessage", "editMessageText", "editMessageReplyMarkup", "sendMessageDraft", "sendPhoto",
           "sendDocument")  # count for their chat  # fmt: skip
COUNTED = (*SENDING, "sendChatAction")  # count for the bot
_JSON = ("reply_markup", "allowed_updates", "entities", "caption_entities", "link_preview_options", "reply_parameters",
         "commands", "scope")  # fmt: skip
PHOTO_BYTES, FILE_BYTES = 10 << 20, 50 << 20


@dataclass
class Limits:
    """Telegram's own are not published; these are what its FAQ names, with a short burst in a chat."""

    chat_per_second: float = 1.0
    chat_at_once: float = 5.0
    group_per_minute: float = 20.0
    bot_per_second: float = 30.0


NO_LIMITS = Limits(1e9, 1e9, 1e9, 1e9)


@dataclass
class Call:
    """One request of a bot, and how it was answered."""

    method: str
    bot: int
    parameters: Wire
    at: float  # time.monotonic()
    status: int = 0  # 0: not answered yet, or the connection was cut

    @property
    def chat(self) -> int:
        return int(self.parameters.get("chat_id") or 0)


@dataclass
class Trouble:
    """What a call of a method meets instead of an answer."""

    method: str  # "" for any
    status: int = 0  # 0: the connection is cut
    description: str = ""
    retry_after: int = 0
    times: int = 1
    chat: int = 0  # only there; 0: everywhere
    afterwards: bool = False  # it is done first, and only its answer is lost
    wait: asyncio.Event | None = None  # the call hangs until then, then goes on as usual
    met: int = 0


class Refused(Exception):
    def __init__(self, status: int, description: str, retry_after: int = 0, moved_to: int = 0) -> None:
        super().__init__(description)
        self.status, self.description, self.retry_after, self.moved_to = status, description, retry_after, moved_to


@dataclass
class _Flow:
    """A bucket; once it is empty everything is refused until the time that was named."""

    left: float
    since: float
    shut_until: float = 0.0

    def take(self, per_second: float, at_once: float) -> int:
        """0, or the seconds that the caller has to wait."""
        now = time.monotonic()
        self.left = min(at_once, self.left + (now - self.since) * per_second)
        self.since = now
        if now >= self.shut_until and self.left >= 1:
            self.left -= 1
            return 0
        self.shut_until = max(self.shut_until, now + (1 - self.left) / per_second)
        return max(1, math.ceil(self.shut_until - now))


@dataclass(eq=False)
class TelegramServer(World):
    url: str = ""
    limits: Limits = field(default_factory=Limits)
    calls: list[Call] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    moved: dict[int, int] = field(default_factory=dict)  # groups that became supergroups: old number -> new one
    reach: dict[str, str] = field(default_factory=dict)  # public address of a webhook -> where it really listens
    _flows: dict[str, _Flow] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()
        self.bot = self.add_bot("otter_shop_bot")

    def trouble(self, method: str = "", status: int = 0, **more: Any) -> Trouble:
        """The next calls of this method meet it: trouble("sendMessage", 429, retry_after=2, times=1, chat=7001)."""
        trouble = Trouble(method, status, **more)
        self.troubles.append(trouble)
        return trouble

    def made(self, method: str, chat: int = 0, *, answered: int = 200) -> list[Call]:
        """Calls of a method that were answered so."""
        return [
            one for one in self.calls
            if one.method == method and one.status == answered and (not chat or one.chat == chat)
        ]  # fmt: skip

    def application(self) -> web.Application:
        application = web.Application(client_max_size=60 << 20)
        application.router.add_route("*", "/bot{token}/{method}", self._call)
        application.router.add_get("/file/bot{token}/{path:.*}", self._file)
        return application

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] not in self.bots:
            return _refusal(Refused(401, "Unauthorized"))
        name = request.match_info["path"].partition("/")[0]
        if name not in self.files:
            return _refusal(Refused(404, "Not Found"))
        return web.Response(body=self.files[name][1])

    async def _call(self, request: web.Request) -> web.StreamResponse:
        parameters = await _parameters(request)
        method = METHODS.get(request.match_info["method"].lower(), request.match_info["method"])  # case does not matter
        bot = self.bots.get(request.match_info["token"])
        call = Call(method, bot.id if bot else 0, parameters, time.monotonic())
        self.calls.append(call)
        if bot is None:
            malformed = not re.fullmatch(r"\d+:[\w-]{20,}", request.match_info["token"])
            answer = _refusal(Refused(404, "Not Found") if malformed else Refused(401, "Unauthorized"))
            call.status = answer.status
            return answer
        trouble = self._meets(method, call.chat)
        if trouble and trouble.wait:
            await trouble.wait.wait()
        if trouble and not trouble.wait and not trouble.afterwards:
            return self._troubled(trouble, call, request)
        answer = await self._answer(bot, method, parameters)
        if trouble and trouble.afterwards:
            return self._troubled(trouble, call, request)
        call.status = answer.status
        return answer

    def _meets(self, method: str, chat: int) -> Trouble | None:
        for trouble in self.troubles:
            if trouble.met < trouble.times and trouble.method in ("", method) and trouble.chat in (0, chat):
                trouble.met += 1
                return trouble
        return None

    def _troubled(self, trouble: Trouble, call: Call, request: web.Request) -> web.Response:
        call.status = trouble.status
        if trouble.status == 0:
            if request.transport:
                request.transport.close()
            return web.Response()
        if trouble.status >= 500:
            return web.Response(status=trouble.status, text="<html><title>Bad Gateway</title></html>")
        words = trouble.description
        if trouble.status == 429:
            words = words or f"Too Many Requests: retry after {trouble.retry_after}"
        return _refusal(Refused(trouble.status, words or "Bad Request: trouble", trouble.retry_after))

    async def _answer(self, bot: BotAccount, method: str, parameters: Wire) -> web.Response:
        doing: Callable[[BotAccount, Wire], Any] | None = getattr(self, f"_do_{method}", None)
        try:
            if doing is None:
                raise Refused(404, "Not Found: method not found")
            self._count(bot, method, parameters)
            result = doing(bot, parameters)
            if asyncio.iscoroutine(result):
                result = await result
        except Refused as refused:
            return _refusal(refused)
        return web.json_response({"ok": True, "result": result})

    def _count(self, bot: BotAccount, method: str, parameters: Wire) -> None:
        """429 as soon as a chat, a group or the whole bot has more than its limit."""
        limits, chat = self.limits, int(parameters.get("chat_id") or 0)
        flows: list[tuple[str, float, float]] = []
        if method in COUNTED:
            flows.append((f"{bot.id}", limits.bot_per_second, limits.bot_per_second))
        if method in SENDING:
            flows.append((f"{bot.id}:{chat}", limits.chat_per_second, limits.chat_at_once))
        if method in SENDING and chat < 0:
            flows.append((f"{bot.id}:{chat}:group", limits.group_per_minute / 60, limits.group_per_minute))
        for name, per_second, at_once in flows:
            flow = self._flows.setdefault(name, _Flow(at_once, time.monotonic()))
            if wait := flow.take(per_second, at_once):
                raise Refused(429, f"Too Many Requests: retry after {wait}", wait)

    # What a bot is, and what it says of itself

    def _do_getMe(self, bot: BotAccount, _: Wire) -> Wire:
        can = {"can_join_groups": True, "can_read_all_group_messages": bot.reads_all, "supports_inline_queries": False}
        return bot.wire() | can | {"can_connect_to_business": False, "has_main_web_app": False}

    def _do_setMyCommands(self, bot: BotAccount, given: Wire) -> bool:
        for one in given["commands"]:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", one["command"]):
                raise Refused(400, "Bad Request: BOT_COMMAND_INVALID")
            if not 1 <= len(one["description"]) <= 256:
                raise Refused(400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
        scope = (given.get("scope") or {}).get("type", "default")
        bot.commands[f"{scope} {given.get('language_code', '')}".strip()] = given["commands"]
        return True

    def _do_setMyDescription(self, bot: BotAccount, given: Wire) -> bool:
        return self._describe(bot, "description", given, 512)

    def _do_setMyShortDescription(self, bot: BotAccount, given: Wire) -> bool:
        return self._describe(bot, "short_description", given, 120)

    def _do_getMyCommands(self, bot: BotAccount, given: Wire) -> list[Wire]:
        scope = (given.get("scope") or {}).get("type", "default")
        return bot.commands.get(f"{scope} {given.get('language_code', '')}".strip(), [])

    def _do_getMyDescription(self, bot: BotAccount, given: Wire) -> Wire:
        return {"description": bot.texts.get(f"description {given.get('language_code', '')}".strip(), "")}

    def _do_getMyShortDescription(self, bot: BotAccount, given: Wire) -> Wire:
        return {"short_description": bot.texts.get(f"short_description {given.get('language_code', '')}".strip(), "")}

    def _describe(self, bot: BotAccount, what: str, given: Wire, at_most: int) -> bool:
        if len(given.get(what, "")) > at_most:
            raise Refused(400, f"Bad Request: {what} is too long")
        bot.texts[f"{what} {given.get('language_code', '')}".strip()] = given.get(what, "")
        return True

    # Updates

    async def _do_getUpdates(self, bot: BotAccount, given: Wire) -> list[Wire]:
        if bot.hook:
            raise Refused(409, "Conflict: can't use getUpdates method while webhook is active; "
                               "use deleteWebhook to delete the webhook first")  # fmt: skip
        if given.get("allowed_updates"):
            bot.allowed = frozenset(given["allowed_updates"])
        if offset := int(given.get("offset") or 0):
            bot.updates = [one for one in bot.updates if one["update_id"] >= offset]
            bot.offset = max(bot.offset, offset)
        bot.poll += 1
        mine, end = bot.poll, time.monotonic() + float(given.get("timeout") or 0)
        bot.waken()
        while not bot.updates and time.monotonic() < end and bot.poll == mine:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(end - time.monotonic()):
                    await bot.wake.wait()
        if bot.poll != mine:
            raise Refused(409, "Conflict: terminated by other getUpdates request; "
                               "make sure that only one bot instance is running")  # fmt: skip
        found = bot.updates[: int(given.get("limit") or 100)] * bot.repeats
        if bot.shuffled:
            random.shuffle(found)
        return found

    def _do_setWebhook(self, bot: BotAccount, given: Wire) -> bool:
        url, secret = str(given.get("url") or ""), str(given.get("secret_token") or "")
        if url and not url.startswith("https://"):
            raise Refused(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        if secret and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
            raise Refused(400, "Bad Request: secret token contains unallowed characters")
        if given.get("allowed_updates"):
            bot.allowed = frozenset(given["allowed_updates"])
        self._forget(bot, given)
        bot.poll += 1
        bot.waken()
        at_once = int(given.get("max_connections") or 40)
        bot.hook = {"url": url, "secret": secret, "at_once": at_once} if url else None
        if bot.hook:
            self._start(self._push(bot, bot.hook))
        return True

    def _do_deleteWebhook(self, bot: BotAccount, given: Wire) -> bool:
        bot.hook = None
        self._forget(bot, given)
        return True

    def _do_getWebhookInfo(self, bot: BotAccount, _: Wire) -> Wire:
        told = {"url": bot.hook["url"] if bot.hook else "", "has_custom_certificate": False}
        told |= {"pending_update_count": len(bot.updates), "allowed_updates": sorted(bot.allowed)}
        if bot.hook_error:
            told |= {"last_error_date": int(time.time()), "last_error_message": bot.hook_error}
        return told

    def _forget(self, bot: BotAccount, given: Wire) -> None:
        if str(given.get("drop_pending_updates")).lower() == "true":
            bot.updates.clear()

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _push(self, bot: BotAccount, hook: Wire) -> None:
        """Up to so many at the same time; whatever is not answered 2xx is pushed again, as the real one does."""
        flying: set[int] = set()
        connector = TCPConnector(limit=0)  # whatever is repeated flies at once
        async with ClientSession(connector=connector, timeout=ClientTimeout(total=10)) as session:
            while bot.hook is hook:
                ready = [one for one in bot.updates if one["update_id"] not in flying]
                ready = ready[: hook["at_once"] - len(flying)] * bot.repeats
                if bot.shuffled:
                    random.shuffle(ready)
                for told in ready:
                    flying.add(told["update_id"])
                    self._start(self._push_one(session, bot, hook, told, flying))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.2):  # wait_for may lose a cancellation
                        await bot.wake.wait()

    async def _push_one(
        self, session: ClientSession, bot: BotAccount, hook: Wire, told: Wire, flying: set[int]
    ) -> None:
        url = hook["url"]
        for public, real in self.reach.items():
            if url.startswith(public):
                url = real + url.removeprefix(public)
        headers = {"X-Telegram-Bot-Api-Secret-Token": hook["secret"]} if hook["secret"] else {}
        status = 0
        with contextlib.suppress(ClientError, OSError, TimeoutError):
            async with session.post(url, json=told, headers=headers) as answer:
                status = answer.status
        bot.hook_calls.append(status)
        if 200 <= status < 300:
            bot.updates = [one for one in bot.updates if one["update_id"] != told["update_id"]]
            bot.hook_error = ""
        else:
            bot.hook_error = f"Wrong response from the webhook: {status}" if status else "Connection refused"
            await asyncio.sleep(0.3)  # the real one waits longer
        flying.discard(told["update_id"])
        bot.waken()

    # Messages

    def _do_sendMessage(self, bot: BotAccount, given: Wire) -> Wire:
        room = self._room(bot, given)
        text = _checked_text(given)
        _check_entities(text, given)
        keyboard = _keyboard(given)
        thread = self._thread(room, given)
        reply = given.get("reply_parameters") or {}
        quoted = room.find(int(reply["message_id"])) if reply else None
        if reply and quoted is None and not reply.get("allow_sending_without_reply"):
            raise Refused(400, "Bad Request: message to be replied not found")
        posted = room.post(bot.wire(), {"text": text, "entities": given.get("entities") or []}, thread, quoted)
        posted.keyboard = keyboard
        posted.preview = not (given.get("link_preview_options") or {}).get("is_disabled")
        room.drafts.clear()
        room.typing_until = 0
        return posted.wire()

    def _do_sendPhoto(self, bot: BotAccount, given: Wire) -> Wire:
        content: bytes = given["photo"][1]
        if len(content) > PHOTO_BYTES:
            raise Refused(413, "Request Entity Too Large")
        if not content.startswith((b"\xff\xd8", b"\x89PNG", b"RIFF", b"GIF8")):
            raise Refused(400, "Bad Request: IMAGE_PROCESS_FAILED")
        size = self.keep_file("photos/file_1.jpg", content) | {"width": 1280, "height": 853}
        return self._post_file(bot, given, {"photo": [size]})

    def _do_sendDocument(self, bot: BotAccount, given: Wire) -> Wire:
        name, content = given["document"]
        if not content:
            raise Refused(400, "Bad Request: file must be non-empty")
        if len(content) > FILE_BYTES:
            raise Refused(413, "Request Entity Too Large")
        return self._post_file(bot, given, {"document": self.keep_file(name, content) | {"file_name": name}})

    def _post_file(self, bot: BotAccount, given: Wire, content: Wire) -> Wire:
        room, caption = self._room(bot, given), str(given.get("caption") or "")
        if units(caption) > 1024:
            raise Refused(400, "Bad Request: message caption is too long")
        if caption:
            entities = {"entities": given.get("caption_entities") or []}
            _check_entities(caption, entities)
            content |= {"caption": caption, "caption_entities": entities["entities"]}
        return room.post(bot.wire(), content, self._thread(room, given)).wire()

    # Topics of a group

    def _do_createForumTopic(self, bot: BotAccount, given: Wire) -> Wire:
        room, name = self._forum(bot, given), str(given.get("name") or "").strip()
        if "can_manage_topics" not in room.rights:
            raise Refused(400, "Bad Request: not enough rights to create a topic")
        if not name:
            raise Refused(400, "Bad Request: title must be non-empty")
        posted = room.post(bot.wire(), {"forum_topic_created": {"name": name[:128], "icon_color": 7322096}})
        posted.thread = posted.id
        room.threads.add(posted.id)
        room.topics[posted.id] = name[:128]
        return {"message_thread_id": posted.id, "name": name[:128], "icon_color": 7322096}

    def _do_closeForumTopic(self, bot: BotAccount, given: Wire) -> bool:
        return self._toggle(bot, given, closed=True)

    def _do_reopenForumTopic(self, bot: BotAccount, given: Wire) -> bool:
        return self._toggle(bot, given, closed=False)

    def _toggle(self, bot: BotAccount, given: Wire, closed: bool) -> bool:
        room, thread = self._forum(bot, given), int(given["message_thread_id"])
        if thread not in room.threads:
            raise Refused(400, "Bad Request: TOPIC_ID_INVALID")
        if "can_manage_topics" not in room.rights:
            raise Refused(400, "Bad Request: CHAT_ADMIN_REQUIRED")
        if closed == (thread in room.closed_threads):
            raise Refused(400, "Bad Request: TOPIC_NOT_MODIFIED")
        (room.closed_threads.add if closed else room.closed_threads.discard)(thread)
        room.post(bot.wire(), {"forum_topic_closed" if closed else "forum_topic_reopened": {}}, thread)
        return True

    def _do_deleteForumTopic(self, bot: BotAccount, given: Wire) -> bool:
        room, thread = self._forum(bot, given), int(given["message_thread_id"])
        if thread not in room.threads:
            raise Refused(400, "Bad Request: TOPIC_ID_INVALID")
        if "can_delete_messages" not in room.rights:
            raise Refused(400, "Bad Request: CHAT_ADMIN_REQUIRED")
        room.drop_topic(thread)
        return True

    def _forum(self, bot: BotAccount, given: Wire) -> Room:
        room = self._room(bot, given)
        if not room.forum:
            raise Refused(400, "Bad Request: the chat is not a forum")
        return room

    def _do_getChat(self, bot: BotAccount, given: Wire) -> Wire:
        return self._room(bot, given).wire() | {"accent_color_id": 0, "max_reaction_count": 11}

    def _do_getChatMember(self, bot: BotAccount, given: Wire) -> Wire:
        room = self._room(bot, given)
        if int(given["user_id"]) != bot.id:
            raise Refused(400, "Bad Request: user not found")
        if not room.rights:
            return {"user": bot.wire(), "status": "member"}
        return {"user": bot.wire(), "status": "administrator", **dict.fromkeys(room.rights, True)}

    def _do_sendMessageDraft(self, bot: BotAccount, given: Wire) -> bool:
        room = self._room(bot, given)
        if room.kind != "private":
            raise Refused(400, "Bad Request: the method can be used only in private chats")
        if not int(given.get("draft_id") or 0):
            raise Refused(400, "Bad Request: draft_id must be non-zero")
        text = str(given.get("text") or "")
        if units(text) > 4096:
            raise Refused(400, "Bad Request: message is too long")
        _check_entities(text, given)
        self._thread(room, given)
        room.drafts[int(given["draft_id"])] = (text, time.monotonic())
        return True

    def _do_sendChatAction(self, bot: BotAccount, given: Wire) -> bool:
        room = self._room(bot, given)
        room.typing_in = self._thread(room, given)
        room.typing_until = time.monotonic() + 5
        return True

    def _do_editMessageText(self, bot: BotAccount, given: Wire) -> Wire:
        posted = self._own(bot, given)
        text = _checked_text(given)
        _check_entities(text, given)
        content, keyboard = {"text": text, "entities": given.get("entities") or []}, _keyboard(given)
        return self._change(posted, content, keyboard)

    def _do_editMessageReplyMarkup(self, bot: BotAccount, given: Wire) -> Wire:
        posted = self._own(bot, given)
        return self._change(posted, posted.content, _keyboard(given))

    def _change(self, posted: Posted, content: Wire, keyboard: list[list[Wire]]) -> Wire:
        if posted.content == content and posted.keyboard == keyboard:
            raise Refused(400, "Bad Request: message is not modified: specified new message content and reply markup "
                               "are exactly the same as a current content and reply markup of the message")  # fmt: skip
        posted.content, posted.keyboard = content, keyboard
        posted.edited = int(time.time())
        return posted.wire()

    def _do_deleteMessage(self, bot: BotAccount, given: Wire) -> bool:
        room = self._room(bot, given)
        posted = room.find(int(given["message_id"]))
        if posted is None:
            raise Refused(400, "Bad Request: message to delete not found")
        room.messages.remove(posted)
        return True

    def _do_answerCallbackQuery(self, bot: BotAccount, given: Wire) -> bool:
        query = str(given["callback_query_id"])
        if query not in bot.presses or bot.presses[query] is not None:
            raise Refused(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        if len(str(given.get("text", ""))) > 200:
            raise Refused(400, "Bad Request: MESSAGE_TOO_LONG")
        bot.presses[query] = given
        return True

    def _do_getFile(self, bot: BotAccount, given: Wire) -> Wire:
        name = str(given["file_id"])
        if name not in self.files:
            raise Refused(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        path, _, size = self.files[name]
        if size > 20 << 20:
            raise Refused(400, "Bad Request: file is too big")
        return {"file_id": name, "file_unique_id": f"AQAD{name[-6:]}", "file_size": size, "file_path": f"{name}/{path}"}

    def _do_leaveChat(self, bot: BotAccount, given: Wire) -> bool:
        self._room(bot, given).open = False
        return True

    def _room(self, bot: BotAccount, given: Wire) -> Room:
        chat = int(given.get("chat_id") or 0)
        if new := self.moved.get(chat):
            raise Refused(400, "Bad Request: group chat was upgraded to a supergroup chat", moved_to=new)
        room = bot.rooms.get(chat)
        if room is None:
            raise Refused(400, "Bad Request: chat not found")
        if not room.open:
            raise Refused(403, room.shut or "Forbidden: bot is not a member of the supergroup chat")
        return room

    def _thread(self, room: Room, given: Wire) -> int:
        thread = int(given.get("message_thread_id") or 0)
        if thread and thread not in room.threads:
            raise Refused(400, "Bad Request: message thread not found")
        if thread in room.closed_threads:
            raise Refused(400, "Bad Request: TOPIC_CLOSED")
        return thread

    def _own(self, bot: BotAccount, given: Wire) -> Posted:
        posted = self._room(bot, given).find(int(given["message_id"]))
        if posted is None:
            raise Refused(400, "Bad Request: message to edit not found")
        if not posted.by_bot:
            raise Refused(400, "Bad Request: message can't be edited")
        return posted


METHODS = {name[4:].lower(): name[4:] for name in vars(TelegramServer) if name.startswith("_do_")}


async def _parameters(request: web.Request) -> Wire:
    given: Wire = dict(request.query)
    if request.content_type == "application/json":
        given |= await request.json()
    else:
        posted = await request.post()
        given |= {name: value for name, value in posted.items() if isinstance(value, str)}
        files = {name: one for name, one in posted.items() if isinstance(one, web.FileField)}
        for name, value in given.items():
            if isinstance(value, str) and value.startswith("attach://"):
                files[name] = files.pop(value.removeprefix("attach://"))
        given |= {name: (one.filename, one.file.read()) for name, one in files.items()}
    for name in _JSON:
        if isinstance(given.get(name), str):
            given[name] = json.loads(given[name])
    return given


def _refusal(refused: Refused) -> web.Response:
    told: Wire = {"ok": False, "error_code": refused.status, "description": refused.description}
    if refused.retry_after:
        told["parameters"] = {"retry_after": refused.retry_after}
    if refused.moved_to:
        told["parameters"] = {"migrate_to_chat_id": refused.moved_to}
    return web.json_response(told, status=refused.status)


def _checked_text(given: Wire) -> str:
    text = str(given.get("text") or "")
    if not text.strip():
        raise Refused(400, "Bad Request: message text is empty")
    if units(text) > 4096:
        raise Refused(400, "Bad Request: message is too long")
    return text


def _check_entities(text: str, given: Wire) -> None:
    if given.get("parse_mode") and re.search(r"(?<!\\)[_*\[`<>]", text):
        raise Refused(400, "Bad Request: can't parse entities: can't find end of the entity starting at byte offset 0")
    for one in given.get("entities") or []:
        if one["offset"] < 0 or one["length"] <= 0 or one["offset"] + one["length"] > units(text):
            raise Refused(400, "Bad Request: ENTITY_BOUNDS_INVALID")
        if one["type"] == "text_link" and not re.match(r"(https?|tg|mailto|tel):", one["url"]):
            raise Refused(400, "Bad Request: ENTITY_URL_INVALID")


def _keyboard(given: Wire) -> list[list[Wire]]:
    rows: list[list[Wire]] = (given.get("reply_markup") or {}).get("inline_keyboard", [])
    for row in rows:
        if len(row) > 8:
            raise Refused(400, "Bad Request: reply markup is too long")
        for button in row:
            if not button.get("text", "").strip():
                raise Refused(400, 'Bad Request: can\'t parse inline keyboard button: Field "text" must be non-empty')
            if not ({"callback_data", "url"} & set(button)):
                raise Refused(400, "Bad Request: can't parse inline keyboard button: "
                                   "Text buttons are unallowed in the inline keyboard")  # fmt: skip
            if not 1 <= len(button.get("callback_data", "x").encode()) <= 64:
                raise Refused(400, "Bad Request: BUTTON_DATA_INVALID")
            if "url" in button and not re.match(r"(https?://[^/\s]+\.[^/\s]+|tg://|https?://t\.me/)", button["url"]):
                raise Refused(400, "Bad Request: BUTTON_URL_INVALID")
    if sum(map(len, rows)) > 100:
        raise Refused(400, "Bad Request: reply markup is too long")
    return rows


@contextlib.asynccontextmanager
async def open_telegram(limits: Limits | None = None) -> AsyncIterator[TelegramServer]:
    """A server with one bot; its `url` is what SHOPDESK_TELEGRAM_API is set to."""
    server = TelegramServer(limits=limits or Limits())
    runner = web.AppRunner(server.application(), shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await server.close()
        await runner.cleanup()
