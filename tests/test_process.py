"""The program as its user meets it: starting, stopping, being killed, and what it says when it cannot start."""

import asyncio
import json
import os
import shutil
import signal
import socket
import stat
from pathlib import Path

import aiohttp
import pytest

from serving.ports import free_port
from serving.script import Reply, Rule, Script
from serving.scripted_model import scripted_model
from tests.running import Running, all_gone, environment, run_here, run_once, running

SMALL_SHOP = Path(__file__).parent / "data" / "small_shop"
SLOW = Script(rules=(Rule(Reply(text="Here is the answer.", first_token=1.5)),))


async def open_conversation(http: aiohttp.ClientSession, desk: Running) -> tuple[str, dict[str, str]]:
    async with http.post(f"{desk.url}/v1/conversations", json={}) as response:
        made = await response.json()
    return f"{desk.url}/v1/conversations/{made['conversation']}", {"Authorization": f"Bearer {made['token']}"}


async def ask(desk: Running, text: str) -> list[dict[str, str]]:
    async with aiohttp.ClientSession() as http:
        address, headers = await open_conversation(http, desk)
        async with http.post(f"{address}/messages", json={"id": "1", "text": text}, headers=headers) as response:
            assert response.status == 200, await response.text()
            return list((await response.json())["parts"])


async def test_ctrl_c_stops_everything_and_the_next_start_goes_on(demo_data: Path) -> None:
    with running(demo_data) as desk:
        assert "working days" in (await ask(desk, "How long does delivery take?"))[0]["text"]
        family = desk.family()
        assert any("redis" in one.name() for one in family)
        desk.process.send_signal(signal.SIGINT)
        assert desk.process.wait(timeout=40) == 0
        assert all_gone(family, within=20)
        assert "Traceback" not in desk.output.read_text()
    with running(demo_data) as desk:
        assert "工作日" in (await ask(desk, "多久能送到？"))[0]["text"]


async def test_kill_9_leaves_no_orphan_and_every_accepted_message_is_answered_after_the_restart(
    demo_data: Path,
) -> None:
    async with scripted_model(SLOW) as model, aiohttp.ClientSession() as http:
        settings = {"model_url": model, "model_name": "scripted"}
        with running(demo_data, **settings) as desk:
            accepted = [await accept(http, desk, number) for number in range(20)]
            family = desk.family()
            desk.process.kill()
            assert all_gone(family, within=20), "the embedded Redis outlived the program"
        with running(demo_data, **settings) as desk:
            async with asyncio.timeout(60):
                for conversation, headers in accepted:
                    await answered_once(http, f"{desk.url}/v1/conversations/{conversation}", headers)


async def accept(http: aiohttp.ClientSession, desk: Running, number: int) -> tuple[str, dict[str, str]]:
    """The stream begins when the message has been accepted; then we hang up."""
    address, headers = await open_conversation(http, desk)
    headers["Accept"] = "text/event-stream"
    body = {"id": f"m{number}", "text": f"Question {number}"}
    async with http.post(f"{address}/messages", json=body, headers=headers) as response:
        assert response.status == 200
    return address.rsplit("/", 1)[1], {"Authorization": headers["Authorization"]}


async def answered_once(http: aiohttp.ClientSession, address: str, headers: dict[str, str]) -> None:
    while True:
        async with http.get(f"{address}/events", headers=headers) as response:
            events = (await response.json()).get("events", [])  # 503 while Redis is away
        if any(event.get("status") == "done" for event in events):
            break
        await asyncio.sleep(0.1)
    assert [event["text"] for event in events if event["kind"] == "text"] == ["Here is the answer."], json.dumps(events)


async def test_the_embedded_redis_comes_back_after_a_kill_and_nothing_accepted_is_lost(demo_data: Path) -> None:
    async with scripted_model(SLOW) as model, aiohttp.ClientSession() as http:
        with running(demo_data, model_url=model, model_name="scripted") as desk:
            accepted = [await accept(http, desk, number) for number in range(10)]
            (redis,) = [one for one in desk.family() if "redis" in one.name()]
            redis.kill()
            async with asyncio.timeout(40):
                for conversation, headers in accepted:
                    await answered_once(http, f"{desk.url}/v1/conversations/{conversation}", headers)


