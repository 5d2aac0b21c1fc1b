"""`serve`: the platform of this machine on a port, with its page."""

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Annotated, Final

import typer

from respan_langchain._constants import BULK_REQUESTS_PER_MINUTE, REQUESTS_PER_MINUTE
from respan_langchain.cli.context import EXIT_OK, CliContext, command, write_json
from respan_langchain.errors import ConfigurationError

PORT: Final = 8000


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    command(app, "serve")(serve)


def serve(
    ctx: CliContext,
    host: Annotated[str, typer.Option("--host", help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option("--port", "-p", min=0, max=65535, help="The port; 0 takes any that is free."),
    ] = PORT,
    name: Annotated[
        list[str] | None,
        typer.Option("--name", help="A further host name under which it may be asked."),
    ] = None,
    enforce_rate_limits: Annotated[
        bool, typer.Option("--enforce-rate-limits", help="Answer with Respan's rate limits.")
    ] = False,
    python: Annotated[
        bool,
        typer.Option("--allow-python", help="Let requests name Python functions as evaluators."),
    ] = False,
) -> int:
    """Serve a `sqlite:` file, as an API and as a page; `--api-key` is the key that it asks for."""
    from respan_langchain.embedded.access import AccessPolicy, RateLimiter
    from respan_langchain.embedded.store.store import open_store
    from respan_langchain.server.asgi import serving
    from respan_langchain.server.bind import BindConfig

    if ctx.base_url is not None and not ctx.settings_without_key.is_local:
        raise ConfigurationError("Only a file can be served: give --base-url sqlite:///file.db.")
    url = ctx.local_url
    policy = AccessPolicy(
        requests=RateLimiter(REQUESTS_PER_MINUTE) if enforce_rate_limits else None,
        bulk_requests=RateLimiter(BULK_REQUESTS_PER_MINUTE) if enforce_rate_limits else None,
        allow_python_evaluators=python,
    )
    config = BindConfig(
        host=host, port=port, api_key=ctx.api_key, allowed_hosts=frozenset(name or ())
    )
    stopped = threading.Event()
    before = {each: signal.signal(each, _sets(stopped)) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        with serving(open_store(url), config, policy) as address:
            _announce(ctx, url, address)
            stopped.wait()
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    return EXIT_OK


def _sets(stopped: threading.Event) -> Callable[[int, FrameType | None], None]:
    def stop(_: int, __: FrameType | None) -> None:
        stopped.set()

    return stop


def _announce(ctx: CliContext, url: str, address: str) -> None:
    if ctx.as_json:
        write_json({"address": address, "base_url": url}, indent=False)
        return
    ctx.print(f"{url.removeprefix('sqlite:///')} is at {address}, until Ctrl-C.")
    ctx.print(f"Apps send to it with RESPAN_BASE_URL={address} and {_key_words(ctx)}.", style="dim")


def _key_words(ctx: CliContext) -> str:
    return "the key that you gave" if ctx.api_key else "any RESPAN_API_KEY"
