"""The handler's arguments as Python values: looked over in one table, before anything is made.

All that are wrong are named at once, each with what to give instead. Those that have an environment
variable too are checked in `settings.py`, and `prices` where they are read.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple, get_args

from respan_langchain.errors import ConfigurationError
from respan_langchain.records.encoding.limits import ContentLimits
from respan_langchain.records.patience import Patience
from respan_langchain.records.policy import CaptureKind

SECRETS: Final = "secrets"
"""The preset: keys, tokens, passwords and private keys of known forms."""
LONGEST_SHOWN: Final = 20
"""Characters of a wrong string that is repeated; a longer one may be a key, or somebody's words."""


class Wanted(NamedTuple):
    """What an argument may be."""

    words: str
    fits: Callable[[Any], bool]


def _one_of(*choices: str) -> Wanted:
    return Wanted(
        " or ".join(f'"{choice}"' for choice in choices),
        lambda value: isinstance(value, str) and value in choices,
    )


def _maybe(kind: type, words: str) -> Wanted:
    return Wanted(words, lambda value: value is None or isinstance(value, kind))


def _is_client(value: Any) -> bool:
    # Both libraries' blocking clients, and what wraps one, without an import of either.
    return value is None or all(hasattr(value, name) for name in ("stream", "__enter__"))


_YES_OR_NO: Final = Wanted("True or False", lambda value: isinstance(value, bool))
_PATH: Final = _maybe(str, 'a key or a dotted path, such as "answer.text"')
_SELECTOR: Final = Wanted(
    "a name, a tag or a function of a run, or a list of them",
    lambda value: isinstance(value, str) or callable(value),
)

SINGLE: Final[Mapping[str, Wanted]] = {
    "keep_errors": _YES_OR_NO,
    "trajectory": _YES_OR_NO,
    "retrieved_documents": _YES_OR_NO,
    "keep_media": _YES_OR_NO,
    "local_models_free": _YES_OR_NO,
    "input_key": _PATH,
    "output_key": _PATH,
    "messages": _one_of("auto", "off"),
    "flush": _one_of("background", "root", "disk"),
    "snapshot": _one_of("deferred", "strict"),
    "metadata": _maybe(Mapping, "a mapping"),
    "limits": _maybe(ContentLimits, "ContentLimits(...)"),
    "patience": _maybe(Patience, "Patience(...)"),
    "http_client": Wanted("an httpx.Client or httpx2.Client", _is_client),
    "listener": Wanted("a function of bytes", lambda value: value is None or callable(value)),
}
EACH: Final[Mapping[str, Wanted]] = {
    "capture": _one_of(*get_args(CaptureKind)),
    "include": _SELECTOR,
    "exclude": _SELECTOR,
    "redact": Wanted(
        f'"{SECRETS}", a function of a string, or a list of them',
        lambda value: callable(value) or (isinstance(value, str) and value == SECRETS),
    ),
    "tags": Wanted("a string, or a list of strings", lambda value: isinstance(value, str)),
}
"""Those that may be one value, a list of them, or None for none."""


def checked(arguments: Mapping[str, Any]) -> dict[str, Any]:
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
