"""`doctor`: what is configured and from where, whether the platform answers, what is not right."""

import platform
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Final, Literal

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from respan_langchain._connect import open_client, require_database_file
from respan_langchain._constants import __version__
from respan_langchain.cli.commands.spool import spool_root
from respan_langchain.cli.context import (
    EXIT_OK,
    EXIT_PROBLEMS,
    PLACEHOLDER_KEY,
    CliContext,
    command,
    describe_api_error,
)
from respan_langchain.cli.formatting import escape_controls, pluralize
from respan_langchain.cli.tables import render_pairs
from respan_langchain.client.client import DatasetClient
from respan_langchain.datasets.dataset import Dataset
from respan_langchain.delivery.spool.admin import spool_files
from respan_langchain.errors import ApiError, ConfigurationError
from respan_langchain.settings import MISSING_KEY, Settings, read_settings

PRICED_ROWS: Final = 1_000
"""Rows that are looked at for their prices, the newest."""


@dataclass(frozen=True)
class Check:
    """What one check found."""

    name: str
    state: Literal["ok", "found", "note"]
    message: str


def check_prices(rows: Dataset) -> Check:
    """Tell which models' calls have tokens and no cost."""
    calls = [log for log in rows.latest(PRICED_ROWS) if log.total_tokens and log.model]
    unknown = Counter(log.model for log in calls if log.cost is None)
    models = {log.model for log in calls}
    if not calls:
        return Check("prices", "note", "no row with a model and tokens yet")
    if not unknown:
        return Check(
            "prices",
            "ok",
            f"known for {pluralize(len(models), 'model', 'models')}"
            f" in the newest {pluralize(len(calls), 'call', 'calls')}",
        )
    named = ", ".join(
        f"{model} ({pluralize(number, 'row', 'rows')})" for model, number in unknown.most_common(10)
    )
    return Check("prices", "found", f"none known for {named}: give the handler prices={{...}}")


def check_spool(settings: Settings) -> Check:
    """Tell what waits on disk for delivery, and what was refused."""
    files = spool_files(spool_root(settings))
    waiting = sum(file.waiting + file.sent for file in files)
    dead = sum(file.dead for file in files)
    damaged = sum(file.damaged for file in files)
    told = []
    if dead:
        told.append(f"{pluralize(dead, 'row was', 'rows were')} refused: `spool export` shows why")
    if damaged:
        told.append(f"{pluralize(damaged, 'file is', 'files are')} damaged: see `spool list`")
    if told:
        return Check("spool", "found", "; ".join(told))
    if waiting:
        words = pluralize(waiting, "row waits", "rows wait")
        return Check("spool", "note", f"{words} for a process that sends them")
    if settings.delivery == "memory":
        words = "rows wait in memory only; RESPAN_DELIVERY=spill keeps them on disk"
        return Check("spool", "note", words)
    return Check("spool", "ok", "nothing waits on disk")


CONNECT_TIMEOUT: Final = 15.0
"""Seconds that the platform has for an answer."""
PACKAGES: Final = ("langchain-core", "langchain", "langgraph", "httpx", "genai-prices")
SIGNS: Final = {"ok": ("ok", "green"), "found": ("!!", "red"), "note": ("--", "dim")}


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    command(app, "doctor")(doctor)


