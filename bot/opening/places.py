"""Where a desk's settings come from, and where they say that its parts are."""

from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

import prompts as prompts_that_come_along
from bot.answering.prompting import Prompts
from bot.redis.embedded import socket_path
from bot.settings import Settings


def read_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment over the .env file of the current folder."""
    from_file = {name: value for name, value in dotenv_values(".env").items() if value is not None}
    return {**from_file, **environ}


def database_url(settings: Settings) -> str:
    if settings.database_url:
        return settings.database_url
    return f"sqlite+aiosqlite:///{(settings.data_dir / 'shop.sqlite').resolve()}"


def redis_url(settings: Settings) -> str:
    """Where a desk that runs already has its Redis: for whoever joins it or looks at it from outside."""
    return settings.redis_url or f"unix://{socket_path(settings.data_dir)}"


def read_prompts(settings: Settings) -> Prompts:
    shipped = Path(str(prompts_that_come_along.__path__[0]))
    return Prompts(settings.prompts_dir, beneath=shipped) if settings.prompts_dir else Prompts(shipped)
