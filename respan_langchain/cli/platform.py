"""Which platform a command talks to: by options, environment, or `respan.db` in the folder.

A command takes a `CliContext` and its own options.
"""

import functools
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from typing import Final

from respan_langchain._connect import (
    DEFAULT_LOCAL_FILE,
    DEFAULT_LOCAL_URL,
    open_client,
    require_database_file,
    uses_default_file,
)
from respan_langchain.cli.output import OutputContext
from respan_langchain.client.client import DatasetClient
from respan_langchain.errors import ConfigurationError
from respan_langchain.settings.reading import MISSING_KEY, read_settings_without_key
from respan_langchain.settings.settings import Settings

CALL_TIMEOUT: Final = 120.0
"""Seconds for one API call, waits for the rate limit included."""

PROGRAM: Final = "respan-langchain"


class CliContext(OutputContext):
    """The context of a command: the settings, the client, and what `OutputContext` prints."""

    @property
    def base_url(self) -> str | None:
        """`--base-url`."""
        return self.shared_options.get("base_url")

    @property
    def api_key(self) -> str | None:
        """`--api-key`."""
        return self.shared_options.get("api_key")

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
