"""`validated`: a function for `map_row=` that checks the outputs of root rows."""

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from itertools import islice
from typing import Any, Final, Literal, TypeAlias, get_args

import orjson
from pydantic import BaseModel, ValidationError

from respan_langchain._arguments import check_dataset_name, wrong_argument
from respan_langchain.errors import ConfigurationError

OnInvalid: TypeAlias = Literal["mark", "reject"]
FindErrors: TypeAlias = Callable[[object], list[dict[str, str]]]
"""Returns where and how an output is invalid; messages are left out, they may show values."""
MAX_ERRORS: Final = 10
"""Errors that a row lists."""
MAX_PATH: Final = 200
"""Characters of the path of an error; keys in it may be the app's."""


class InvalidOutputError(ValueError):
    """An output is not what the schema says; its row is not sent."""


def validated(
    schema: type[BaseModel] | Mapping[str, Any],
    *,
    on_invalid: OnInvalid = "mark",
    to: str | None = None,
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return a function for `map_row=` that checks the output of each successful root row.

    An output that is text is read as JSON.

    Args:
        schema: What outputs satisfy: a pydantic model, or a JSON schema, for which the extra
            `schema` is needed. References to other documents are not fetched.
        on_invalid: "mark" lists the paths and kinds of up to 10 errors in `metadata.invalid`,
            without the values. "reject" does not send the row, and counts it in
            `stats.internal_errors`.
        to: The name of another dataset for the marked rows; it is created when it does not exist.

    Raises:
        ConfigurationError: An argument is wrong, or jsonschema is not installed.
    """
    find_errors = _error_finder(schema)
    if on_invalid not in get_args(OnInvalid):
        raise wrong_argument("on_invalid", '"mark" or "reject"', on_invalid)
    if to is not None and on_invalid == "reject":
        raise ConfigurationError('to: a row is not sent with on_invalid="reject"')
    dataset = None if to is None else check_dataset_name("to", to)

    def validate_output(row: dict[str, Any]) -> dict[str, Any]:
        metadata = row["metadata"]
        if metadata.get("span_parent_id") or metadata.get("status") != "success":
            return row
        errors = find_errors(row.get("output"))
        if not errors:
            return row
        if on_invalid == "reject":
            raise InvalidOutputError
        metadata["invalid"] = errors
        return row if dataset is None else {**row, "dataset": dataset}

    # What `stats.internal_errors` and the log call it.
    validate_output.__module__, validate_output.__qualname__ = "respan_langchain", "validated"
    return validate_output


def _error_finder(schema: object) -> FindErrors:
    if isinstance(schema, type) and issubclass(schema, BaseModel):
        return lambda output: _find_model_errors(schema, output)
    if isinstance(schema, Mapping):
        validator = _make_validator(schema)
        return lambda output: _find_schema_errors(validator, output)
    raise wrong_argument("schema", "a pydantic model or a JSON schema as a mapping", schema)


def _find_model_errors(model: type[BaseModel], output: object) -> list[dict[str, str]]:
    try:
        if isinstance(output, str):
            model.model_validate_json(output)
        else:
            model.model_validate(output)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        return [_describe(each["loc"], each["type"]) for each in found[:MAX_ERRORS]]
    return []


def _find_schema_errors(validator: Any, output: object) -> list[dict[str, str]]:
    if isinstance(output, str):
        try:
            output = orjson.loads(output)
        except orjson.JSONDecodeError:
            return [_describe((), "json_invalid")]
    found = islice(validator.iter_errors(output), MAX_ERRORS)
    return [_describe(each.absolute_path, str(each.validator)) for each in found]


def _describe(path: Iterable[object], kind: str) -> dict[str, str]:
    return {"path": ".".join(map(str, path))[:MAX_PATH], "error": kind}


def _make_validator(schema: Mapping[str, Any]) -> Any:
    try:
        jsonschema = import_module("jsonschema")
        specifications = import_module("jsonschema_specifications")
    except ImportError as error:
        raise ConfigurationError(
            "a JSON schema needs jsonschema: pip install 'respan-langchain[schema]'"
        ) from error
    cls = jsonschema.validators.validator_for(schema, jsonschema.Draft202012Validator)
    try:
        cls.check_schema(schema)
    except jsonschema.SchemaError as error:
        raise ConfigurationError(f"validated: no JSON schema: {error.message}") from error
    # Without a registry, jsonschema fetches references from the network.
    return cls(schema, registry=specifications.REGISTRY)
