"""The handler's arguments as Python values: looked over in one table, before anything is made.

All that are wrong are named at once, each with what to give instead. Those that have an environment
variable too are checked in `settings.py`, and `prices` where they are read.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, get_args

from respan_langchain._error_counter import UserFunctionGuard
from respan_langchain.errors import ConfigurationError
from respan_langchain.redaction.secrets import Redactor
from respan_langchain.rows.encoder import RowEncoder
from respan_langchain.rows.environment import provenance
from respan_langchain.rows.schema import RowOptions
from respan_langchain.serialization.json_value import json_value
from respan_langchain.serialization.truncation import ContentLimits
from respan_langchain.settings import Settings
from respan_langchain.tracing.sampling import CaptureKind, CapturePolicy, Selector
from respan_langchain.tracing.timeouts import TraceTimeouts

SECRETS: Final = "secrets"
"""The preset: keys, tokens, passwords and private keys of known forms."""
LONGEST_SHOWN: Final = 20
"""Characters of a wrong string that is repeated; a longer one may be a key, or somebody's words."""


class ArgumentSpec(NamedTuple):
    """What an argument may be."""

    words: str
    fits: Callable[[Any], bool]


def _one_of(*choices: str) -> ArgumentSpec:
    return ArgumentSpec(
        " or ".join(f'"{choice}"' for choice in choices),
        lambda value: isinstance(value, str) and value in choices,
    )


def _maybe(kind: type, words: str) -> ArgumentSpec:
    return ArgumentSpec(words, lambda value: value is None or isinstance(value, kind))


def _is_client(value: Any) -> bool:
    # Both libraries' blocking clients, and what wraps one, without an import of either.
    return value is None or all(hasattr(value, name) for name in ("stream", "__enter__"))


_YES_OR_NO: Final = ArgumentSpec("True or False", lambda value: isinstance(value, bool))
_PATH: Final = _maybe(str, 'a key or a dotted path, such as "answer.text"')
_SELECTOR: Final = ArgumentSpec(
    "a name, a tag or a function of a run, or a list of them",
    lambda value: isinstance(value, str) or callable(value),
)

SINGLE: Final[Mapping[str, ArgumentSpec]] = {
    "keep_errors": _YES_OR_NO,
    "trajectory": _YES_OR_NO,
    "retrieved_documents": _YES_OR_NO,
    "keep_media": _YES_OR_NO,
    "local_models_free": _YES_OR_NO,
    "input_key": _PATH,
    "output_key": _PATH,
    "messages": _one_of("auto", "off"),
    "flush": _one_of("background", "root", "disk"),
    "copy": _one_of("shallow", "deep"),
    "metadata": _maybe(Mapping, "a mapping"),
    "limits": _maybe(ContentLimits, "ContentLimits(...)"),
    "timeouts": _maybe(TraceTimeouts, "TraceTimeouts(...)"),
    "http_client": ArgumentSpec("an httpx.Client or httpx2.Client", _is_client),
    "on_row": ArgumentSpec("a function of bytes", lambda value: value is None or callable(value)),
}
EACH: Final[Mapping[str, ArgumentSpec]] = {
    "capture": _one_of(*get_args(CaptureKind)),
    "include": _SELECTOR,
    "exclude": _SELECTOR,
    "redact": ArgumentSpec(
        f'"{SECRETS}", a function of a string, or a list of them',
        lambda value: callable(value) or (isinstance(value, str) and value == SECRETS),
    ),
    "tags": ArgumentSpec("a string, or a list of strings", lambda value: isinstance(value, str)),
}
"""Those that may be one value, a list of them, or None for none."""


def validate_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments, with a tuple for each that may be a list.

    Raises:
        ConfigurationError: Some are wrong; longer values by their class alone.
    """
    each = {name: _all_of(arguments[name]) for name in EACH}
    given = {name: (arguments[name],) for name in SINGLE} | each
    wrong = [
        f"{name}: give {wanted.words}, not {_shown(value)}"
        for name, wanted in {**SINGLE, **EACH}.items()
        for value in given[name]
        if not wanted.fits(value)
    ]
    if not each["capture"]:
        wrong.append(f"capture: nothing is named; give {EACH['capture'].words}")
    if wrong:
        raise ConfigurationError("; ".join(wrong))
    return {**arguments, **each}


def _all_of(given: Any) -> tuple[Any, ...]:
    if given is None:
        return ()
    is_one = isinstance(given, str) or callable(given) or not isinstance(given, Iterable)
    return (given,) if is_one else tuple(given)


def _shown(value: object) -> str:
    is_short = isinstance(value, str) and len(value) <= LONGEST_SHOWN
    return repr(value) if is_short or value is None else type(value).__name__


Capture = CaptureKind | Iterable[CaptureKind]
Redact = Literal["secrets"] | Redactor | Iterable[Literal["secrets"] | Redactor] | None
Selectors = Selector | Iterable[Selector] | None


def build_policy(
    settings: Settings,
    *,
    capture: Iterable[CaptureKind],
    include: tuple[Selector, ...],
    exclude: tuple[Selector, ...],
    keep_errors: bool,
) -> CapturePolicy:
    """Which runs become rows."""
    return CapturePolicy(
        capture=frozenset(capture),
        include=include,
        exclude=exclude,
        sample_rate=settings.sample_rate,
        keep_errors=keep_errors,
    )


def build_row_options(
    settings: Settings,
    *,
    input_key: str | None,
    output_key: str | None,
    trajectory: bool,
    retrieved_documents: bool,
    messages: Literal["auto", "off"],
    keep_media: bool,
    metadata: Mapping[str, Any] | None,
    tags: tuple[str, ...],
) -> RowOptions:
    """What a row shows."""
    said: dict[str, object] = {
        name: value
        for name in ("environment", "app_version", "customer_identifier")
        if (value := getattr(settings, name)) is not None
    }
    return RowOptions(
        content=settings.content,
        input_key=input_key,
        output_key=output_key,
        trajectory=trajectory,
        retrieved_documents=retrieved_documents,
        messages=messages,
        keep_media=keep_media,
        metadata={
            str(key): json_value(value)
            for key, value in {**provenance(), **said, **(metadata or {})}.items()
        },
        tags=tags,
    )


def build_encoder(
    redact: Sequence[Literal["secrets"] | Redactor],
    limits: ContentLimits | None,
    watch: UserFunctionGuard,
) -> RowEncoder:
    """What is taken out of a row's strings, and cut off them, before it goes anywhere."""
    redactors = [
        watch.guard("redact", one, gives=str) for one in redact if not isinstance(one, str)
    ]
    return RowEncoder(redactors, limits, secrets=SECRETS in redact)
