"""`config`: which settings are in effect, and where each was set."""

from typing import Annotated

import typer

from respan_langchain.cli.command import add_command
from respan_langchain.cli.context import EXIT_OK, CliContext
from respan_langchain.cli.setting_sources import list_settings, render_settings

AllOption = Annotated[bool, typer.Option("--all", "-a", help="Include settings with defaults.")]


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    add_command(app, "config", config, examples=["config", "config --all --json"])


def config(ctx: CliContext, everything: AllOption = False) -> int:
    """Show the settings in effect and where each was set."""
    settings = (
        ctx.settings_for(base_url=ctx.local_url)
        if ctx.uses_default_file
        else ctx.settings_without_key
    )
    found = list_settings(ctx, settings, everything=everything)
    ctx.output_list(found, lambda: render_settings(found))
    return EXIT_OK
