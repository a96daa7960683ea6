"""One conversation at the desk: what staff read of it, and what they do."""

import re
from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from adapters.web.desk.bodies import Answer, Assignment, Ending, Nothing, ToTranslate, WrittenNote, checked_text
from adapters.web.desk.gate import Gate
from adapters.web.desk.pages import language_of
from adapters.web.desk.refusals import Coded, wrong
from adapters.web.desk.telling import LONGEST_CONVERSATION, MOST_EVENTS, Talk, told
from adapters.web.files import file_response
from adapters.web.parts import checked_place
from adapters.web.refusals import json_response
from adapters.web.requests import Body, read_body
from adapters.web.settings import WebSettings
from adapters.web.uploads import Uploads
from bot.channels import Handles
from bot.desks import Canned, Member, NoSuchConversation, Reply

_ID = re.compile(r"[A-Za-z0-9._:-]{1,60}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")


class Done(msgspec.Struct, frozen=True):
    """It is done, and there is nothing to say of it."""


class Written(msgspec.Struct, frozen=True):
    event: str


class Replies(msgspec.Struct, frozen=True):
    replies: list[Reply]


class CannedAnswers(msgspec.Struct, frozen=True):
    canned: list[Canned]


class Talks:
    def __init__(self, settings: WebSettings, handles: Handles, gate: Gate, uploads: Uploads) -> None:
        self._settings, self._handles, self._gate, self._uploads = settings, handles, gate, uploads
        staff = handles.staff
        self._desk, self._assistance, self._people, self._book = staff.desk, staff.assistance, staff.people, staff.book

    def routes(self) -> list[BaseRoute]:
        reads: dict[str, Callable[[Request], Awaitable[Response]]] = {
            "": self.talk,
            "/case": self.case,
            "/replies": self.replies,
            "/canned": self.canned,
            "/files/{event}/{number:int}": self.file,
        }
        deeds: dict[str, Callable[[Request], Awaitable[Response]]] = {
            "/take": self.take,
            "/assign": self.assign,
            "/say": self.say,
            "/note": self.note,
            "/return": self.give_back,
            "/close": self.close,
            "/translate": self.translate,
            "/files": self.send_up,
        }
        talk = "/desk/api/talks/{conversation}"
        return [
            *(Route(talk + path, read, methods=["GET"]) for path, read in reads.items()),
            *(Route(talk + path, deed, methods=["POST"]) for path, deed in deeds.items()),
        ]

    async def talk(self, request: Request) -> Response:
        """The newest of it, or the newest before an event."""
        member, conversation = await self._gate.reader(request), conversation_of(request)
        before = checked_place("before", request.query_params.get("before", ""))
        handoff = await self._desk.handoff(conversation)
        notes = await self._desk.notes(conversation)
        events = await self._handles.postbox.transcript(conversation, before=before, at_most=MOST_EVENTS + 1)
        if not (events or notes or handoff or before):
            raise NoSuchConversation(conversation)
        self._book.read(member, conversation)
        shown = told(conversation, events[-MOST_EVENTS:], self._settings.public_url)
        return json_response(Talk(handoff, notes, shown, len(events) > MOST_EVENTS))

    async def case(self, request: Request) -> Response:
        member = await self._gate.reader(request, heavy=True)
        language = language_of(member, checked_language(request.query_params.get("language", ""), may_be_empty=True))
        return json_response(await self._assistance.case(conversation_of(request), language))

    async def replies(self, request: Request) -> Response:
        await self._gate.reader(request, heavy=True)
        return json_response(Replies(await self._assistance.replies(conversation_of(request))))

    async def canned(self, request: Request) -> Response:
        member = await self._gate.reader(request)
        language = checked_language(request.query_params.get("language", ""), may_be_empty=True)
        found = await self._assistance.canned(language_of(member, language), conversation_of(request), member)
        return json_response(CannedAnswers(found))

    async def file(self, request: Request) -> Response:
        await self._gate.reader(request)
        place = request.path_params
        return await file_response(self._handles, conversation_of(request), place["event"], place["number"])

    async def take(self, request: Request) -> Response:
        member, _ = await self._deed(request, Nothing)
        return json_response(await self._desk.take(member, conversation_of(request)))

    async def assign(self, request: Request) -> Response:
        member, wanted = await self._deed(request, Assignment)
        to = await self._people.named(wanted.to)
        if to is None:
            wrong("to", "is no member of the staff.")
        return json_response(await self._desk.assign(member, conversation_of(request), to))

    async def say(self, request: Request) -> Response:
        member, answer = await self._deed(request, Answer)
        conversation = conversation_of(request)
        if not _ID.fullmatch(answer.id):
            wrong("id", "must be 1 to 60 letters, digits or any of . _ : -")
        files = self._uploads.opened(conversation, answer.files)
        text = checked_text("text", answer.text, may_be_empty=bool(files))
        original = checked_text("original", answer.original, may_be_empty=True)
        message = f"web:{member.login}:{answer.id}"
        event = await self._desk.say(member, conversation, text, message, files, original)
        return json_response(Written(event))

    async def note(self, request: Request) -> Response:
        member, written = await self._deed(request, WrittenNote)
        text = checked_text("text", written.text)
        return json_response(await self._desk.note(member, conversation_of(request), text))

    async def give_back(self, request: Request) -> Response:
        member, _ = await self._deed(request, Nothing)
        await self._desk.give_back(member, conversation_of(request))
        return json_response(Done())

    async def close(self, request: Request) -> Response:
        member, ending = await self._deed(request, Ending)
        await self._desk.close(member, conversation_of(request), ending.help)
        return json_response(Done())

    async def translate(self, request: Request) -> Response:
        _, wanted = await self._deed(request, ToTranslate)
        text, language = checked_text("text", wanted.text), checked_language(wanted.language)
        if not self._assistance.translates:
            raise Coded(503, "no_model", "There is no model that translates; set SHOPDESK_MODEL_URL.")
        try:
            return json_response(await self._assistance.translated(conversation_of(request), text, language))
        except ValueError as problem:
            wrong("language", str(problem))
        except ConnectionError:
            raise Coded(503, "no_model", "The model is away; try again in a moment.", retry_after=5) from None

    async def send_up(self, request: Request) -> Response:
        """Kept with the conversation at once, and shown to the customer by the answer that names it."""
        member = await self._gate.writer(request)
        conversation = conversation_of(request)
        handoff = await self._desk.handoff(conversation)
        if handoff is None or handoff.owner != member.login:
            raise Coded(409, "take_first", f"Take {conversation} first.")
        return json_response(await self._uploads.take(request, conversation), 201)

    async def _deed(self, request: Request, expected: type[Body]) -> tuple[Member, Body]:
        member = await self._gate.writer(request)
        return member, await read_body(request, expected, self._settings.body_seconds)


def conversation_of(request: Request) -> str:
    """Raises NoSuchConversation for what cannot be one."""
    conversation = str(request.path_params["conversation"])
    if len(conversation.encode()) > LONGEST_CONVERSATION or not conversation.isprintable():
        raise NoSuchConversation(conversation)
    return conversation


def checked_language(language: str, may_be_empty: bool = False) -> str:
    """Raises Refusal (422)."""
    if not _LANGUAGE.fullmatch(language) and not (may_be_empty and not language):
        wrong("language", "must be a language tag such as en or zh-CN.")
    return language
