"""What the README names exists: make targets, commands, settings and files."""

import re
import tomllib
from pathlib import Path

import click
import pytest
import yaml

from bot.cli import main
from bot.settings import PREFIX, Settings

ROOT = Path(__file__).parent.parent
SETTINGS = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
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


def all_settings() -> set[str]:
    found = {name.upper() for name in Settings.model_fields}
    for path in (ROOT / "adapters").rglob("*.py"):
        found |= set(re.findall(rf'"{PREFIX}([A-Z_]+)"', path.read_text(encoding="utf-8")))
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


def test_the_settings_tables_have_every_setting_and_no_other() -> None:
    rows = [line.split("|")[1] for line in SETTINGS.splitlines() if "| `" in line]
    named = set(re.findall(r"`([A-Z_]{3,})`", "\n".join(rows)))
    assert named == all_settings()


def test_docker_compose_sets_what_is_a_setting_and_starts_what_is_a_command() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    named = set(re.findall(rf"{PREFIX}([A-Z_]+)", text))
    assert named <= all_settings(), named - all_settings()
    services = yaml.safe_load(text)["services"]
    ours = {name: service for name, service in services.items() if service.get("build")}
    assert ours.keys() == {"web", "worker", "telegram", "discord"}
    for name, service in ours.items():
        assert service["command"] == ["shopdesk", name] and name in all_commands(main)
    for service in services.values():
        assert service["restart"] == "unless-stopped"
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), "open to the whole world"


def test_the_readme_is_read_in_five_minutes() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 130


def test_the_licence_is_the_one_that_is_named() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["license"] == "Apache-2.0" and "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
