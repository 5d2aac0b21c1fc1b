"""Settings: the only reader of the environment and of the credentials file.

Everything here can be said in three places: an argument, a variable `RESPAN_<NAME>`, the default;
the first one wins. A library must not read `.env` files by itself, so it does not.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from respan_langchain import _constants
from respan_langchain.errors import ConfigurationError

CREDENTIALS: Final = Path(".respan") / "credentials.json"
"""Under the home directory; written by the vendor's `respan login`."""
KEY_NAMES: Final = ("api_key", "apiKey", "key", "token")

MISSING_KEY: Final = (
    "No Respan API key. Three ways to go on: set RESPAN_API_KEY (or pass api_key=...); "
    "run `respan login`, which writes ~/.respan/credentials.json; or work without an account, "
    'on this machine, with base_url="sqlite:///respan.db" (RESPAN_BASE_URL).'
)


class Settings(BaseSettings):
    """How to reach the platform, and how much may wait on the way there."""

    model_config = SettingsConfigDict(
        env_prefix="RESPAN_",
        env_file=None,
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
    )

    api_key: SecretStr | None = None
    """The platform's key; not needed with a `sqlite:` URL."""
    base_url: str = "https://api.respan.ai"
    """The platform, with or without `/api`; or `sqlite:///path.db`, a platform in a file."""
    allow_http: bool = False
    """Whether the key may travel to another machine without encryption."""
    dataset: str | None = None
    """A dataset's name: found, or created empty, when the first rows leave."""
    dataset_id: str | None = None
    """A dataset's id; wins over the name."""
    environment: str | None = None
    """Stands on every row, for instance `production`."""
    app_version: str | None = None
    """Stands on every row: the version of your application."""
    customer_identifier: str | None = Field(None, max_length=254)
    """Stands on every row whose call does not name a customer."""
    sample_rate: float = Field(1.0, ge=0.0, le=1.0)
    """The part of conversations that is kept."""
    content: bool = True
    """False: tokens, cost and timing only; no word of what was said."""

    delivery: Literal["memory", "spill", "durable"] = "memory"
    """What survives: see the README's section on failures."""
    spool_dir: Path | None = None
    """Where `spill` and `durable` keep rows; default `~/.respan/spool`."""
    overflow: Literal["drop_newest", "drop_oldest"] = "drop_newest"
    """Which row gives way when the queue is full."""
    on_unconfirmed: Literal["resend", "hold"] = "resend"
    """What becomes of rows whose fate cannot be found out: at least once, or at most once."""
    max_queue_rows: int = Field(10_000, ge=1)
    """Rows that may wait, those on their way included."""
    max_queue_bytes: int = Field(24 * 1024 * 1024, ge=65_536)
    """Bytes that may wait, those on their way included."""
    batch_rows: int = Field(_constants.MAX_BULK_LOGS, ge=1, le=_constants.MAX_BULK_LOGS)
    """Rows in one request; the platform takes no more than 500."""
    batch_bytes: int = Field(4 * 1024 * 1024, ge=1_000, le=20_000_000)
    """Bytes in one request."""
    flush_interval: float = Field(5.0, gt=0.0, le=3600.0)
    """Seconds after which a batch leaves, full or not."""
    request_timeout: float = Field(45.0, gt=0.0)
    """Seconds for one request, from connecting to the last byte of the answer."""
    exit_timeout: float = Field(5.0, ge=0.0)
    """Seconds that the end of the process may be held up by what still waits."""
    delivery_deadline: float = Field(3600.0, gt=0.0)
    """Seconds after which a row that could not be delivered is given up, and counted."""
    requests_per_minute: int = Field(_constants.BULK_REQUESTS_PER_MINUTE, ge=1)
    """Bulk requests of this process; the platform allows 30 to a whole organization."""

    @field_validator("base_url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme == "sqlite" or (parts.scheme in {"http", "https"} and parts.hostname):
            return parts.scheme + url[len(parts.scheme) :]
        raise ValueError(
            'give an http(s) URL such as "https://api.respan.ai", or "sqlite:///respan.db"'
        )

    @field_validator("dataset", "dataset_id", "environment", "app_version")
    @classmethod
    def _is_said(cls, text: str | None) -> str | None:
        return (text.strip() or None) if text is not None else None

    @field_validator("api_key")
    @classmethod
    def _is_a_key(cls, key: SecretStr | None) -> SecretStr | None:
        if key is None or not key.get_secret_value().strip():
            return None
        stripped = key.get_secret_value().strip()
        if not stripped.isascii() or any(letter.isspace() for letter in stripped):
            raise ValueError("the key has spaces or letters that no key has; copy it again")
        return SecretStr(stripped)

    @model_validator(mode="after")
    def _can_sign_in(self) -> Self:
        if self.api_key is None and not self.is_local:
            found = _read_key(Path.home() / CREDENTIALS)
            if found is not None:
                object.__setattr__(self, "api_key", SecretStr(found))
        return self

    @property
    def is_local(self) -> bool:
        """Whether the platform is a file on this machine."""
        return self.base_url.startswith("sqlite:")


def read_settings(**given: object) -> Settings:
    """Put arguments, environment and defaults together; an argument of None counts as not given.

    Raises:
        ConfigurationError: something is not as it must be, or there is neither a key nor a
            `sqlite:` URL.
    """
    try:
        settings = Settings.model_validate(
            {name: value for name, value in given.items() if value is not None}
        )
    except ValidationError as problem:
        raise ConfigurationError(_describe(problem)) from None
    if settings.api_key is None and not settings.is_local:
        raise ConfigurationError(MISSING_KEY)
    return settings


def _describe(problem: ValidationError) -> str:
    """Name the argument, its variable, and what it should be.

    Never the value, which may be a key.
    """
    lines = []
    for error in problem.errors(include_url=False, include_input=False):
        name = ".".join(str(step) for step in error["loc"])
        if error["type"] == "extra_forbidden":
            lines.append(
                f"{name}: there is no such setting; there are {', '.join(Settings.model_fields)}"
            )
        else:
            words = error["msg"].removeprefix("Value error, ")
            lines.append(f"{name} (or RESPAN_{name.upper()}): {words}")
    return "; ".join(lines)


def _read_key(path: Path) -> str | None:
    """The key in a credentials file; None when there is no file, or none that can be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return _find_key(found)


def _find_key(found: Any) -> str | None:
    """Look for the key at the top, then in each profile."""
    if not isinstance(found, Mapping):
        return None
    for name in KEY_NAMES:
        if isinstance(found.get(name), str) and found[name].strip():
            return str(found[name]).strip()
    keys = (_find_key(profile) for profile in found.values() if isinstance(profile, Mapping))
    return next((key for key in keys if key is not None), None)
