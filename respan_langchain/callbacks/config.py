"""The handler's configuration: every option with its default, checked before anything is made.

Options with an environment variable are in `settings/settings.py`. One error names all wrong
values, each with the values that are expected.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    NamedTuple,
    TypeAlias,
    get_args,
    get_type_hints,
)

from respan_langchain._arguments import is_text, reject_unknown, show_argument
from respan_langchain.errors import ConfigurationError
from respan_langchain.pipeline.row_mapping import MapRow
from respan_langchain.redaction.personal_data import KINDS, PERSONAL, PersonalData
from respan_langchain.redaction.string_redactor import Redactor
from respan_langchain.rules.rule import Rules, sampling_rules
from respan_langchain.rules.signatures import CopyBy, Dedupe
from respan_langchain.serialization.truncation import ContentLimits
from respan_langchain.settings.options import SettingsOptions
from respan_langchain.settings.reading import MISSING_KEY, read_settings_without_key
from respan_langchain.settings.settings import Settings
from respan_langchain.tracing.capture_policy import CaptureKind, Consent, Selector
from respan_langchain.tracing.timeouts import TraceTimeouts
from respan_langchain.usage.cost import PricesArgument

SECRETS: Final = "secrets"
"""The preset of `redact`: keys, tokens, passwords and private keys of known forms."""

Redaction: TypeAlias = Literal["secrets", "personal"] | PersonalData | Redactor
FlushMode: TypeAlias = Literal["background", "root", "disk"]


class OptionCheck(NamedTuple):
    """Which values an option accepts."""

    expected: str
    accepts: Callable[[Any], bool]
    is_list: bool = False
    """Whether the option may be one value, several, or None for none."""


def _one_of(*choices: str) -> OptionCheck:
    return OptionCheck(
        " or ".join(f'"{choice}"' for choice in choices),
        lambda value: isinstance(value, str) and value in choices,
    )


def _optional(cls: type, expected: str) -> OptionCheck:
    return OptionCheck(expected, lambda value: value is None or isinstance(value, cls))


def _is_http_client(value: Any) -> bool:
    # The blocking clients of httpx and httpx2, and what wraps one, without an import of either.
    return value is None or all(hasattr(value, name) for name in ("stream", "__enter__"))


_BOOL: Final = OptionCheck("True or False", lambda value: isinstance(value, bool))
_KEY_PATH: Final = OptionCheck(
    'a key or a dotted path, such as "answer.text"', lambda value: value is None or is_text(value)
)
_KINDS: Final = _one_of(*get_args(CaptureKind))._replace(is_list=True)
_SELECTORS: Final = OptionCheck(
    "a name, a tag or a function of a run, or a list of them",
    lambda value: is_text(value) or callable(value),
    is_list=True,
)
_PRESETS: Final = (SECRETS, PERSONAL, *KINDS)
_REDACTIONS: Final = OptionCheck(
    ", ".join(f'"{preset}"' for preset in _PRESETS) + ", a function of a string, or a list of them",
    lambda value: callable(value) or (isinstance(value, str) and value in _PRESETS),
    is_list=True,
)
_DEDUPE: Final = OptionCheck(
    " or ".join(f'"{choice}"' for choice in get_args(CopyBy)) + ", or a function of a trace",
    lambda value: value is None or callable(value) or value in get_args(CopyBy),
)
_HOLD: Final = OptionCheck('"feedback" or None', lambda value: value in ("feedback", None))
_CONSENT: Final = OptionCheck("a function of a run", lambda value: value is None or callable(value))
_STRINGS: Final = OptionCheck(
    "a string, or a list of strings", lambda value: isinstance(value, str), is_list=True
)
_CHECKED_WHERE_READ: Final = OptionCheck("anything", lambda _: True)
_HTTP_CLIENT: Final = OptionCheck("an httpx.Client or httpx2.Client", _is_http_client)
_MAPPING: Final = OptionCheck("a function of a row", lambda value: value is None or callable(value))
_FUNCTION: Final = OptionCheck(
    "a function of bytes", lambda value: value is None or callable(value)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlerConfig:
    """A handler's options with their defaults; `RespanDatasetCallbackHandler` describes them."""

    settings: Settings
    capture: Annotated[tuple[CaptureKind, ...], _KINDS] = ("root", "llm")
    include: Annotated[tuple[Selector, ...], _SELECTORS] = ()
    exclude: Annotated[tuple[Selector, ...], _SELECTORS] = ()
    consent: Annotated[Consent | None, _CONSENT] = None
    keep_errors: Annotated[bool, _BOOL] = True
    rules: Annotated[Rules | None, _optional(Rules, "Rules(keep(...), ...)")] = None
    dedupe: Annotated[Dedupe | None, _DEDUPE] = None
    production_only: Annotated[bool, _BOOL] = False
    input_key: Annotated[str | None, _KEY_PATH] = None
    output_key: Annotated[str | None, _KEY_PATH] = None
    messages: Annotated[Literal["auto", "off"], _one_of("auto", "off")] = "auto"
    trajectory: Annotated[bool, _BOOL] = True
    retrieved_documents: Annotated[bool, _BOOL] = True
    keep_media: Annotated[bool, _BOOL] = False
    redact: Annotated[tuple[Redaction, ...], _REDACTIONS] = (SECRETS,)
    limits: Annotated[ContentLimits | None, _optional(ContentLimits, "ContentLimits(...)")] = None
    prices: Annotated[PricesArgument, _CHECKED_WHERE_READ] = None
    local_models_free: Annotated[bool, _BOOL] = False
    metadata: Annotated[Mapping[str, Any] | None, _optional(Mapping, "a mapping")] = None
    tags: Annotated[tuple[str, ...], _STRINGS] = ()
    flush: Annotated[FlushMode, _one_of(*get_args(FlushMode))] = "background"
    hold: Annotated[Literal["feedback"] | None, _HOLD] = None
    copy: Annotated[Literal["shallow", "deep"], _one_of("shallow", "deep")] = "shallow"
    timeouts: Annotated[TraceTimeouts | None, _optional(TraceTimeouts, "TraceTimeouts(...)")] = None
    http_client: Annotated[Any, _HTTP_CLIENT] = None
    map_row: Annotated[MapRow | None, _MAPPING] = None
    on_row: Annotated[Callable[[bytes], None] | None, _FUNCTION] = None

    @property
    def all_rules(self) -> Rules | None:
        """The rules, or those that the short forms stand for; None keeps all."""
        rate = self.settings.sample_rate
        if self.rules is None and (rate < 1 or self.dedupe is not None):
            return sampling_rules(rate, keep_errors=self.keep_errors, dedupe=self.dedupe)
        return self.rules

    @property
    def disabled_reason(self) -> str:
        """Why the handler captures nothing; empty where it captures."""
        if not self.settings.enabled:
            return "enabled is false (RESPAN_ENABLED)"
        return "no API key" if self.settings.is_key_missing else ""


