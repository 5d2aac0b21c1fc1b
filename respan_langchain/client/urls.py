"""Where the platform is and what opens its door: base URLs, path segments and keys, checked early.

Pure. What cannot be made safe is refused in words that say what to do, and that never quote a key
or a password.
"""

import ipaddress
from urllib.parse import quote, urlsplit

from pydantic import SecretStr

from respan_langchain.errors import ConfigurationError


def normalize_base_url(base_url: str, *, with_key: bool = True, allow_http: bool = False) -> str:
    """Turn whatever people set as the base URL into what a call's path is appended to.

    Args:
        base_url: With or without `/api` and slashes at its end.
        with_key: Whether a key will be sent, so that plain HTTP leads only to this machine.
        allow_http: Send the key over plain HTTP all the same.

    >>> normalize_base_url("https://endpoint.respan.ai/api/")
    'https://endpoint.respan.ai'
    """
    text = base_url.strip()
    if not text.isprintable() or " " in text or "\\" in text:
        raise ConfigurationError(
            "The base URL has blanks, backslashes or control characters in it."
        )
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ConfigurationError("The base URL has a host or a port that cannot be read.") from None
    if parts.scheme not in {"http", "https"} or not host:
        raise ConfigurationError("The base URL must look like https://api.respan.ai.")
    if "@" in parts.netloc:
        raise ConfigurationError("The base URL must not carry a user or a password.")
    if parts.query or parts.fragment:
        raise ConfigurationError("The base URL must end with its path: no '?' and no '#'.")
    if parts.scheme == "http" and with_key and not allow_http and not is_loopback(host):
        raise ConfigurationError(
            f"The key would travel to {host} unencrypted: use https:// or say allow_http=True."
        )
    name = f"[{host}]" if ":" in host else host
    origin = f"{parts.scheme}://{name}" + ("" if port is None else f":{port}")
    return origin + _without_api(parts.path)


def quote_segment(name: str) -> str:
    """Quote an id so that it stays one segment of a path, whatever is in it.

    >>> quote_segment("../d?1#")
    '..%2Fd%3F1%23'
    """
    if name in {"", ".", ".."}:
        raise ConfigurationError(f"{name!r} is not an id.")
    try:
        return quote(name, safe="")
    except UnicodeEncodeError:
        raise ConfigurationError("An id must be text that can be written as UTF-8.") from None


def validate_api_key(api_key: str | SecretStr | None) -> str | None:
    """Return the key as it goes into the header, None when there is none."""
    if api_key is None:
        return None
    key = (api_key.get_secret_value() if isinstance(api_key, SecretStr) else api_key).strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigurationError(
            "The API key is empty or holds characters that no key has: copy it again."
        )
    return key


def _without_api(path: str) -> str:
    path = path.rstrip("/")
    while path.endswith("/api"):
        path = path.removesuffix("/api").rstrip("/")
    return path


def is_loopback(host: str | None) -> bool:
    """Whether a host name or address leads to this machine.

    >>> [is_loopback(host) for host in ("localhost", "127.8.0.1", "::1", "10.0.0.1", None)]
    [True, True, True, False, False]
    """
    name = (host or "").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
