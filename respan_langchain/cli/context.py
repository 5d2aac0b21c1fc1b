"""What every command stands on: the shared options, the platform behind them, one way to end.

A command is a function of a `Desk` and of its own options, and returns its exit code: 0 when all
is well, 1 when it found something or could not do it, 2 when it was asked in a wrong way.
"""

import functools
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, is_dataclass
from decimal import Decimal
from typing import Annotated, Any, Final

import orjson
import typer
from rich.console import Console, RenderableType
from rich.text import Text

from respan_langchain._connect import open_client, require_database_file
from respan_langchain.client.client import DatasetClient
from respan_langchain.client.models import ApiModel
from respan_langchain.errors import ApiError, ConfigurationError, RespanError
from respan_langchain.settings import Settings, read_settings

EXIT_OK: Final = 0
EXIT_PROBLEMS: Final = 1
EXIT_USAGE: Final = 2
CALL_TIMEOUT: Final = 120.0
"""Seconds for one call, the waits that the platform asks for included."""

DEFAULT_LOCAL_URL: Final = "sqlite:///respan.db"
PLACEHOLDER_KEY: Final = "none"
"""Stands for the key where none is needed, so that its absence is no error."""

Command = Callable[..., int]


@dataclass(frozen=True)
class CliContext:
    """The options that all commands share, and what follows from them."""

    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    as_json: bool = False

    @functools.cached_property
    def out(self) -> Console:
        """Where results go."""
        return Console(highlight=False, emoji=False)

    @functools.cached_property
    def err(self) -> Console:
        """Where progress and complaints go."""
        return Console(stderr=True, highlight=False, emoji=False)

    @functools.cached_property
    def settings(self) -> Settings:
        """The options, the environment and the defaults together."""
        return self.settings_for()

    def settings_for(self, **given: object) -> Settings:
        """Read the settings with further arguments."""
        return read_settings(**{"base_url": self.base_url, "api_key": self.api_key, **given})

    @functools.cached_property
    def settings_without_key(self) -> Settings:
        """The settings for who needs no key: its absence is no error."""
        return self.settings_for(api_key=self.api_key or PLACEHOLDER_KEY)

    @property
    def local_url(self) -> str:
        """The platform on this machine: what the settings name, else `respan.db` in this folder."""
        return (
            self.settings_without_key.base_url
            if self.settings_without_key.is_local
            else DEFAULT_LOCAL_URL
        )

    @contextmanager
    def client(self, *, may_be_new: bool = False) -> Iterator[DatasetClient]:
        """Open the platform that the settings name.

        Raises:
            ConfigurationError: It is a file that is not there, and that is not to be made.
        """
        if not may_be_new:
            require_database_file(self.settings)
        with open_client(self.settings, timeout=CALL_TIMEOUT) as client:
            yield client

    def print(self, words: str, style: str = "") -> None:
        """Say something to a person; silent when a program is listening."""
        if not self.as_json:
            self.out.print(Text(words, style=style))

    def error(self, words: str) -> None:
        """Say what is wrong, whoever listens."""
        self.err.print(Text(words, style="red"), soft_wrap=True)

    def output(self, result: object, shown: RenderableType | Callable[[], RenderableType]) -> None:
        """Hand out a result: as JSON for a program, or as it is shown to a person."""
        if self.as_json:
            write_json(result)
        else:
            self.out.print(shown() if callable(shown) else shown)

    def confirm(self, question: str, *, yes: bool) -> bool:
        """Ask a person before something that cannot be undone.

        Raises:
            ConfigurationError: There is nobody to ask, and `--yes` was not given.
        """
        if yes:
            return True
        if self.as_json or not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise ConfigurationError(f"{question} There is no terminal to ask at: say --yes.")
        return typer.confirm(question)


