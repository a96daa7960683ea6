"""Lets a page's one socket in: signed in, from our own page, and not too many of one member."""

import contextlib
from collections import Counter
from collections.abc import Iterator

from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from adapters.web.desk.gate import Gate, Signed
from adapters.web.desk.newsroom import Newsroom
from adapters.web.desk.open_page import OpenPage
from adapters.web.desk.refusals import SignedOut, desk_response
from adapters.web.refusals import Refusal
from adapters.web.settings import WebSettings
from adapters.web.socket import BAD_FRAME, NOT_PROVEN, TOO_MANY, TRY_LATER
from bot.channels import Handles


class Live:
    def __init__(self, settings: WebSettings, handles: Handles, gate: Gate, newsroom: Newsroom) -> None:
        self._settings, self._handles, self._gate, self._newsroom = settings, handles, gate, newsroom
        self._open: Counter[str] = Counter()

    def routes(self) -> list[BaseRoute]:
        return [WebSocketRoute("/desk/api/live", self.serve)]

    async def serve(self, socket: WebSocket) -> None:
        try:
            signed = await self._let_in(socket)
            with self._one_more(signed.member.login):
                await socket.accept()
                self._handles.figures.sockets(+1)
                try:
                    await self._show(socket, signed)
                finally:
                    self._handles.figures.sockets(-1)
        except (SignedOut, Refusal, ConnectionError) as problem:
            await socket.send_denial_response(desk_response(problem))
        except (WebSocketDisconnect, WebSocketDisconnected):
            return  # gone: there is nobody to tell

    async def _let_in(self, socket: WebSocket) -> Signed:
        """Raises Refusal (403), SignedOut, ConnectionError."""
        if socket.headers.get("origin", "") not in self._settings.own_origins:
            raise Refusal(403, "The desk may only be opened from its own pages.")
        return await self._gate.signed(socket)

    async def _show(self, socket: WebSocket, signed: Signed) -> None:
        """Once it is open, a refusal is a code and a reason at its end."""
        page = OpenPage(socket, signed, self._settings, self._handles, self._newsroom)
        try:
            await page.run()
        except SignedOut:
            await socket.close(NOT_PROVEN, "You are signed out.")
        except Refusal as refusal:
            codes = {429: TOO_MANY, 503: TRY_LATER}
            await socket.close(codes.get(refusal.status, BAD_FRAME), refusal.message)

    @contextlib.contextmanager
    def _one_more(self, login: str) -> Iterator[None]:
        at_most = self._settings.desk_pages_per_member
        if self._open[login] >= at_most:
            raise Refusal(429, f"More than {at_most} pages of the desk are open.", retry_after=10)
        self._open[login] += 1
        try:
            yield
        finally:
            self._open[login] -= 1
            if not self._open[login]:
                del self._open[login]
