"""The door of the command line: says what is missing, or loads the commands."""

import sys
from importlib.util import find_spec

MISSING = "The command line needs typer: pip install 'respan-langchain[local]'\n"


def main() -> None:
    """Run the command that the arguments name, and exit with its code."""
    if find_spec("typer") is None:
        sys.stderr.write(MISSING)
        sys.exit(2)
    _survive_odd_terminals()
    from respan_langchain.cli.app import app

    app(prog_name="respan-langchain")


def _survive_odd_terminals() -> None:
    """Show what a terminal's encoding cannot spell as `?`, in place of failing half-way."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
