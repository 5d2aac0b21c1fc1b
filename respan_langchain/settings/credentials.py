"""The key that `respan login`, the platform's own command, has stored in the home directory."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from respan_langchain.embedded.private_file import describe_untrusted_file
from respan_langchain.errors import ConfigurationError

CREDENTIALS: Final = Path(".respan") / "credentials.json"
"""Below the home directory."""
KEY_NAMES: Final = ("api_key", "apiKey", "key", "token")


def read_stored_key() -> str | None:
    """Read the key from the credentials file; None without a file that can be read.

    Raises:
        ConfigurationError: Another user can have written the file.
    """
    try:
        path = Path.home() / CREDENTIALS
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RuntimeError):  # RuntimeError: there is no home directory
        return None
    if (refusal := describe_untrusted_file(path)) is not None:
        raise ConfigurationError(f"{path}: {refusal}")
    return _find_key(content)


def _find_key(content: Any) -> str | None:
    """Look for a key at the top level, then in each profile."""
    if not isinstance(content, Mapping):
        return None
    for name in KEY_NAMES:
        if isinstance(content.get(name), str) and content[name].strip():
            return str(content[name]).strip()
    keys = (_find_key(profile) for profile in content.values() if isinstance(profile, Mapping))
    return next((key for key in keys if key is not None), None)
