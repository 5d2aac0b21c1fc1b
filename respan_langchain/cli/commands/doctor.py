"""`doctor`: check the configuration, the connection, the dataset, prices and the spool."""

import platform
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Final, Literal

from rich.console import RenderableType
from rich.text import Text

from respan_langchain._connect import open_client, require_database_file
from respan_langchain._constants import __version__
from respan_langchain.cli.command import EXIT_OK, EXIT_PROBLEMS, command, describe_api_error
from respan_langchain.cli.commands.config import (
    AllOption,
    SettingSource,
    list_settings,
    render_settings,
)
from respan_langchain.cli.commands.spool import spool_root
from respan_langchain.cli.fleet_options import ViaOption, require_via
from respan_langchain.cli.formatting import escape_controls, pluralize
from respan_langchain.cli.options import DatasetArgument
from respan_langchain.cli.platform import CliContext
from respan_langchain.cli.tables import render_pairs
from respan_langchain.client.client import DatasetClient
from respan_langchain.datasets.dataset import Dataset
from respan_langchain.delivery.spool.maintenance import spool_files
from respan_langchain.errors import ApiError, ConfigurationError
from respan_langchain.settings.settings import Settings

PRICED_ROWS: Final = 1_000
"""Newest rows whose prices are checked."""
CONNECT_TIMEOUT: Final = 15.0
"""Seconds for one answer of the platform."""
PACKAGES: Final = ("langchain-core", "langchain", "langgraph", "httpx", "genai-prices")
SYMBOLS: Final = {"ok": ("ok", "green"), "found": ("!!", "red"), "note": ("--", "dim")}


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check."""

    name: str
    state: Literal["ok", "found", "note"]
    """`found` means a problem."""
    message: str


@command("doctor", examples=["doctor", "doctor demo --json"])
def doctor(
    ctx: CliContext,
    dataset: DatasetArgument = None,
    everything: AllOption = False,
    via: ViaOption = None,
) -> int:
    """Check configuration, connection, dataset, prices, spool and fleet."""
    settings, checks = _read_settings(ctx, via)
    shown: list[SettingSource] = []
    if settings is not None:
        checks += list(_run_checks(ctx, settings, dataset))
        shown = list_settings(ctx, settings, everything=everything)
    ctx.output(
        {"settings": shown, "versions": dict(_list_versions()), "checks": checks},
        *_render(shown, checks, ctx.out.width),
    )
    return EXIT_PROBLEMS if any(check.state == "found" for check in checks) else EXIT_OK


def _read_settings(ctx: CliContext, via: str | None) -> tuple[Settings | None, list[Check]]:
    """Read the settings, without a key where it is missing; None if one is wrong."""
    try:
        settings = ctx.settings if via is None else ctx.settings_for(via=via)
        return settings, [Check("configuration", "ok", "all settings are valid")]
    except ConfigurationError as error:
        problem = Check("configuration", "found", str(error))
    try:
        return ctx.settings_without_key(via=via), [problem]
    except ConfigurationError:
        return None, [problem]


def _run_checks(ctx: CliContext, settings: Settings, dataset: str | None) -> Iterator[Check]:
    if settings.is_key_missing:
        yield Check("key", "found", "not set")
        return
    if settings.is_local:
        yield Check("key", "note", "not needed for a local file")
    elif settings.api_key is None:
        yield Check("key", "note", "not set: rows go through Redis, and the forwarder has it")
    else:
        yield Check("key", "ok", "set (hidden)")
    if settings.is_local or settings.api_key is not None:
        try:
            require_database_file(settings)
            with closing(open_client(settings, timeout=CONNECT_TIMEOUT)) as client:
                yield from _check_platform(client, settings, dataset)
        except ConfigurationError as error:
            yield Check("connection", "found", str(error))
    yield check_spool(ctx, settings)
    yield from check_fleet(settings)


def _check_platform(
    client: DatasetClient, settings: Settings, dataset: str | None
) -> Iterator[Check]:
    began = time.monotonic()
    try:
        datasets = client.list_datasets(page_size=1)
    except ApiError as error:
        yield Check("connection", "found", describe_api_error(error, settings.base_url))
        return
    seconds = time.monotonic() - began
    count = pluralize(datasets.count, "dataset")
    yield Check("connection", "ok", f"{settings.base_url} answered in {seconds:.2f}s: {count}")
    if dataset is None and settings.dataset is None and settings.dataset_id is None:
        yield Check("dataset", "note", "not set: name one, or set RESPAN_DATASET")
        return
    try:
        rows = Dataset.of(client, settings, dataset)
        count = pluralize(len(rows), "row")
        yield Check("dataset", "ok", f"{rows.name} ({rows.id}) has {count}")
        yield check_prices(rows)
    except ConfigurationError as error:
        yield Check("dataset", "note", f"{error} The handler creates it with the first rows.")
    except ApiError as error:
        yield Check("dataset", "found", describe_api_error(error, settings.base_url))


def check_prices(rows: Dataset) -> Check:
    """Find models whose calls have tokens but no cost."""
    calls = [log for log in rows.latest(PRICED_ROWS) if log.total_tokens and log.model]
    unpriced = Counter(log.model for log in calls if log.cost is None)
    if not calls:
        return Check("prices", "note", "no rows with a model and tokens yet")
    if unpriced:
        models = ", ".join(
            f"{model} ({pluralize(number, 'row')})" for model, number in unpriced.most_common(10)
        )
        message = f"unknown for {models}: pass prices={{...}} to the handler"
        return Check("prices", "found", message)
    models = pluralize(len({log.model for log in calls}), "model")
    newest = pluralize(len(calls), "call")
    return Check("prices", "ok", f"known for {models} in the newest {newest}")


def check_spool(ctx: CliContext, settings: Settings) -> Check:
    """Find rejected rows and damaged files on disk."""
    files = spool_files(spool_root(settings))
    pending = sum(file.pending + file.unconfirmed for file in files)
    rejected = sum(file.dead for file in files)
    damaged = sum(file.damaged for file in files)
    problems = []
    if rejected:
        rows = pluralize(rejected, "row was", "rows were")
        problems.append(f"{rows} rejected: `{ctx.command_line('spool', 'export')}` shows why")
    if damaged:
        unreadable = pluralize(damaged, "file is", "files are")
        problems.append(f"{unreadable} damaged: see `{ctx.command_line('spool', 'list')}`")
    if problems:
        return Check("spool", "found", "; ".join(problems))
    if pending:
        rows = pluralize(pending, "row is", "rows are")
        message = f"{rows} pending; the next process with this spool sends them"
        return Check("spool", "note", message)
    if settings.delivery == "memory":
        message = "rows are queued in memory only; RESPAN_DELIVERY=spill keeps them on disk"
        return Check("spool", "note", message)
    return Check("spool", "ok", "no rows are pending on disk")


def check_fleet(settings: Settings) -> Iterator[Check]:
    """Look at the Redis or Valkey that rows go through."""
    if settings.via is None:
        return
    try:
        url = require_via(settings)
    except ConfigurationError as error:
        yield Check("fleet", "found", str(error))
        return
    from respan_langchain.fleet.broker import Broker
    from respan_langchain.fleet.server_checks import check_server

    with closing(Broker(url)) as broker:
        for each in check_server(broker):
            yield Check("fleet", "found" if each.is_problem else "ok", each.message)


def _list_versions() -> Iterator[tuple[str, str | None]]:
    yield "respan-langchain", __version__
    yield "python", platform.python_version()
    for package in PACKAGES:
        try:
            yield package, version(package)
        except PackageNotFoundError:
            yield package, None


def _render(
    settings: Sequence[SettingSource], checks: Sequence[Check], width: int
) -> Iterator[RenderableType]:
    versions = " ".join(f"{name} {number}" for name, number in _list_versions() if number)
    yield Text(versions, style="dim")
    yield ""
    yield render_settings(settings, width)
    yield ""
    yield render_pairs(
        (check.name, Text.assemble(SYMBOLS[check.state], " ", escape_controls(check.message)))
        for check in checks
    )
