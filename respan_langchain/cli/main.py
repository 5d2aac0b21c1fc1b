"""Entry point of the command line: checks that its packages are installed, then runs a command."""

import sys
from importlib.util import find_spec

MISSING = "The command line needs typer: pip install 'respan-langchain[local]'\n"


def main() -> None:
    """Run the command that the arguments name, and exit with its code."""
    if find_spec("typer") is None:
        sys.stderr.write(MISSING)
        sys.exit(2)
    _replace_unencodable_characters()
    from respan_langchain.cli.app import app

    app(prog_name="respan-langchain")


def _replace_unencodable_characters() -> None:
    """Print `?` for what the terminal's encoding lacks, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
