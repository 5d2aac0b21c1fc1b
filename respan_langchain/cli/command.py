"""Typer's commands and groups, with the shared options at every level and one way to exit."""

import json
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from respan_langchain.cli.platform import PROGRAM, CliContext
from respan_langchain.errors import ApiError, RespanError

Command = TypeVar("Command", bound=Callable[..., int | None])
EXIT_OK: Final = 0
EXIT_PROBLEMS: Final = 1
"""The command found problems, or could not finish."""
EXIT_USAGE: Final = 2
EXIT_INTERRUPTED: Final = 130
MESSAGE_KEYS: Final = ("detail", "message", "error")
MAX_SERVER_MESSAGE: Final = 300
"""Characters of a server's own message in an error."""


def _remember(context: CliContext, param: typer.CallbackParam, value: Any) -> Any:
    if value:
        context.shared_options[str(param.name)] = value
    return value


def _shared(text: str, *names: str, metavar: str | None = None) -> Any:
    """Declare an option whose value `_remember` keeps, in place of passing it to the command."""
    return typer.Option(*names, metavar=metavar, help=text, callback=_remember, expose_value=False)


def _shared_options(
    base_url: Annotated[
        str | None,
        _shared("Platform, or sqlite:///file.db. [env: RESPAN_BASE_URL]", metavar="URL"),
    ] = None,
    api_key: Annotated[
        str | None,
        _shared(
            "API key; the variable keeps it out of your shell history. [env: RESPAN_API_KEY]",
            metavar="KEY",
        ),
    ] = None,
    as_json: Annotated[bool, _shared("Write JSON.", "--json")] = False,
) -> None:
    """Declare the options that every command and group takes."""


def _declared_params() -> list[Any]:
    """Let typer turn `_shared_options` into parameters."""
    declaring = typer.Typer(add_completion=False)
    declaring.command()(_shared_options)
    return get_command(declaring).params


SHARED_OPTIONS: Final = _declared_params()


class ContextCommand(TyperCommand):
    """A command that takes the shared options; its return value is the exit code, None is 0."""

    context_class = CliContext

    def get_params(self, ctx: Any) -> list[Any]:
        """Add the shared options to the command's own."""
        return _with_shared(super().get_params(ctx))

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """List arguments and options without the types of their values."""
        params: list[Any] = self.get_params(ctx)
        arguments = [each for each in params if each.param_type_name == "argument"]
        options = [each for each in params if each.param_type_name == "option" and not each.hidden]
        if arguments:
            names = [(each.metavar or each.name, each.help or "") for each in arguments]
            with formatter.section("Arguments"):
                formatter.write_dl(names)
        with formatter.section("Options"):
            formatter.write_dl([each.get_help_record(ctx) for each in options])

    def invoke(self, ctx: Any) -> Any:
        """Run the command, and exit with its code or with that of its error."""
        ctx.exit(_exit_code(ctx, lambda: super(ContextCommand, self).invoke(ctx)))


class ContextGroup(TyperGroup):
    """A group that takes the shared options before the name of its command, too."""

    context_class = CliContext

    def get_params(self, ctx: Any) -> list[Any]:
        """Add the shared options to the group's own."""
        return _with_shared(super().get_params(ctx))

    def list_commands(self, ctx: Any) -> list[str]:
        """List the commands by name; they were added in the order of imports."""
        return sorted(super().list_commands(ctx))


def _with_shared(params: list[Any]) -> list[Any]:
    """Insert the shared options before `--help`, which typer puts last."""
    return [*params[:-1], *SHARED_OPTIONS, *params[-1:]]


def _new_app(help_text: str, *, examples: Sequence[str]) -> typer.Typer:
    return typer.Typer(
        cls=ContextGroup,
        help=help_text,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog=_write_examples(examples),
    )


def new_group(name: str, help_text: str, *, examples: Sequence[str]) -> typer.Typer:
    """Add a group of commands; `-h` and `--help` show its help."""
    group = _new_app(help_text, examples=examples)
    app.add_typer(group, name=name)
    return group


def command(
    name: str, *, examples: Sequence[str], group: typer.Typer | None = None
) -> Callable[[Command], Command]:
    """Add a function as a command; it takes a `CliContext` and may return an exit code.

    The examples are command lines without the program's name, shown below the help text.
    """
    target = app if group is None else group
    return target.command(name, cls=ContextCommand, epilog=_write_examples(examples))


def _write_examples(examples: Sequence[str]) -> str:
    """Write example commands below the help text."""
    # The backspace keeps the help formatter from joining the lines.
    lines = "\n".join(f"  {PROGRAM} {example}" for example in examples)
    return f"\b\nExamples:\n{lines}"


SUMMARY: Final = "Capture LangChain runs as datasets; browse, export and sync them."
app: Final = _new_app(SUMMARY, examples=["demo", "serve --open", "logs list demo --search refund"])
"""The program; each module of `cli/commands` adds its commands when `cli/app.py` imports it."""


def _exit_code(context: CliContext, run: Callable[[], int | None]) -> int:
    try:
        return run() or EXIT_OK
    except ApiError as error:
        context.error(describe_api_error(error, context.settings.base_url))
        return EXIT_PROBLEMS
    except RespanError as error:
        context.error(str(error))
        return EXIT_USAGE
    except BrokenPipeError:
        # The reader of the output has closed it; nothing may be written to it any more.
        sys.stdout = None
        return EXIT_OK
    except OSError as error:
        context.error(_describe_os_error(error))
        return EXIT_PROBLEMS
    except KeyboardInterrupt:
        context.note(context.interruption)
        return EXIT_INTERRUPTED


def _describe_os_error(error: OSError) -> str:
    reason = error.strerror or error
    if error.filename is not None:
        return f"{error.filename} cannot be used: {reason}"
    sys.stdout = None  # what it has buffered could not be written either
    return f"The output cannot be written: {reason}"


def describe_api_error(error: ApiError, base_url: str) -> str:
    """Describe an API error for a person: the platform, what went wrong, the server's message."""
    platform = base_url.removeprefix("sqlite:///")
    fields = "; ".join(f"{name}: {', '.join(texts)}" for name, texts in error.fields.items())
    if fields:
        return f"{platform}: {error.status}: {fields}"
    reason = _server_message(error.body)
    described = f"{platform}: {error.problem}"
    return f"{described} ({reason})" if reason else described


def _server_message(body: str) -> str:
    """Return the message of a JSON error body; empty if there is none."""
    try:
        parsed = json.loads(body)
    except ValueError:
        return ""
    texts = [parsed.get(name) for name in MESSAGE_KEYS] if isinstance(parsed, dict) else []
    return next((text for text in texts if isinstance(text, str)), "")[:MAX_SERVER_MESSAGE]
