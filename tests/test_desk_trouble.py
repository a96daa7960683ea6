"""Redis goes and comes back under open pages of staff: they say so, stay signed in, and miss nothing."""

import asyncio
import json
from pathlib import Path

from bot.redis.connection import Connection
from bot.redis.embedded import server_binary
from serving.chaos.servers import server
from tests.staff_pages import browsing, hear, staffed_shop, texts, waiting_customer

AWAY = "The desk cannot reach its store; try again in a few seconds."
BACK_SECONDS = 20.0  # two files run at a time, and the machine may have little to spare


async def test_a_record_that_cannot_be_read_does_not_stop_what_every_page_is_told(
    demo_data: Path, redis_url: str, connection: Connection
) -> None:
    async with (
        staffed_shop(demo_data, redis_url, alone=True) as shop,
        browsing(shop, "otto") as otto,
        otto.socket() as page,
        waiting_customer(shop) as customer,
    ):
        await hear(page, lambda frame: customer.id in json.dumps(frame))
        [key] = await connection.commands.keys(f"handoff:*{customer.id}")
        kept = await connection.commands.hgetall(key)
        await connection.commands.hset(key, "since", "of another release")
        await otto.post(f"talks/{customer.id}/take")
        await asyncio.sleep(1)
        await connection.commands.hset(key, "since", kept["since"])
        assert (await otto.post(f"talks/{customer.id}/take"))[0] == 200
        async with waiting_customer(shop, "I want a person too") as other:
            await hear(page, lambda frame: other.id in json.dumps(frame))


async def test_pages_outlive_a_redis_that_was_gone(demo_data: Path, tmp_path: Path) -> None:
    binary = server_binary()
    assert binary
    with server(binary, tmp_path / "redis") as redis:
        async with (
            staffed_shop(demo_data, redis.url, alone=False) as shop,
            browsing(shop, "otto") as otto,
            otto.socket() as page,
            waiting_customer(shop) as customer,
        ):
            await page.send(json.dumps({"watch": customer.id}))
            await hear(page, lambda frame: frame["kind"] == "talk")
            redis.kill()
            assert await otto.get("line") == (503, {"error": AWAY, "code": "away"})
            assert (await otto.post(f"talks/{customer.id}/take"))[1]["code"] == "away"
            async with otto.http.get("/desk") as shown:
                assert (shown.status, shown.content_type) == (503, "text/html")
            assert (await otto.sign_in("olivia")).status == 503
            redis.start()
            async with asyncio.timeout(BACK_SECONDS):
                while (status := (await otto.post(f"talks/{customer.id}/take"))[0]) != 200:
                    assert status == 503
                    await asyncio.sleep(0.1)
            whole = await hear(page, lambda frame: frame["kind"] == "line")
            assert [one["conversation"] for one in whole["handoffs"]] == [customer.id]
            async with asyncio.timeout(BACK_SECONDS):  # a wire may still be one of those that Redis has left
                while (status := (await customer.post({"id": "after", "text": "Is anybody there?"}))[0]) != 200:
                    assert status == 503
                    await asyncio.sleep(0.1)
            await hear(page, lambda frame: frame["kind"] == "talk" and "Is anybody there?" in texts(frame["events"]))
