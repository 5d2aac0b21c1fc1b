"""The context of a command: shared options, settings, the client, and output.

A command takes a `CliContext` and its own options, and returns its exit code: 0 for success, 1 when
it found problems or could not finish, 2 for wrong usage.
"""

import functools
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from decimal import Decimal
from pathlib import Path
from shutil import get_terminal_size, which
from typing import Any, Final

import orjson
import typer
from rich.console import Console, RenderableType

from respan_langchain._connect import (
    DEFAULT_LOCAL_FILE,
    DEFAULT_LOCAL_URL,
    open_client,
    require_database_file,
    uses_default_file,
)
from respan_langchain.cli.formatting import safe_text
from respan_langchain.client.client import DatasetClient
from respan_langchain.client.models import ApiModel
from respan_langchain.errors import ConfigurationError
from respan_langchain.settings import MISSING_KEY, Settings, read_settings_without_key

EXIT_OK: Final = 0
EXIT_PROBLEMS: Final = 1
EXIT_USAGE: Final = 2
CALL_TIMEOUT: Final = 120.0
"""Seconds for one API call, waits for the rate limit included."""

PROGRAM: Final = "respan-langchain"


class CliContext(typer.Context):
    """Typer's context with the values of the shared options and what follows from them."""

    interruption = "Interrupted."
    """The note for Ctrl-C; a long command says in it how far it came and what to do next."""

    @property
    def base_url(self) -> str | None:
        """`--base-url`."""
        return self.meta.get(f"{PROGRAM}.base_url")

    @property
    def api_key(self) -> str | None:
        """`--api-key`."""
        return self.meta.get(f"{PROGRAM}.api_key")

    @property
    def as_json(self) -> bool:
        """`--json`."""
        return bool(self.meta.get(f"{PROGRAM}.as_json"))

    def make_formatter(self) -> Any:
        """Return the formatter of help texts; theirs would be 50 columns wide at least."""
        formatter = super().make_formatter()
        formatter.width = min(formatter.width, get_terminal_size().columns - 2)
        return formatter

    def set_shared_option(self, name: str, value: object) -> None:
        """Store a shared option; it holds for the whole command line, wherever it was given."""
        self.meta[f"{PROGRAM}.{name}"] = value

    @functools.cached_property
    def out(self) -> Console:
        """The console for results."""
        return Console(highlight=False, emoji=False)

    @functools.cached_property
    def err(self) -> Console:
        """The console for progress, notes and errors."""
        return Console(stderr=True, highlight=False, emoji=False)

    @functools.cached_property
    def settings(self) -> Settings:
        """Options, environment and defaults combined, with a key where the platform needs one."""
        if self.uses_default_file:
            self.note(f"No URL or API key is set: using {DEFAULT_LOCAL_FILE} in this folder.")
        return self.settings_for()

    def settings_for(self, **arguments: object) -> Settings:
        """Read the settings with further arguments.

        Raises:
            ConfigurationError: An option is wrong, or the platform needs a key and has none.
        """
        settings = self.settings_without_key(**arguments)
        if settings.is_key_missing:
            raise ConfigurationError(MISSING_KEY)
        return settings

    def settings_without_key(self, **arguments: object) -> Settings:
        """Read the settings, for a command that needs no key.

        Without a URL and a key, `respan.db` in the current folder is used if it exists.
        """
        settings = self._read_settings(**arguments)
        if uses_default_file(settings):
            return settings.model_copy(update={"base_url": DEFAULT_LOCAL_URL})
        return settings

    @property
    def uses_default_file(self) -> bool:
        """Whether neither a URL nor a key is set and `respan.db` is in the current folder."""
        return uses_default_file(self._read_settings())

    def _read_settings(self, **arguments: object) -> Settings:
        options = {"base_url": self.base_url, "api_key": self.api_key}
        return read_settings_without_key(options | arguments)

    @property
    def local_url(self) -> str:
        """The local platform: the URL of the settings if it is a file, else `respan.db` here."""
        configured = self.settings_without_key()
        return configured.base_url if configured.is_local else DEFAULT_LOCAL_URL

    @contextmanager
    def client(self, *, create: bool = False) -> Iterator[DatasetClient]:
        """Open a client for the platform of the settings.

        Raises:
            ConfigurationError: The platform is a file that does not exist, and `create` is false.
        """
        if not create:
            self._require_database_file()
        with open_client(self.settings, timeout=CALL_TIMEOUT) as client:
            yield client

    def _require_database_file(self) -> None:
        try:
            require_database_file(self.settings)
        except ConfigurationError as error:
            demo = self.command_line("demo")
            raise ConfigurationError(f"{error} (`{demo}` creates one with sample rows)") from None

    def command_line(self, *words: str, base_url: str | None = None) -> str:
        """Return a command for a hint: the program as it was called, with the same platform."""
        url = base_url or self.base_url
        options = ["--base-url", url] if url not in (None, DEFAULT_LOCAL_URL) else []
        return f"{called_program()} {shlex.join([*words, *options])}"

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
            raise typer.Exit(EXIT_PROBLEMS)


def called_program() -> str:
    """Return how this program was started, for hints that can be pasted.

    A script on the PATH is its name; another one is its path as it was typed.
    """
    script = sys.argv[0]
    if Path(script).parts[-2:] == ("respan_langchain", "__main__.py"):
        return f"{shlex.quote(sys.orig_argv[0])} -m respan_langchain"
    if Path(script).name != PROGRAM:
        return PROGRAM
    found = which(PROGRAM)
    on_path = found is not None and Path(found).samefile(script)
    return PROGRAM if on_path else shlex.quote(script)


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
