"""The options that have an environment variable, their defaults and their checks."""

from pathlib import Path
from typing import Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from respan_langchain import _constants
from respan_langchain._arguments import DATASET_NAME, is_dataset_name
from respan_langchain.settings.credentials import read_stored_key

BROKER_SCHEMES: Final = frozenset({"redis", "rediss", "unix"})
MIN_PSEUDONYM_KEY: Final = 16
"""Characters; a shorter key could be guessed."""


class Settings(BaseSettings):
    """How to reach the platform, what every row says, and how rows are delivered."""

    model_config = SettingsConfigDict(
        env_prefix="RESPAN_",
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        allow_inf_nan=False,
    )

    enabled: bool = True
    """False captures nothing: handlers, `enable` and `capture` do nothing, and need no key."""
    api_key: SecretStr | None = None
    """The platform's key; not needed with a `sqlite:` URL."""
    on_missing_key: Literal["raise", "warn"] = "raise"
    """Whether a handler without a key raises, or logs a warning and captures nothing."""
    base_url: str = "https://api.respan.ai"
    """The platform, with or without `/api`; or `sqlite:///path.db`, a platform in a file."""
    allow_http: bool = False
    """Whether the key may be sent to another machine without encryption."""
    dataset: str | None = None
    """The dataset's name; an unknown one is created when the first rows are sent."""
    dataset_id: str | None = None
    """The dataset's id, in place of its name."""
    environment: str | None = None
    """Added to every row, for instance `production`."""
    app_version: str | None = None
    """Added to every row: the version of your application."""
    customer_identifier: str | None = Field(None, max_length=254)
    """Added to every row whose call does not name a customer."""
    sample_rate: float = Field(1.0, ge=0.0, le=1.0)
    """The fraction of conversations that is captured, the same ones in every process."""
    content: bool = True
    """False captures tokens, cost and timing only, no inputs and outputs."""
    pseudonym_key: SecretStr | None = None
    """With this key each value gets a stable pseudonym: `[redacted:ip:hfkemnbpaoclidgj]`."""

    delivery: Literal["memory", "spill", "durable"] = "memory"
    """Where rows wait: in memory, on disk when memory is full, or on disk from the start."""
    spool_dir: Path | None = None
    """Where `spill` and `durable` keep rows; by default `~/.respan/spool`."""
    overflow: Literal["drop_newest", "drop_oldest"] = "drop_newest"
    """Which row is dropped when the queue is full."""
    on_unconfirmed: Literal["resend", "keep"] = "resend"
    """Whether rows that may have been stored are sent again (at least once) or kept (at most once).
    """
    max_queue_rows: int = Field(_constants.MAX_QUEUE_ROWS, ge=1)
    """Rows that may wait, those in flight included."""
    max_queue_bytes: int = Field(_constants.MAX_QUEUE_BYTES, ge=65_536)
    """Bytes that may wait, those in flight included."""
    batch_rows: int = Field(_constants.MAX_BULK_LOGS, ge=1, le=_constants.MAX_BULK_LOGS)
    """Rows in one request; the platform accepts at most 500."""
    batch_bytes: int = Field(_constants.BATCH_BYTES, ge=1_000, le=20_000_000)
    """Bytes in one request."""
    flush_interval: float = Field(_constants.FLUSH_INTERVAL, gt=0.0, le=3600.0)
    """Seconds after which a batch is sent, full or not."""
    request_timeout: float = Field(_constants.REQUEST_TIMEOUT, gt=0.0)
    """Seconds for one request, from connecting to the last byte of the response."""
    exit_timeout: float = Field(_constants.EXIT_TIMEOUT, ge=0.0)
    """Seconds that delivery may delay the end of the process."""
    delivery_deadline: float = Field(_constants.DELIVERY_DEADLINE, gt=0.0)
    """Seconds after which an undelivered row is dropped and counted."""
    requests_per_minute: int = Field(_constants.BULK_REQUESTS_PER_MINUTE, ge=1, le=1_000_000)
    """Bulk requests of this process; the platform allows 30 for a whole organization."""

    via: SecretStr | None = None
    """Redis or Valkey, where rows wait for a forwarder: `rediss://user:password@host/0`."""
    via_fallback: Literal["wait", "direct"] = "wait"
    """While the broker cannot be reached, whether rows wait, or are sent directly by `api_key`."""
    via_fallback_after: float = Field(_constants.VIA_FALLBACK_AFTER, ge=0.0)
    """Seconds that rows wait for the broker before they are sent directly."""
    max_fleet_rows: int = Field(_constants.MAX_FLEET_ROWS, ge=1_000)
    """Rows of all processes that may wait in Redis; beyond it they wait in their processes."""
    max_fleet_bytes: int = Field(_constants.MAX_FLEET_BYTES, ge=67_108_864)
    """Bytes of all processes that may wait in Redis."""

    @field_validator("*", mode="before")
    @classmethod
    def _check_type(cls, value: object, field: ValidationInfo) -> object:
        # pydantic reads True as the number 1 and bytes as text.
        is_number = cls.model_fields[str(field.field_name)].annotation in {int, float}
        if isinstance(value, bytes) or (is_number and isinstance(value, bool)):
            raise ValueError(f"expected a {'number' if is_number else 'string'}")
        return value

    @field_validator("base_url")
    @classmethod
    def _check_base_url(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme == "sqlite" or (parts.scheme in {"http", "https"} and parts.hostname):
            return parts.scheme + url[len(parts.scheme) :]
        raise ValueError(
            'expected an http(s) URL such as "https://api.respan.ai", or "sqlite:///respan.db"'
        )

    @field_validator("dataset", "dataset_id", "environment", "app_version", "customer_identifier")
    @classmethod
    def _strip(cls, text: str | None) -> str | None:
        return (text.strip() or None) if text is not None else None

    @field_validator("spool_dir", mode="before")
    @classmethod
    def _read_empty_path(cls, path: object) -> object:
        return None if path == "" else path  # pathlib reads "" as the current folder

    @field_validator("dataset")
    @classmethod
    def _check_dataset(cls, name: str | None) -> str | None:
        if name is not None and not is_dataset_name(name):
            raise ValueError(f"expected {DATASET_NAME}")
        return name

    @field_validator("api_key")
    @classmethod
    def _check_api_key(cls, key: SecretStr | None) -> SecretStr | None:
        stripped = "" if key is None else key.get_secret_value().strip()
        if not stripped.isascii() or any(character.isspace() for character in stripped):
            raise ValueError("the key contains whitespace or non-ASCII characters")
        return SecretStr(stripped) if stripped else None

    @field_validator("pseudonym_key")
    @classmethod
    def _check_pseudonym_key(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and len(key.get_secret_value().strip()) < MIN_PSEUDONYM_KEY:
            raise ValueError(f"expected at least {MIN_PSEUDONYM_KEY} characters")
        return key

    @field_validator("via")
    @classmethod
    def _check_via(cls, url: SecretStr | None) -> SecretStr | None:
        if url is None or not url.get_secret_value():
            return None
        if not _is_broker_url(url.get_secret_value()):
            raise ValueError(
                'expected a URL such as "rediss://user:password@host:6379/0", with / ? # and @ in'
                " the password as %2F %3F %23 and %40"
            )
        return url

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read no files: to look at each field for them takes 0.7 ms for each handler."""
        return init_settings, env_settings

    @model_validator(mode="after")
    def _read_credentials(self) -> Self:
        if self.api_key is None and not self.is_local:
            key = read_stored_key()
            if key is not None:
                object.__setattr__(self, "api_key", SecretStr(key))
        return self

    @property
    def is_local(self) -> bool:
        """Whether the platform is a file on this machine."""
        return self.base_url.startswith("sqlite:")

    @property
    def sends_directly(self) -> bool:
        """Whether this process may send to the platform itself; a forwarder has its own key."""
        return self.via is None or self.via_fallback == "direct"

    @property
    def is_key_missing(self) -> bool:
        """Whether the platform needs a key and none was found."""
        return self.sends_directly and self.api_key is None and not self.is_local

    @property
    def without_via(self) -> Self:
        """The settings of a process that always sends to the platform itself."""
        return self.model_copy(update={"via": None})


def _is_broker_url(url: str) -> bool:
    """Whether the URL names a broker, and no part of a password is taken for its host or port."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises if it is no number of a port
    except ValueError:
        return False
    is_whole = parts.scheme == "unix" or "@" not in parts.path + parts.query + parts.fragment
    return parts.scheme in BROKER_SCHEMES and is_whole
