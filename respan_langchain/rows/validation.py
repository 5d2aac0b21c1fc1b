"""`validated`: a function for `map_row=` that checks the outputs of root rows."""

from collections.abc import Callable
from typing import Any, Final, Literal, TypeAlias, get_args

from pydantic import BaseModel, ValidationError

from respan_langchain.errors import ConfigurationError

OnInvalid: TypeAlias = Literal["mark", "reject"]
MAX_ERRORS: Final = 10
"""Errors that a row lists."""
MAX_PATH: Final = 200
"""Characters of the path of an error; keys in it may be the app's."""


def validated(
    model: type[BaseModel], *, on_invalid: OnInvalid = "mark"
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return a function for `map_row=` that checks the output of each successful root row.

    An output that is text is read as JSON.

    Args:
        model: The pydantic model that outputs satisfy.
        on_invalid: "mark" lists the paths and kinds of up to 10 errors in `metadata.invalid`,
            without the values. "reject" does not send the row, and counts it in
            `stats.internal_errors`.

    Raises:
        ConfigurationError: An argument is wrong.
    """
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise ConfigurationError(f"validated: expected a pydantic model, got {model!r}")
    if on_invalid not in get_args(OnInvalid):
        raise ConfigurationError(f'on_invalid: expected "mark" or "reject", got {on_invalid!r}')

    def validate_output(row: dict[str, Any]) -> dict[str, Any]:
        metadata = row["metadata"]
        if metadata.get("span_parent_id") or metadata.get("status") != "success":
            return row
        try:
            _validate(model, row.get("output"))
        except ValidationError as error:
            if on_invalid == "reject":
                raise
            metadata["invalid"] = _describe(error)
        return row

    return validate_output


def _validate(model: type[BaseModel], output: object) -> None:
    if isinstance(output, str):
        model.model_validate_json(output)
    else:
        model.model_validate(output)


def _describe(error: ValidationError) -> list[dict[str, str]]:
    """Return where and how an output is invalid; messages are left out, they may show values."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return [
        {"path": ".".join(map(str, each["loc"]))[:MAX_PATH], "error": each["type"]}
        for each in found[:MAX_ERRORS]
    ]
