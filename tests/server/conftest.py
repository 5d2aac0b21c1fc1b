"""The pages are tested on the same platform in a file as the endpoints."""

from embedded.conftest import *  # noqa: F403  # pytest finds fixtures by their names in this module
