"""The core's settings: the environment (and a .env file) into one frozen object. Channels read their own."""

import re
from collections.abc import Mapping
from email.utils import parseaddr
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from bot.mail import smtp_server

ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
PREFIX = "SHOPDESK_"


class SettingsError(ValueError):
    """A setting is wrong; the text names it."""


class Settings(BaseModel):
    """Each field is the environment variable of its name in capitals, after SHOPDESK_."""

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    data_dir: Path = Field(
        Path("data"), description="Folder for the embedded Redis, the database and the knowledge index"
    )
    redis_url: str = Field("", description="redis:// or unix:// address; empty: an embedded Redis in the data folder")
    database_url: str = Field(
        "", description="postgresql+asyncpg:// or sqlite+aiosqlite:// address; empty: SQLite in the data folder"
    )
    model_url: str = Field(
        "", description="OpenAI-compatible address of the vLLM server; empty: answers without a model"
    )
    model_name: str = Field("", description="Name under which the server serves the model; needed with MODEL_URL")
    model_key: SecretStr = Field(SecretStr(""), description="API key of the model server, if it wants one")
    model_concurrency: int = Field(32, ge=1, le=1024, description="Model calls at the same time, per process")
    model_first_token_seconds: float = Field(
        8, gt=0, le=120, description="Longer without a first token: simpler answer"
    )
    model_reply_seconds: float = Field(45, gt=0, le=600, description="Longest time for one model call")
    smtp_url: SecretStr = Field(
        SecretStr(""),
        description="smtp://user:password@host:587 or smtps://...; empty: no mail (the demo shop's goes into a folder)",
    )
    mail_from: str = Field("", description="Sender of the mails; empty: the shop's own e-mail address")
    prompts_dir: Path | None = Field(None, description="Folder with your own prompts; empty: the ones that come along")
    workers: int = Field(64, ge=1, le=10_000, description="Conversations served at the same time, per process")
    shards: int = Field(
        1, ge=1, le=64, description="Spread of conversations over a Redis Cluster; 1 for a single server"
    )
    log_level: str = Field("WARNING", description="DEBUG, INFO, WARNING or ERROR")

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
            raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
        return value.upper()

    @field_validator("redis_url")
    @classmethod
    def _redis_scheme(cls, value: str) -> str:
        if value and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must begin with redis://, rediss:// or unix://")
        return value

    @field_validator("model_url")
    @classmethod
    def _http_scheme(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value.rstrip("/")

    @field_validator("smtp_url")
    @classmethod
    def _smtp_address(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value():
            smtp_server(value.get_secret_value())
        return value

    @field_validator("mail_from")
    @classmethod
    def _one_address(cls, value: str) -> str:
        if value and not (value.isprintable() and ADDRESS.fullmatch(parseaddr(value)[1])):
            raise ValueError("must be an address such as desk@example.com or Our Shop <desk@example.com>")
        return value


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Raises SettingsError that names the variable and what is wrong with it."""
    fields = Settings.model_fields
    known = {name: environ[PREFIX + name.upper()] for name in fields if environ.get(PREFIX + name.upper())}
    try:
        settings = Settings.model_validate(known)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = PREFIX + str(first["loc"][0]).upper()
        raise SettingsError(f"{name}: {first['msg'].removeprefix('Value error, ')}.") from error
    if settings.model_url and not settings.model_name:
        raise SettingsError(
            "SHOPDESK_MODEL_NAME is missing: SHOPDESK_MODEL_URL is set, so name the model served there."
        )
    return settings
