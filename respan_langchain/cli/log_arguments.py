"""Arguments of commands that read or change one log: which one, and its expected output."""

import json
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from respan_langchain.cli.platform import CliContext
from respan_langchain.client.client import DatasetClient
from respan_langchain.client.filters import field
from respan_langchain.client.models import Log
from respan_langchain.datasets.lookup import MIN_SUFFIX_LENGTH, find_dataset
from respan_langchain.errors import ConfigurationError, NotFoundError

LogArguments = Annotated[
    list[str],
    typer.Argument(metavar="[DATASET] LOG", help="A log's id, the end of it, or its run id."),
]

ExpectedOption = Annotated[
    str | None,
    typer.Option(
        "--expected",
        metavar="TEXT",
        help="The expected output; JSON objects and lists are parsed, - reads standard input.",
    ),
]


def read_expected(given: str) -> Any:
    """Parse a JSON object or list; anything else is text. `-` reads standard input."""
    text = sys.stdin.read().rstrip("\n") if given == "-" else given
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def find_in_dataset(
    ctx: CliContext, client: DatasetClient, words: Sequence[str]
) -> tuple[str, Log]:
    """Find the log that `[DATASET] LOG` names; return its dataset's id, too."""
    if len(words) > 2:
        raise ConfigurationError("Expected a dataset and a log, or a log alone.")
    dataset = find_dataset(client, ctx.settings, words[0] if len(words) == 2 else None)
    return dataset.id, find_log(client, dataset.id, words[-1])


def find_log(client: DatasetClient, dataset_id: str, text: str) -> Log:
    """Find a log by its id, the end of its id, or its custom identifier.

    Raises:
        ConfigurationError: There is none, or more than one.
    """
    try:
        return client.log(dataset_id, text)
    except NotFoundError:
        pass
    candidates = [field("custom_identifier") == text]
    if len(text) >= MIN_SUFFIX_LENGTH:
        candidates.append(field("unique_id").endswith(text))
    for filters in candidates:
        found = client.list_logs(dataset_id, page_size=2, filters=filters).results
        if len(found) > 1:
            raise ConfigurationError(f"{text!r} matches more than one log: give more of its id.")
        if found:
            return found[0]
    raise ConfigurationError(f"No log {text!r} in this dataset.")
