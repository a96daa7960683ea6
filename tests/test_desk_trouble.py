"""Redis goes and comes back under open pages of staff: they say so, stay signed in, and miss nothing."""

import asyncio
import json
from pathlib import Path

from bot.redis.embedded import server_binary
from serving.chaos.servers import server
from tests.staff_pages import browsing, hear, staffed_shop, texts, waiting_customer

AWAY = "The desk cannot reach its store; try again in a few seconds."
BACK_SECONDS = 20.0  # two files run at a time, and the machine may have little to spare


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
