"""How every command runs: with the settings of its environment, to its end or to Ctrl-C, and how it fails."""

import asyncio
import gc
import sys
from collections.abc import Coroutine, Mapping

import click

from bot.knowledge.reading.drafts import KnowledgeFileError
from bot.observing.logs import configure_logs
from bot.opening.places import read_environment
from bot.settings import Settings, read_settings
from bot.shop.files import ShopFileError

EXPECTED = (OSError, ValueError, KnowledgeFileError, ShopFileError)

# new objects before rings among them are looked for: Python's 700 has a busy desk look all the time
GARBAGE = (50_000, 20, 20)

Environ = Mapping[str, str]


def play(work: Coroutine[None, None, None]) -> None:
    """Run to the end, or to Ctrl-C or SIGTERM; what a person can mend is one sentence, everything else a traceback."""
    gc.set_threshold(*GARBAGE)
    try:
        asyncio.run(work)
    except KeyboardInterrupt:
        sys.exit(130)
    except EXPECTED as error:
        click.echo(f"shopdesk: {_sentence(error)}", err=True)
        sys.exit(1)


def settings_of(environ: Environ) -> Settings:
    """Those of the environment and the .env file; what is logged follows them. Raises SettingsError."""
    settings = read_settings(read_environment(environ))
    configure_logs(settings.log_format, settings.log_level)
    return settings


def _sentence(error: BaseException) -> str:
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return said or type(error).__name__
