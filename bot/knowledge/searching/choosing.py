"""Whether a Milvus searches, by the settings, and what `shopdesk doctor` says of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec

from bot.channels import Finding
from bot.knowledge.searching.milvus import MilvusServer
from bot.knowledge.searching.milvus_versions import MilvusVersions
from bot.settings import Settings, SettingsError

NAME = "SHOPDESK_MILVUS_URL"


@asynccontextmanager
async def choose_milvus(settings: Settings) -> AsyncIterator[MilvusVersions | None]:
    """None where each machine searches itself. It may be away: until it has come, each machine does.

    Raises SettingsError where one is set and its client is not installed.
    """
    if not settings.milvus_url:
        yield None
        return
    if missing := _missing(settings):
        raise SettingsError(f"{NAME} is set, and {missing}.")
    server = MilvusServer(settings.milvus_url, settings.milvus_token.get_secret_value())
    try:
        yield MilvusVersions(server)
    finally:
        await server.close()


async def milvus_findings(settings: Settings) -> list[Finding]:
    """One where a Milvus is set. Takes a few seconds at most."""
    if not settings.milvus_url:
        return []
    if missing := _missing(settings):
        return [Finding(NAME, False, missing, "Install it, or unset the setting.")]
    try:
        async with choose_milvus(settings) as versions:
            names = await versions.names() if versions else set()
    except ConnectionError as error:
        return [Finding(NAME, False, str(error), "Until then each machine searches itself.")]
    found = f"{settings.milvus_url} holds {len(names)} version{'' if len(names) == 1 else 's'} of the knowledge"
    return [Finding(NAME, True, found)]


def _missing(settings: Settings) -> str:
    if find_spec("pymilvus") is None:
        return "pymilvus is not installed: it comes with the extra milvus"
    if settings.milvus_url.endswith(".db") and find_spec("milvus_lite") is None:
        return "milvus-lite is not installed, which a file needs: set the address of a server"
    return ""
