"""Checks of the arguments of public functions.

Each returns the argument, or raises a `ConfigurationError` that names it and what is expected.
"""

import math
import re
from collections.abc import Iterable
from decimal import Decimal
from difflib import get_close_matches
from numbers import Integral, Real
from typing import Final

from respan_langchain._constants import MAX_DATASET_NAME
from respan_langchain.errors import ConfigurationError

MAX_SHOWN: Final = 20
"""Characters of a wrong string that an error repeats; a longer one may be a key or content."""
MAX_SHOWN_NUMBER: Final = 10**20
DATASET_NAME: Final = f"the name of a dataset, 1 to {MAX_DATASET_NAME} characters in one line"
_NOT_IN_NAMES: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Control characters, line separators, and surrogates, which UTF-8 cannot encode."""


def check_number(
    name: str, value: object, *, minimum: float = -math.inf, maximum: float = math.inf
) -> float:
    """Return a finite number within these bounds."""
    number = _as_float(value)
    if math.isfinite(number) and minimum <= number <= maximum:
        return number
    if maximum < math.inf:
        raise wrong_argument(name, f"a number from {minimum:g} to {maximum:g}", value)
    bound = "a finite number" if minimum == -math.inf else f"a number of at least {minimum:g}"
    raise wrong_argument(name, bound, value)


def check_positive(name: str, value: object) -> float:
    """Return a finite number above 0."""
    number = _as_float(value)
    if math.isfinite(number) and number > 0:
        return number
    raise wrong_argument(name, "a number above 0", value)


def check_count(name: str, value: object, minimum: int = 1, maximum: float = math.inf) -> int:
    """Return a whole number within these bounds."""
    if isinstance(value, Integral) and not isinstance(value, bool):
        number = int(value)
        if minimum <= number <= maximum:
            return number
    bounds = (
        f"of at least {minimum:,}" if maximum == math.inf else f"from {minimum:,} to {maximum:,}"
    )
    raise wrong_argument(name, f"a whole number {bounds}", value)


def check_text(name: str, value: object, expected: str) -> str:
    """Return a string that is not blank."""
    if not is_text(value):
        raise wrong_argument(name, expected, value)
    return str(value)


def is_text(value: object) -> bool:
    """Whether a value is a string that is not blank."""
    return isinstance(value, str) and bool(value.strip())


def check_dataset_name(name: str, value: object) -> str:
    """Return the name of a dataset without spaces around it."""
    if not is_dataset_name(value):
        raise wrong_argument(name, DATASET_NAME, value)
    return str(value).strip()


def is_dataset_name(value: object) -> bool:
    """Whether the platform accepts this name, and a list of datasets shows it in one line."""
    if not isinstance(value, str):
        return False
    name = value.strip()
    return 1 <= len(name) <= MAX_DATASET_NAME and _NOT_IN_NAMES.search(name) is None


def reject_unknown(options: Iterable[str], known: Iterable[str]) -> None:
    """Raise a `ConfigurationError` for options that do not exist, with the likely meant ones."""
    names = sorted(known)
    lines = []
    for option in options:
        if option not in names:
            close = get_close_matches(option, names, n=1)
            hint = f"did you mean `{close[0]}`?" if close else f"known are {', '.join(names)}"
            lines.append(f"{option}: there is no such option; {hint}")
    if lines:
        raise ConfigurationError("; ".join(lines))


def wrong_argument(name: str, expected: str, value: object) -> ConfigurationError:
    """Return the error for an argument; a long value is named by its class only."""
    return ConfigurationError(f"{name}: expected {expected}, got {show_argument(value)}")


def show_argument(value: object) -> str:
    """Return a value as an error shows it."""
    if isinstance(value, str):
        is_short = len(value) <= MAX_SHOWN
    elif isinstance(value, int):
        is_short = abs(value) < MAX_SHOWN_NUMBER
    else:
        is_short = isinstance(value, float) or value is None
    return repr(value) if is_short else type(value).__name__


def _as_float(value: object) -> float:
    """Return a number as a float; NaN for what is none, or is too large."""
    if isinstance(value, bool) or not isinstance(value, Real | Decimal):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.nan
