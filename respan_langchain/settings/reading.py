"""Reads settings from arguments, then the environment, then the defaults."""

from collections.abc import Mapping
from typing import Final

from pydantic import ValidationError

from respan_langchain._arguments import reject_unknown
from respan_langchain.errors import ConfigurationError
from respan_langchain.settings.settings import Settings

MISSING_KEY: Final = (
    "No Respan API key found. Set RESPAN_API_KEY (or pass api_key=...), run `respan login`, or use"
    ' base_url="sqlite:///respan.db" (RESPAN_BASE_URL) to work offline.'
)


def read_settings(**options: object) -> Settings:
    """Combine arguments, environment and defaults.

    Raises:
        ConfigurationError: An option is wrong, or there is neither a key nor a `sqlite:` URL.
    """
    settings = read_settings_without_key(options)
    if settings.is_key_missing:
        raise ConfigurationError(MISSING_KEY)
    return settings


def read_settings_without_key(options: Mapping[str, object]) -> Settings:
    """As `read_settings`, for callers that can do without a key."""
    reject_unknown(options, Settings.model_fields)
    try:
        return Settings.model_validate(
            {name: value for name, value in options.items() if value is not None}
        )
    except ValidationError as error:
        raise ConfigurationError(_describe(error)) from None


def _describe(error: ValidationError) -> str:
    """Name each wrong option, its variable and what is expected; never a value: it may be a key."""
    lines = []
    for detail in error.errors(include_url=False, include_input=False):
        name = ".".join(str(step) for step in detail["loc"])
        message = detail["msg"].removeprefix("Value error, ")
        lines.append(f"{name} (or RESPAN_{name.upper()}): {message}" if name else message)
    return "; ".join(lines)
