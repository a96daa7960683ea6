"""Whether the model servers are there: what doctor and health say of each of several."""

from pathlib import Path

import pytest

from bot.doctor import examine
from bot.model_server import ask_model_servers, away
from bot.settings import Settings, SettingsError, read_settings
from serving.script import Script
from serving.scripted_model import scripted_model

GONE = "http://127.0.0.1:9"  # the discard port: nothing listens there


def settings(data: Path, *urls: str, name: str = "scripted") -> Settings:
    return Settings(data_dir=data, model_url=",".join(urls), model_name=name)


async def test_every_replica_is_asked_and_the_one_that_is_away_is_named(tmp_path: Path) -> None:
    async with scripted_model(Script(())) as first, scripted_model(Script(())) as second:
        assert away(await ask_model_servers(settings(tmp_path, first, second))) == ""
        asked = await ask_model_servers(settings(tmp_path, first, GONE, second))
        assert [one.serves for one in asked] == [("scripted",), (), ("scripted",)]
        assert away(asked) == "away: 1 of 3, the others serve: number 2 (ClientConnectorError)"
        found = [one for one in await examine(settings(tmp_path, first, GONE), []) if "MODEL" in one.name]
        assert [(one.ok, GONE in one.found) for one in found] == [(True, False), (False, True)]


async def test_where_all_are_away_it_says_that_answers_come_without(tmp_path: Path) -> None:
    asked = await ask_model_servers(settings(tmp_path, GONE))
    assert away(asked) == "away: answers come without it (ClientConnectorError)"
    asked = await ask_model_servers(settings(tmp_path, GONE, GONE.replace(":9", ":7")))
    assert away(asked).startswith("away: 2 of 2, answers come without it: number 1")


async def test_a_replica_that_serves_another_model_is_found_out(tmp_path: Path) -> None:
    async with scripted_model(Script((), model="small-talk")) as url:
        found = [one for one in await examine(settings(tmp_path, url), []) if "MODEL" in one.name]
    assert [(one.name, one.ok) for one in found] == [("SHOPDESK_MODEL_NAME", False)]
    assert "small-talk" in found[0].found


def test_several_addresses_are_read_with_commas_and_each_once() -> None:
    names = {"SHOPDESK_MODEL_URL": "http://one:1/v1/, http://two:2,http://one:1/v1", "SHOPDESK_MODEL_NAME": "any"}
    assert read_settings(names).model_urls == ("http://one:1/v1", "http://two:2")
    assert read_settings({}).model_urls == ()


@pytest.mark.parametrize("wrong", ["one:8001", "http://one,two:8001", "http://one,"])
def test_an_address_without_its_scheme_is_refused_by_name(wrong: str) -> None:
    with pytest.raises(SettingsError, match="SHOPDESK_MODEL_URL: must begin with http"):
        read_settings({"SHOPDESK_MODEL_URL": wrong, "SHOPDESK_MODEL_NAME": "any"})
