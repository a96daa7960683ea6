"""When all is over: each transcript as it stands, and whom the desk says it answered where no word of theirs tells."""

import asyncio
from collections.abc import Sequence

import aiohttp
import msgspec

from serving.soak.connection import GONE
from serving.soak.seen import Record, Written, read_event
from serving.soak.words import words_in

AT_ONCE = 40
TRIES, RETRY_SECONDS = 30, 1.0
ANSWER_SECONDS = 70.0


class Transcript(msgspec.Struct, frozen=True):
    events: tuple[msgspec.Raw, ...]


async def read_all(records: Sequence[Record], url: str, answer_seconds: float = ANSWER_SECONDS) -> None:
    """Fills in `asked_again` and `transcript`; what is still on its way is waited for by asking again."""
    turns = asyncio.Semaphore(AT_ONCE)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http, asyncio.TaskGroup() as group:
        for record in records:
            group.create_task(_read(http, url, record, turns, answer_seconds))


async def _read(
    http: aiohttp.ClientSession, url: str, record: Record, turns: asyncio.Semaphore, answer_seconds: float
) -> None:
    async with turns:
        await _transcript(http, url, record)
        named = {one for event in record.transcript if event.frame.kind == "text" for one in words_in(event.frame.text)}
        stored = {event.frame.message for event in record.transcript}
        unnamed = [one for one in record.written if one.word not in named and one.id in stored]
        for message in unnamed:
            record.asked_again[message.id] = await _turn_that_answers(http, url, record, message, answer_seconds)
        if unnamed:
            await _transcript(http, url, record)


async def _transcript(http: aiohttp.ClientSession, url: str, record: Record) -> None:
    where = f"{url}/v1/conversations/{record.conversation}/events"
    for _ in range(TRIES):
        try:
            async with http.get(where, headers=_proof(record)) as answer:
                if answer.status == 200:
                    read = msgspec.json.decode(await answer.read(), type=Transcript)
                    record.transcript = [read_event(bytes(raw)) for raw in read.events]
                    return
        except GONE:
            pass
        await asyncio.sleep(RETRY_SECONDS)
    raise ConnectionError(f"The transcript of {record.conversation} cannot be read.")


async def _turn_that_answers(
    http: aiohttp.ClientSession, url: str, record: Record, message: Written, answer_seconds: float
) -> str:
    """The same message id once more: the API promises the same reply. Its `done` names the turn; "" = no answer."""
    where = f"{url}/v1/conversations/{record.conversation}/messages"
    headers = _proof(record) | {"Accept": "text/event-stream", "Content-Type": "application/json"}
    body = msgspec.json.encode(message.body())
    try:
        async with asyncio.timeout(answer_seconds), http.post(where, data=body, headers=headers) as answer:
            event_id = ""
            async for line in answer.content:
                if line.startswith(b"id: "):
                    event_id = line[4:].strip().decode()
                elif b'"status":"done"' in line and line.startswith(b"data: "):
                    return event_id
    except GONE:
        pass
    return ""


def _proof(record: Record) -> dict[str, str]:
    return {"Authorization": f"Bearer {record.token}"}
