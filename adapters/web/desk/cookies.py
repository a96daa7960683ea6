"""The one cookie of staff, and the token without which nobody writes: both are nothing at another shop's desk."""

import hmac

from starlette.requests import HTTPConnection
from starlette.responses import Response

from adapters.web.settings import WebSettings
from adapters.web.tokens import derived

SECONDS = 7 * 24 * 3600  # a session never lives longer
_MARK = 32  # characters behind the session's token


class Cookies:
    def __init__(self, settings: WebSettings, secret: bytes) -> None:
        self._secret = secret
        self._secure = settings.public_url.startswith("https://")
        self.name = "__Host-shopdesk-desk" if self._secure else "shopdesk-desk"

    def read(self, connection: HTTPConnection) -> str:
        """The session's token; "" where there is none, or another desk gave it."""
        token, _, mark = connection.cookies.get(self.name, "").rpartition(".")
        return token if token and hmac.compare_digest(mark.encode(), self._marked(token).encode()) else ""

    def set(self, answer: Response, token: str) -> None:
        answer.set_cookie(
            self.name,
            f"{token}.{self._marked(token)}",
            max_age=SECONDS,
            path=self._path,
            secure=self._secure,
            httponly=True,
            samesite="strict",
        )

    def clear(self, answer: Response) -> None:
        answer.delete_cookie(self.name, path=self._path, secure=self._secure, httponly=True, samesite="strict")

    def csrf(self, token: str) -> str:
        """What a page of this session sends with every write."""
        return derived(self._secret, f"desk page {token}").hex()

    @property
    def _path(self) -> str:
        return "/" if self._secure else "/desk"  # __Host- wants the root

    def _marked(self, token: str) -> str:
        return derived(self._secret, f"desk session {token}").hex()[:_MARK]