def doctor(
    ctx: CliContext,
    dataset: Annotated[
        str | None,
        typer.Argument(
            metavar="DATASET", help="Its name or id; else RESPAN_DATASET.", show_default=False
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Show settings that have their default, too.")
    ] = False,
) -> int:
    """Check configuration, key, connection, dataset, prices and what waits on disk."""
    settings, checks = _settings(ctx)
    if settings is not None:
        checks += list(_checks(settings, dataset))
    shown = list(_said(ctx, settings, everything=everything)) if settings is not None else []
    ctx.output(
        {
            "settings": [
                {"name": name, "value": value, "source": source} for name, value, source in shown
            ],
            "versions": dict(_versions()),
            "checks": checks,
        },
        lambda: _report(shown, checks),
    )
    return EXIT_PROBLEMS if any(check.state == "found" for check in checks) else EXIT_OK


def _settings(ctx: CliContext) -> tuple[Settings | None, list[Check]]:
    """Read the settings, as far as they can be read."""
    try:
        return ctx.settings, [Check("configuration", "ok", "every setting can be read")]
    except ConfigurationError as problem:
        found = Check("configuration", "found", str(problem))
        if str(problem) != MISSING_KEY:
            return None, [found]
        return read_settings(base_url=ctx.base_url, api_key=PLACEHOLDER_KEY), [found]


def _checks(settings: Settings, dataset: str | None) -> Iterator[Check]:
    key = None if settings.api_key is None else settings.api_key.get_secret_value()
    if settings.is_local:
        yield Check("key", "note", "not needed by a platform in a file")
    elif key == PLACEHOLDER_KEY:
        yield Check("key", "found", "there is none")
        return
    else:
        yield Check("key", "ok", "there is one; it is not shown")
    try:
        require_database_file(settings)
        with closing(open_client(settings, timeout=CONNECT_TIMEOUT)) as client:
            yield from _platform(client, settings, dataset)
    except ConfigurationError as problem:
        yield Check("connection", "found", str(problem))
    yield check_spool(settings)


def _platform(client: DatasetClient, settings: Settings, dataset: str | None) -> Iterator[Check]:
    began = time.monotonic()
    try:
        datasets = client.list_datasets(page_size=1)
    except ApiError as problem:
        yield Check("connection", "found", describe_api_error(problem))
        return
    took = time.monotonic() - began
    yield Check(
        "connection",
        "ok",
        f"{settings.base_url} answered in {took:.2f}s, "
        f"with {pluralize(datasets.count, 'dataset', 'datasets')}",
    )
    if dataset is None and settings.dataset is None and settings.dataset_id is None:
        yield Check("dataset", "note", "none is named: give one, or set RESPAN_DATASET")
        return
    try:
        rows = Dataset.of(client, settings, dataset)
        total = len(rows)
        yield Check(
            "dataset", "ok", f"{rows.name} ({rows.id}) has {pluralize(total, 'row', 'rows')}"
        )
        yield check_prices(rows)
    except ConfigurationError as problem:
        yield Check("dataset", "note", f"{problem} The handler creates it with the first rows.")
    except ApiError as problem:
        yield Check("dataset", "found", describe_api_error(problem))


def _said(
    ctx: CliContext, settings: Settings, *, everything: bool
) -> Iterator[tuple[str, object, str]]:
    """Name each setting that somebody said, and where."""
    given = {"base_url": ctx.base_url, "api_key": ctx.api_key}
    for name in Settings.model_fields:
        value = getattr(settings, name)
        if name == "api_key":
            key = None if value is None else value.get_secret_value()
            value = None if key in (None, PLACEHOLDER_KEY) else "(there is one)"
        if given.get(name) is not None:
            yield name, value, f"option --{name.replace('_', '-')}"
        elif name == "api_key" and value is not None and name not in settings.model_fields_set:
            yield name, value, "file ~/.respan/credentials.json"
        elif name in settings.model_fields_set and value is not None:
            yield name, value, f"variable RESPAN_{name.upper()}"
        elif everything or name == "base_url":
            yield name, value, "default"


def _versions() -> Iterator[tuple[str, str | None]]:
    yield "respan-langchain", __version__
    yield "python", platform.python_version()
    for package in PACKAGES:
        try:
            yield package, version(package)
        except PackageNotFoundError:
            yield package, None


def _report(shown: list[tuple[str, object, str]], checks: list[Check]) -> RenderableType:
    settings = render_pairs(
        (name, Text.assemble(escape_controls(str(value)), (f"  {source}", "dim")))
        for name, value, source in shown
    )
    versions = " ".join(f"{name} {number}" for name, number in _versions() if number is not None)
    lines = []
    for check in checks:
        sign, style = SIGNS[check.state]
        lines.append((sign, style, check))
    told = render_pairs(
        (check.name, Text.assemble((sign, style), " ", escape_controls(check.message)))
        for sign, style, check in lines
    )
    return Group(Text(versions, style="dim"), Text(), settings, Text(), told)
