"""The core's settings: the environment (and a .env file) into one frozen object. Channels read their own."""

import re
from collections.abc import Mapping
from email.utils import parseaddr
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from bot.letters.mail import smtp_server

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
    redis_url: str = Field(
        "",
        description="redis:// or unix:// address, of a cluster some nodes with commas; empty: one in the data folder",
    )
    knowledge_url: str = Field(
        "",
        description="s3://, gs://, az:// or file:// address over which machines share large knowledge; "
        "empty: over Redis",
    )
    attachments_url: str = Field(
        "",
        description="s3://, gs://, az:// or file:// address where customers' photos and files are kept; "
        "empty: in the data folder",
    )
    attachment_mb: int = Field(
        10, ge=1, le=100, description="The largest photo or file of a customer that is kept, in megabytes"
    )
    site_refresh_hours: float = Field(
        24,
        ge=0,
        le=8760,
        description="How often the sites of `shopdesk knowledge site add` are read again; 0: never by itself",
    )
    database_url: str = Field(
        "", description="postgresql+asyncpg:// or sqlite+aiosqlite:// address; empty: SQLite in the data folder"
    )
    model_url: str = Field(
        "",
        description="OpenAI-compatible address of the vLLM server, or of several with commas; "
        "empty: answers without a model",
    )
    model_name: str = Field("", description="Name under which the server serves the model; needed with MODEL_URL")
    model_key: SecretStr = Field(SecretStr(""), description="API key of the model server, if it wants one")
    model_sees: bool = Field(
        False, description="Whether the model takes pictures: then it is shown the photos that customers send"
    )
    model_concurrency: int = Field(
        32, ge=1, le=1024, description="Model calls at the same time, per process and address"
    )
    model_first_token_seconds: float = Field(
        8, gt=0, le=120, description="Longer without a first token: simpler answer"
    )
    model_turns_per_hour: int = Field(
        60, ge=0, description="Turns with the model for each customer; more are answered without it; 0: no limit"
    )
    model_reply_seconds: float = Field(45, gt=0, le=600, description="Longest time for one model call")
    embedder: Literal["auto", "none", "minilm", "served"] = Field(
        "auto",
        description="What finds texts by meaning: auto (served where EMBEDDING_URL is set, else MiniLM where it is "
        "installed, else none), none, minilm or served",
    )
    embedding_url: str = Field("", description="OpenAI-compatible address of the server of embeddings; empty: none")
    embedding_name: str = Field("", description="Name under which it serves the model; needed with EMBEDDING_URL")
    embedding_key: SecretStr = Field(SecretStr(""), description="Its API key, and the reranker's, if they want one")
    rerank_url: str = Field("", description="Address of a server that ranks passages (vLLM's /v1/rerank); empty: none")
    rerank_name: str = Field("", description="Name under which it serves the model; needed with RERANK_URL")
    milvus_url: str = Field(
        "", description="http://host:19530 of a Milvus that searches for all machines; a file ending in .db to try it"
    )
    milvus_token: SecretStr = Field(SecretStr(""), description="Its token, user:password, if it wants one")
    smtp_url: SecretStr = Field(
        SecretStr(""),
        description="smtp://user:password@host:587 or smtps://...; empty: no mail (the demo shop's goes into a folder)",
    )
    mail_from: str = Field("", description="Sender of the mails; empty: the shop's own e-mail address")
    prompts_dir: Path | None = Field(None, description="Folder with your own prompts; empty: the ones that come along")
    workers: int = Field(64, ge=1, le=10_000, description="Conversations served at the same time, per process")
    tone_threshold: float = Field(
        0.7, ge=0, le=1, description="How angry a message must sound, 0 to 1, for a person to be brought in; 0: never"
    )
    keep_days: int = Field(90, ge=1, le=3650, description="How long a conversation is kept after its last turn")
    insight_days: int = Field(
        400, ge=1, le=3650, description="How long what is counted of conversations is kept; their texts go with them"
    )
    burst_seconds: float = Field(
        0.6, ge=0, le=5, description="How long a customer who seems to write more is given for it; 0 to never wait"
    )
    busy_after: int = Field(200, ge=1, description="So many conversations in line, and customers are told their place")
    most_in_line: int = Field(10_000, ge=1, description="More conversations in line, and messages are refused for now")
    shards: int = Field(
        1, ge=1, le=64, description="Spread of conversations over a Redis Cluster, for good; 1 for a single server"
    )
    grace_seconds: float = Field(
        5, ge=0, le=3600, description="After SIGTERM or Ctrl-C: how long turns in the making may go on"
    )
    secret: SecretStr = Field(
        SecretStr(""),
        description="Signs visitors' tokens, 32 characters or more, the same in every process; "
        "empty: a file in the data folder",
    )
    metrics_host: str = Field("127.0.0.1", description="Where the figures for Prometheus are served, with METRICS_PORT")
    metrics_port: int = Field(0, ge=0, le=65535, description="Port of the figures, at /metrics; 0: none of their own")
    otlp_url: str = Field("", description="OTLP/HTTP address of a trace collector; empty: nothing is traced")
    log_level: str = Field("WARNING", description="DEBUG, INFO, WARNING or ERROR")
    log_format: Literal["text", "json"] = Field("text", description="One line each: for people, or as JSON")

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
            raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
        return value.upper()

    @field_validator("secret")
    @classmethod
    def _hard_to_guess(cls, value: SecretStr) -> SecretStr:
        if value and len(value.get_secret_value()) < 32:
            raise ValueError("must be at least 32 characters long: a short secret can be guessed")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis_scheme(cls, value: str) -> str:
        if value and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must begin with redis://, rediss:// or unix://")
        return value

    @field_validator("knowledge_url", "attachments_url")
    @classmethod
    def _shelf_scheme(cls, value: str) -> str:
        if value and not value.startswith(("s3://", "gs://", "az://", "file:///")):
            raise ValueError("must begin with s3://, gs://, az:// or file:///")
        return value.rstrip("/")

    @field_validator("otlp_url")
    @classmethod
    def _collector_scheme(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value.rstrip("/")

    @field_validator("model_url")
    @classmethod
    def _http_scheme(cls, value: str) -> str:
        addresses = [address.strip().rstrip("/") for address in value.split(",")] if value else []
        if not all(address.startswith(("http://", "https://")) for address in addresses):
            raise ValueError("must begin with http:// or https://, each address where there are several with commas")
        return ",".join(dict.fromkeys(addresses))

    @field_validator("embedding_url", "rerank_url")
    @classmethod
    def _one_server(cls, value: str) -> str:
        if value and (not value.startswith(("http://", "https://")) or "," in value):
            raise ValueError("must be one address that begins with http:// or https://")
        return value.rstrip("/")

    @field_validator("milvus_url")
    @classmethod
    def _milvus_address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")) and not value.endswith(".db"):
            raise ValueError("must begin with http:// or https://, or be a file that ends with .db")
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

    @property
    def model_urls(self) -> tuple[str, ...]:
        """One for each replica of the model."""
        return tuple(self.model_url.split(",")) if self.model_url else ()


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
    for what in ("model", "embedding", "rerank"):
        if getattr(settings, f"{what}_url") and not getattr(settings, f"{what}_name"):
            name = f"{PREFIX}{what.upper()}"
            raise SettingsError(f"{name}_NAME is missing: {name}_URL is set, so name the model served there.")
    if settings.embedder == "served" and not settings.embedding_url:
        raise SettingsError("SHOPDESK_EMBEDDING_URL is missing: SHOPDESK_EMBEDDER is served, so say where.")
    return settings
