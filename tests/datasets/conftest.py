"""Datasets in Python are tested on the same platform, and through the same commands, as the CLI."""

from cli.conftest import *  # noqa: F403  # pytest finds fixtures by their names in this module
