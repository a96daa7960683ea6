"""What the README names exists: make targets, commands, settings and files."""

import re
import tomllib
from pathlib import Path

import click
import pytest

from bot.cli import main
from bot.settings import PREFIX, Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILES = "\n".join(
    path.read_text(encoding="utf-8") for path in (ROOT / "Makefile", *(ROOT / "serving").glob("*.mk"))
)
DOCUMENTS = [ROOT / "README.md", ROOT / "serving" / "README.md", *(ROOT / "docs").glob("*.md")]


def all_commands(group: click.Group, before: str = "") -> set[str]:
    found, context = set(), click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command
        if isinstance(command, click.Group):
            found |= all_commands(command, f"{before}{name} ")
        if before or not isinstance(command, click.Group):
            found.add(before + name)
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_make_target_that_is_named_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^|`|^SHOPDESK\S+ )(?:[A-Z_]+=\S+ )*make ([a-z][a-z-]*)", text, re.MULTILINE))
    targets = set(re.findall(r"^([a-z][a-z-]*):", MAKEFILES, re.MULTILINE))
    assert named <= targets, named - targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_that_is_named_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    commands = all_commands(main)
    for words in re.findall(r"(?:`|bin/)shopdesk ((?:[a-z]+ ?){1,3})", text):
        said = words.split()
        assert any(" ".join(said[:count]) in commands for count in (1, 2, 3)), f"shopdesk {words}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_linked_file_exists(document: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8")):
        if "://" not in link:
            assert (document.parent / link).exists(), link


def test_the_settings_table_has_every_setting_and_no_other() -> None:
    table = README.partition("## Settings")[2].partition("\n## ")[0]
    named = set(
        re.findall(r"`([A-Z_]{3,})`", "\n".join(line.split("|")[1] for line in table.splitlines() if "| `" in line))
    )
    core = {name.upper() for name in Settings.model_fields}
    channels = set()
    for path in (ROOT / "adapters").rglob("*.py"):
        channels |= set(re.findall(rf'"{PREFIX}([A-Z_]+)"', path.read_text(encoding="utf-8")))
    assert named == core | channels


def test_the_licence_is_the_one_that_is_named() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["license"] == "Apache-2.0" and "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
