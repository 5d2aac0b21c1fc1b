"""`serve`: the local platform on a port, as an API and as web pages."""

import webbrowser
from typing import Annotated, Final

import typer

from respan_langchain._constants import BULK_REQUESTS_PER_MINUTE, REQUESTS_PER_MINUTE
from respan_langchain.cli.command import command
from respan_langchain.cli.options import number_option
from respan_langchain.cli.output import write_json
from respan_langchain.cli.platform import CliContext
from respan_langchain.cli.signals import stop_event
from respan_langchain.client.urls import is_loopback
from respan_langchain.errors import ConfigurationError

PORT: Final = 8000


@command("serve", examples=["serve --open", "serve --port 0 --json"])
def serve(
    ctx: CliContext,
    host: Annotated[str, typer.Option(metavar="HOST", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int,
        number_option(
            "Port; 0 for any free one.", "--port", "-p", least=0, most=65535, metavar="PORT"
        ),
    ] = PORT,
    name: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST", help="Additional allowed Host header. Repeatable."),
    ] = None,
    open_browser: Annotated[
        bool, typer.Option("--open", help="Open the pages in a browser.")
    ] = False,
    enforce_rate_limits: Annotated[
        bool, typer.Option("--enforce-rate-limits", help="Answer with Respan's rate limits.")
    ] = False,
    python: Annotated[
        bool,
        typer.Option("--allow-python", help="Allow python:module:function evaluators."),
    ] = False,
) -> None:
    """Serve a local file as an API and web pages.

    With --api-key, clients must send that key; on an address that other machines reach, also with
    RESPAN_API_KEY.
    """
    from respan_langchain.embedded.access import AccessPolicy, ServerRateLimit
    from respan_langchain.embedded.store.store import open_store
    from respan_langchain.server.asgi import serving
    from respan_langchain.server.bind import BindConfig

    if ctx.base_url is not None and not ctx.settings_without_key().is_local:
        raise ConfigurationError("serve needs a file: pass --base-url sqlite:///file.db.")
    url = ctx.local_url
    policy = AccessPolicy(
        requests=ServerRateLimit(REQUESTS_PER_MINUTE) if enforce_rate_limits else None,
        bulk_requests=ServerRateLimit(BULK_REQUESTS_PER_MINUTE) if enforce_rate_limits else None,
        allow_python_evaluators=python,
    )
    key = _find_shared_key(ctx, url, host)
    config = BindConfig(host=host, port=port, api_key=key, allowed_hosts=frozenset(name or ()))
    with stop_event() as stopped, serving(open_store(url), config, policy) as address:
        _announce(ctx, url, address, has_key=key is not None)
        if open_browser:
            webbrowser.open(address)
        stopped.wait()
        ctx.interruption = f"Stopped. The same command serves {_name_of(url)} again."


def _find_shared_key(ctx: CliContext, url: str, host: str) -> str | None:
    """Return the key that clients must send; None for any key, on this machine only."""
    if ctx.api_key is not None or is_loopback(host):
        return ctx.api_key
    key = ctx.settings_for(base_url=url).api_key
    return None if key is None else key.get_secret_value()


def _name_of(url: str) -> str:
    return url.removeprefix("sqlite:///")


def _announce(ctx: CliContext, url: str, address: str, *, has_key: bool) -> None:
    if ctx.as_json:
        write_json({"address": address, "base_url": url}, indent=False)
        return
    ctx.print(f"Serving {_name_of(url)} at {address} (Ctrl-C to stop)")
    key = "the same RESPAN_API_KEY" if has_key else "any RESPAN_API_KEY"
    ctx.print(f"Apps send to it with RESPAN_BASE_URL={address} and {key}.", "dim")
