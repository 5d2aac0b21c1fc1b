"""What a command prints: its result as text or JSON, notes, errors, and questions."""

import functools
import sys
from collections.abc import Sequence
from dataclasses import asdict, is_dataclass
from decimal import Decimal
from shutil import get_terminal_size
from typing import Any

import orjson
import typer
from rich.console import Console, RenderableType

from respan_langchain.cli.formatting import safe_text
from respan_langchain.client.models import ApiModel
from respan_langchain.errors import ConfigurationError


class OutputContext(typer.Context):
    """Typer's context with the values of the shared options, and two consoles."""

    interruption = "Interrupted."
    """The note for Ctrl-C; a long command says in it how far it came and what to do next."""

    @property
    def as_json(self) -> bool:
        """`--json`."""
        return bool(self.shared_options.get("as_json"))

    @property
    def shared_options(self) -> dict[str, Any]:
        """The shared options that are set, for the whole command line wherever they are given."""
        options: dict[str, Any] = self.meta.setdefault(f"{__name__}.shared_options", {})
        return options

    def make_formatter(self) -> Any:
        """Return the formatter of help texts; theirs would be 50 columns wide at least."""
        formatter = super().make_formatter()
        formatter.width = min(formatter.width, get_terminal_size().columns - 2)
        return formatter

    @functools.cached_property
    def out(self) -> Console:
        """The console for results."""
        return Console(highlight=False, emoji=False)

    @functools.cached_property
    def err(self) -> Console:
        """The console for progress, notes and errors."""
        return Console(stderr=True, highlight=False, emoji=False)

    def print(self, text: str, style: str = "") -> None:
        """Print a line for a person; nothing with `--json`."""
        if not self.as_json:
            self.out.print(safe_text(text, style))

    def note(self, text: str) -> None:
        """Print a note to the standard error."""
        self.err.print(safe_text(text, "dim"), soft_wrap=True)

    def error(self, text: str) -> None:
        """Print an error to the standard error."""
        self.err.print(safe_text(text, "red"), soft_wrap=True)

    def output(self, result: object, *parts: RenderableType) -> None:
        """Print a result: as JSON with `--json`, else its parts, of which strings are text."""
        if self.as_json:
            write_json(result)
            return
        for part in parts:
            self.out.print(safe_text(part) if isinstance(part, str) else part)

    def output_list(self, results: Sequence[object], *parts: RenderableType) -> None:
        """Print a list; with `--json` every list is `{"count": ..., "results": [...]}`."""
        self.output({"count": len(results), "results": results}, *parts)

    def confirm_deletion(self, question: str, *, yes: bool) -> None:
        """Ask before rows or files are deleted, and end the command if they shall not be.

        Raises:
            ConfigurationError: There is no terminal, and `yes` is false.
            typer.Exit: The answer was no.
        """
        if yes:
            return
        if self.as_json or not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise ConfigurationError(f"{question} Not a terminal; pass --yes to confirm.")
        if not typer.confirm(question):
            self.print("Nothing was deleted.")
            raise typer.Exit(1)


def write_json(result: object, *, indent: bool = True) -> None:
    """Write JSON and a line break to the standard output."""
    option = orjson.OPT_INDENT_2 if indent else 0
    line = orjson.dumps(result, default=_json_value, option=option | orjson.OPT_APPEND_NEWLINE)
    sys.stdout.flush()
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


def _json_value(value: object) -> object:
    if isinstance(value, ApiModel):
        return value.model_dump(exclude_none=True)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return float(value) if isinstance(value, Decimal) else str(value)
