"""`config`: which settings are in effect, and where each was set.

A setting comes from an option, a variable, the credentials file or the default.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from respan_langchain._connect import DEFAULT_LOCAL_FILE
from respan_langchain._display import UNKNOWN
from respan_langchain.cli.command import command
from respan_langchain.cli.formatting import escape_controls
from respan_langchain.cli.platform import CliContext
from respan_langchain.settings.settings import Settings

AllOption = Annotated[bool, typer.Option("--all", "-a", help="Include settings with defaults.")]
HIDDEN: Final = "set (hidden)"
NARROW_TERMINAL: Final = 60
"""Terminal columns below which the source of a setting has a line of its own."""


@dataclass(frozen=True, slots=True)
class SettingSource:
    """One setting, its value, and where it was set."""

    name: str
    value: object
    source: str


@command("config", examples=["config", "config --all --json"])
def config(ctx: CliContext, everything: AllOption = False) -> None:
    """Show the settings in effect and where each was set."""
    found = list_settings(ctx, ctx.settings_without_key(), everything=everything)
    ctx.output_list(found, render_settings(found, ctx.out.width))


def list_settings(
    ctx: CliContext, settings: Settings, *, everything: bool = False
) -> list[SettingSource]:
    """List the settings that are set, and the URL; with `everything` those with defaults, too."""
    sources = [_find_source(ctx, settings, name) for name in Settings.model_fields]
    return [
        each
        for each in sources
        if each.source != "default" or everything or each.name == "base_url"
    ]


def render_settings(settings: Sequence[SettingSource], width: int) -> RenderableType:
    """Draw settings with their sources."""
    if width < NARROW_TERMINAL:
        return Group(
            *(
                Text.assemble((each.name, "dim"), f" {_shown(each)}\n", (f"  {each.source}", "dim"))
                for each in settings
            )
        )
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(style="dim")
    for each in settings:
        table.add_row(each.name, Text(_shown(each)), each.source)
    return table


def _shown(setting: SettingSource) -> str:
    return UNKNOWN if setting.value is None else escape_controls(str(setting.value))


def _find_source(ctx: CliContext, settings: Settings, name: str) -> SettingSource:
    value = getattr(settings, name)
    is_set = name in settings.model_fields_set and value is not None
    options = {"base_url": ctx.base_url, "api_key": ctx.api_key}
    if name == "api_key" and value is not None:
        value = HIDDEN
        if not is_set:
            return SettingSource(name, value, "~/.respan/credentials.json")
    if options.get(name) is not None:
        return SettingSource(name, value, f"--{name.replace('_', '-')}")
    if name == "base_url" and ctx.uses_default_file:
        return SettingSource(name, value, f"{DEFAULT_LOCAL_FILE} in this folder")
    return SettingSource(name, value, f"RESPAN_{name.upper()}" if is_set else "default")
