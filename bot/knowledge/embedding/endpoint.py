"""One model behind a server of embeddings or rankings: JSON out, JSON in, a deadline, and a sentence when it fails."""

import asyncio
import logging
import time

import aiohttp
import msgspec

log = logging.getLogger(__name__)

LONGEST_REASON = 300  # bytes of an error's body that are repeated
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})  # answers that another try may change
FAILURES_IN_A_ROW = 3
REST_SECONDS = 5.0


class EndpointFailed(Exception):
    """The sentence says which address, and what it did."""

    def __init__(self, said: str, passing: bool = True) -> None:
        super().__init__(said)
        self.passing = passing  # whether it may be well on the next try


class Endpoint:
    """`url` is the server's, with or without /v1. The HTTP session belongs to whoever opened it."""

    def __init__(self, http: aiohttp.ClientSession, url: str, model: str, key: str = "") -> None:
        self.url, self.model = f"{url.rstrip('/').removesuffix('/v1')}/v1", model
        self._http = http
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._failures, self._rests_until = 0, 0.0

    @property
    def rests(self) -> bool:
        """Whether it has just failed several times in a row: nobody should wait for it now."""
        return time.monotonic() < self._rests_until

    async def get(self, path: str, seconds: float) -> bytes:
        return await self._asked("GET", path, None, seconds)

    async def post(self, path: str, body: object, seconds: float) -> bytes:
        """`body` is what msgspec can encode. The seconds are for all of it. Raises EndpointFailed."""
        return await self._asked("POST", path, msgspec.json.encode(body), seconds)

    async def _asked(self, method: str, path: str, body: bytes | None, seconds: float) -> bytes:
        try:
            answer = await self._answer(method, f"{self.url}{path}", body, seconds)
        except EndpointFailed as failure:
            if failure.passing:
                self._count_failure(failure)
            raise
        self._failures, self._rests_until = 0, 0.0
        return answer

    def _count_failure(self, failure: EndpointFailed) -> None:
        self._failures += 1
        if self._failures % FAILURES_IN_A_ROW == 0:
            self._rests_until = time.monotonic() + REST_SECONDS
            log.warning("nobody waits for it for %g s: %s", REST_SECONDS, failure)

    async def _answer(self, method: str, url: str, body: bytes | None, seconds: float) -> bytes:
        headers = {**self._headers, "Content-Type": "application/json"}
        try:
            async with (
                asyncio.timeout(seconds),
                self._http.request(method, url, data=body, headers=headers, allow_redirects=False) as response,
            ):
                if response.status != 200:
                    why = (await response.content.read(LONGEST_REASON)).decode(errors="replace").strip()
                    raise EndpointFailed(f"{url} answered {response.status}: {why}", response.status in PASSING)
                return await response.read()
        except TimeoutError:
            raise EndpointFailed(f"{url} did not answer within {seconds:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise EndpointFailed(f"{url} cannot be reached: {why}") from error