def write_json(result: object, *, indent: bool = True) -> None:
    """Write JSON and a line's end to the standard output."""
    option = orjson.OPT_INDENT_2 if indent else 0
    line = orjson.dumps(result, default=_plain, option=option | orjson.OPT_APPEND_NEWLINE)
    sys.stdout.flush()
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


def _plain(value: object) -> object:
    if isinstance(value, ApiModel):
        return value.model_dump(exclude_none=True)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return float(value) if isinstance(value, Decimal) else str(value)


SHARED_OPTIONS: Final = [
    inspect.Parameter(
        "base_url",
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[
            str | None,
            typer.Option(
                "--base-url",
                metavar="URL",
                help="The platform, or `sqlite:///file.db`; else RESPAN_BASE_URL.",
                rich_help_panel="Platform and output",
            ),
        ],
    ),
    inspect.Parameter(
        "api_key",
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[
            str | None,
            typer.Option(
                "--api-key",
                metavar="KEY",
                help="The key; RESPAN_API_KEY keeps it out of the shell's history.",
                rich_help_panel="Platform and output",
            ),
        ],
    ),
    inspect.Parameter(
        "as_json",
        inspect.Parameter.KEYWORD_ONLY,
        default=False,
        annotation=Annotated[
            bool,
            typer.Option("--json", help="Write JSON.", rich_help_panel="Platform and output"),
        ],
    ),
]


def command(app: typer.Typer, name: str) -> Callable[[Command], Command]:
    """Make a function of a ctx a command, with the shared options and one way to end."""

    def register(function: Command) -> Command:
        own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]

        @functools.wraps(function)
        def run(context: typer.Context, **given: Any) -> None:
            before = context.obj or {}
            shared: dict[str, Any] = {
                each.name: given.pop(each.name) or before.get(each.name) or each.default
                for each in SHARED_OPTIONS
            }
            raise typer.Exit(_ended(CliContext(**shared), function, given))

        own = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own]
        _sign(run, [_CONTEXT, *own, *SHARED_OPTIONS])
        app.command(name)(run)
        return function

    return register


def add_shared_options(app: typer.Typer, words: str) -> None:
    """Let the shared options stand before the command's name too."""

    def remember(context: typer.Context, **given: Any) -> None:
        context.obj = given

    remember.__doc__ = words
    _sign(remember, [_CONTEXT, *SHARED_OPTIONS])
    app.callback()(remember)


_CONTEXT: Final = inspect.Parameter(
    "context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context
)


def _sign(function: Callable[..., None], parameters: list[inspect.Parameter]) -> None:
    """Give a function the signature that typer is to read."""
    function.__dict__.pop("__wrapped__", None)  # or typer would read the signature of that
    function.__dict__["__signature__"] = inspect.Signature(parameters)
    function.__annotations__ = {each.name: each.annotation for each in parameters}


def _ended(ctx: CliContext, function: Command, given: dict[str, Any]) -> int:
    try:
        return function(ctx, **given)
    except ApiError as problem:
        ctx.error(describe_api_error(problem))
        return EXIT_PROBLEMS
    except RespanError as problem:
        ctx.error(str(problem))
        return EXIT_USAGE
    except BrokenPipeError:
        # Whoever read the output has seen enough; nothing may be written to it any more.
        sys.stdout = None
        return EXIT_OK
    except OSError as problem:
        ctx.error(_of_the_system(problem))
        return EXIT_PROBLEMS
    except KeyboardInterrupt:
        return 130


def _of_the_system(problem: OSError) -> str:
    words = problem.strerror or problem
    if problem.filename is not None:
        return f"{problem.filename} cannot be used: {words}"
    sys.stdout = None  # what it still holds finds no room either
    return f"The output cannot be written: {words}"


def describe_api_error(problem: ApiError) -> str:
    """Say what the platform refused, with what it complained of."""
    fields = "; ".join(f"{name}: {', '.join(words)}" for name, words in problem.fields.items())
    return f"{problem} ({fields})" if fields else str(problem)