class HandlerOptions(SettingsOptions, total=False):
    """The fields of `HandlerConfig` and `Settings` as keyword arguments, without `dataset`."""

    dataset_id: str | None
    capture: CaptureKind | Iterable[CaptureKind]
    include: Selector | Iterable[Selector] | None
    exclude: Selector | Iterable[Selector] | None
    consent: Consent | None
    keep_errors: bool
    rules: Rules | None
    dedupe: Dedupe | None
    production_only: bool
    input_key: str | None
    output_key: str | None
    messages: Literal["auto", "off"]
    trajectory: bool
    retrieved_documents: bool
    keep_media: bool
    redact: Redaction | Iterable[Redaction] | None
    limits: ContentLimits | None
    prices: PricesArgument
    local_models_free: bool
    metadata: Mapping[str, Any] | None
    tags: str | Iterable[str] | None
    flush: FlushMode
    hold: Literal["feedback"] | None
    copy: Literal["shallow", "deep"]
    timeouts: TraceTimeouts | None
    http_client: Any
    map_row: MapRow | None
    on_row: Callable[[bytes], None] | None


def read_config(options: Mapping[str, Any]) -> HandlerConfig:
    """Combine the handler's arguments with the environment and the defaults.

    Raises:
        ConfigurationError: Options are unknown or wrong; a long value is named by its class only.
    """
    checks = _checks()
    reject_unknown(options, [*checks, *Settings.model_fields])
    values: dict[str, Any] = {
        name: _as_tuple(value) if checks[name].is_list else value
        for name, value in options.items()
        if name in checks
    }
    wrong = [line for name, value in values.items() for line in _check(name, value, checks[name])]
    if wrong:
        raise ConfigurationError("; ".join(wrong))
    settings = read_settings_without_key(
        {name: options[name] for name in options if name not in checks}
    )
    if settings.enabled and settings.is_key_missing and settings.on_missing_key == "raise":
        raise ConfigurationError(MISSING_KEY)
    config = HandlerConfig(settings=settings, **values)
    if config.flush == "disk" and settings.delivery != "durable":
        raise ConfigurationError('flush="disk" needs delivery="durable" (RESPAN_DELIVERY)')
    if config.rules is not None and config.dedupe is not None:
        raise ConfigurationError("dedupe: with rules, use Rules(..., dedupe=...)")
    if config.flush == "root" and config.hold is not None:
        raise ConfigurationError(
            'hold="feedback": flush="root" sends rows before anybody rates them'
        )
    if config.rules is not None and (settings.sample_rate < 1 or not config.keep_errors):
        raise ConfigurationError(
            "rules: they replace sample_rate (RESPAN_SAMPLE_RATE) and keep_errors; use"
            " keep(everything, rate=...) and keep(failed)"
        )
    return config


@cache
def _checks() -> Mapping[str, OptionCheck]:
    hints = get_type_hints(HandlerConfig, include_extras=True)
    return {
        name: hint.__metadata__[0] for name, hint in hints.items() if hasattr(hint, "__metadata__")
    }


def _check(name: str, value: Any, check: OptionCheck) -> list[str]:
    if name == "capture" and not value:
        return [f"capture: expected at least one of {check.expected}"]
    return [
        f"{name}: expected {check.expected}, got {show_argument(each)}"
        for each in (value if check.is_list else (value,))
        if not check.accepts(each)
    ]


def _as_tuple(value: Any) -> tuple[Any, ...]:
    if value is None:
        return ()
    if isinstance(value, Iterable) and not isinstance(value, str | bytes) and not callable(value):
        return tuple(value)
    return (value,)