def test_a_taken_port_is_one_sentence(demo_data: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        ended = run_once("run", env=environment(demo_data, port=port))
    assert ended.returncode == 1
    (sentence,) = ended.stderr.splitlines()
    assert f"Port {port} is taken" in sentence and "SHOPDESK_PORT" in sentence and "Errno" not in sentence
    assert ended.stdout == ""


def test_a_data_folder_in_use_is_one_sentence(demo_data: Path) -> None:
    with running(demo_data):
        ended = run_once("run", env=environment(demo_data, port=free_port()))
    assert ended.returncode == 1
    assert "in use by another Shopdesk" in ended.stderr and "SHOPDESK_DATA_DIR" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_unusable_data_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    ended = run_here("run", env=environment(tmp_path / "file" / "data", port=free_port()))
    assert ended.returncode == 1
    assert "SHOPDESK_DATA_DIR" in ended.stderr and "Traceback" not in ended.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_data_folder_is_one_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    ended = run_once("run", env=environment(tmp_path / "data", port=free_port()))
    assert ended.returncode == 1 and "SHOPDESK_DATA_DIR" in ended.stderr


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("port", "eighty", "SHOPDESK_PORT"),
        ("redis_url", "localhost:6379", "SHOPDESK_REDIS_URL: must begin with redis://"),
        ("redis_url", "redis://127.0.0.1:1", "No Redis at redis://127.0.0.1:1"),
        ("database_url", "mysql://nobody@127.0.0.1/x", "SHOPDESK_DATABASE_URL"),
        ("model_url", "http://127.0.0.1:1", "SHOPDESK_MODEL_NAME is missing"),
        ("workers", "0", "SHOPDESK_WORKERS"),
        ("log_level", "LOUD", "SHOPDESK_LOG_LEVEL"),
        ("prompts_dir", "/nowhere", "sentences.toml is missing"),
    ],
)
def test_a_wrong_setting_is_named_in_one_sentence(demo_data: Path, setting: str, value: str, said: str) -> None:
    ended = run_here("run", env=environment(demo_data, **{"port": free_port(), setting: value}))
    assert ended.returncode == 1
    assert said in ended.stderr and "Traceback" not in ended.stderr, ended.stderr


def test_a_data_folder_with_a_very_long_path_works(demo_data: Path, tmp_path: Path) -> None:
    deep = tmp_path / ("deep-" + "x" * 120) / "data"
    deep.parent.mkdir()
    demo_data.rename(deep)
    with running(deep) as desk:
        assert desk.process.poll() is None


def test_an_import_says_what_is_missing_and_whether_a_running_desk_knows_it(tmp_path: Path) -> None:
    env = environment(tmp_path / "data")
    shop = shutil.copytree(SMALL_SHOP, tmp_path / "shop")
    texts = tmp_path / "en" / "faq"
    texts.mkdir(parents=True)
    (texts / "page.md").write_text("## How long? {#long}\n\nTwo days.\n", encoding="utf-8")
    early = run_here("knowledge", "import", str(texts), env=env)
    assert "There is no shop yet" in early.stdout, early.stderr
    assert run_here("knowledge", "remove", "long", env=env).returncode == 0
    first = run_here("shop", "import", str(shop), env=env)
    assert first.stdout.splitlines()[1:] == ["There is no FAQ and no policy now: shopdesk knowledge import PATH."]
    assert "shop yet" not in run_here("knowledge", "import", str(texts), env=env).stdout
    (shop / "products.json").write_text((shop / "products.json").read_text().replace('"39.00"', '"41.00"'))
    priced = run_here("shop", "import", str(shop), env=env)
    assert priced.stdout.splitlines()[1].startswith("A desk that is running answers from it at once"), priced.stderr
    (shop / "shop.toml").write_text((shop / "shop.toml").read_text().replace("desk@", "help@"))
    named = run_here("shop", "import", str(shop), env=env)
    assert "a desk that is running has to be started again" in named.stdout, named.stderr


def test_to_erase_a_conversation_that_there_is_not_is_no_success(tmp_path: Path, redis_url: str) -> None:
    done = run_here("mailbox", "erase", "web:NOBODY", env=environment(tmp_path, redis_url=redis_url))
    assert done.returncode == 1 and "nothing is known of web:NOBODY" in done.stderr


def test_doctor_says_of_everything_what_it_found(demo_data: Path) -> None:
    ended = run_once("doctor", env=environment(demo_data, port=free_port()))
    assert ended.returncode == 0, ended.stdout
    for name in (
        "python",
        "SHOPDESK_DATA_DIR",
        "SHOPDESK_REDIS_URL",
        "SHOPDESK_DATABASE_URL",
        "knowledge",
        "web address",
    ):
        assert name in ended.stdout


def test_doctor_names_a_model_server_that_is_not_there(demo_data: Path) -> None:
    env = environment(demo_data, port=free_port(), model_url="http://127.0.0.1:1", model_name="m")
    ended = run_here("doctor", env=env)
    assert ended.returncode == 1
    assert "MEND SHOPDESK_MODEL_URL" in ended.stdout and "make serve-model" in ended.stdout


def test_chat_answers_each_line_of_the_terminal_and_ends_with_it(demo_data: Path) -> None:
    ended = run_once("chat", env=environment(demo_data), stdin="How long does delivery take?\n谢谢\n")
    assert ended.returncode == 0, ended.stderr
    assert "working days" in ended.stdout and "不客气" in ended.stdout
