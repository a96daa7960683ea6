"""A channel from elsewhere: docs/adding-a-channel.md shows a whole one, and it is found once it is installed."""

import asyncio
import shutil
from pathlib import Path

import pytest

from serving.ports import free_port
from tests.line_channel import LineChannel
from tests.running import environment, run_once, running

ROOT = Path(__file__).parent.parent
CODE = (ROOT / "tests" / "line_channel.py").read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "adding-a-channel.md").read_text(encoding="utf-8")


def fenced(kind: str) -> str:
    return PAGE.partition(f"```{kind}\n")[2].partition("```\n")[0]


def test_the_page_shows_the_channel_that_is_tested_and_it_is_short() -> None:
    assert fenced("python") == CODE
    assert len(CODE.splitlines()) < 80


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """A package of somebody else's with the entry point of the page; returns the port that its setting names."""
    package, port = tmp_path / "elsewhere", free_port()
    info = package / "lines-1.0.dist-info"
    info.mkdir(parents=True)
    shutil.copy(ROOT / "tests" / "line_channel.py", package)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lines\nVersion: 1.0\n")
    entry_point = fenced("toml").replace('[project.entry-points."shopdesk.channels"]', "[shopdesk.channels]")
    (info / "entry_points.txt").write_text(entry_point.replace('"', ""))
    monkeypatch.setenv("PYTHONPATH", str(package))
    monkeypatch.setenv("LINES_PORT", str(port))
    return port


async def test_a_channel_from_elsewhere_is_served_once_it_is_installed_and_set_up(
    installed: int, demo_data: Path
) -> None:
    with running(demo_data):
        reader, writer = await asyncio.open_connection("127.0.0.1", installed)
        writer.write(b"NICK ada\nSAY 1 How long does delivery take?\n")
        async with asyncio.timeout(60):
            shown = (await reader.readuntil(b"END")).decode().splitlines()
        writer.close()
    assert "STORED 1" in shown
    assert any(line.startswith("TEXT") and "3 to 5 working days" in line for line in shown)
    assert "SOURCE /en/help/delivery-time How long does delivery take?" in shown


def test_doctor_and_the_help_name_it(installed: int, demo_data: Path) -> None:
    env = environment(demo_data)
    assert "lines" in run_once("--help", env=env).stdout
    assert f"port {installed}" in run_once("doctor", env=env).stdout


def test_a_setting_that_is_wrong_is_named() -> None:
    with pytest.raises(ValueError, match="LINES_PORT must be a number"):
        LineChannel({"LINES_PORT": "many"})
    assert not LineChannel({}).enabled()
