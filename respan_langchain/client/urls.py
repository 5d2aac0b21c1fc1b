"""Checks base URLs, path segments and API keys before anything is sent.

Pure. What is unsafe raises a ConfigurationError that never quotes a key or a password.
"""

import ipaddress
import re
from urllib.parse import quote, urlsplit

from pydantic import SecretStr

from respan_langchain.errors import ConfigurationError


def normalize_base_url(base_url: str, *, with_key: bool = True, allow_http: bool = False) -> str:
    """Return the URL that paths such as `/api/datasets/` are appended to.

    Args:
        base_url: With or without `/api` and slashes at its end.
        with_key: Whether an API key will be sent; then plain HTTP is accepted for loopback only.
        allow_http: Accept plain HTTP for any host.

    >>> normalize_base_url("https://endpoint.respan.ai/api/")
    'https://endpoint.respan.ai'
    """
    text = base_url.strip()
    if not text.isprintable() or " " in text or "\\" in text:
        raise ConfigurationError(
            "base_url contains spaces, backslashes or control characters; remove them"
        )
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ConfigurationError(
            "base_url has an invalid host or port; use https://HOST or https://HOST:PORT"
        ) from None
    if parts.scheme not in {"http", "https"} or not host:
        raise ConfigurationError(
            "base_url must begin with https:// and name a host, as in https://api.respan.ai"
        )
    if "@" in parts.netloc:
        raise ConfigurationError("base_url must not contain a user name or password; remove it")
    if parts.query or parts.fragment:
        raise ConfigurationError("base_url must not contain '?' or '#'; remove what follows")
    if parts.scheme == "http" and with_key and not allow_http and not is_loopback(host):
        raise ConfigurationError(
            f"Refusing to send the API key to {host} over plain HTTP; use https:// "
            "or pass allow_http=True."
        )
    name = f"[{host}]" if ":" in host else host
    origin = f"{parts.scheme}://{name}" + ("" if port is None else f":{port}")
    return origin + re.sub(r"(/api|/)+$", "", parts.path)


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


def quote_segment(name: str) -> str:
    """Quote an id so that it stays one segment of a path.

    >>> quote_segment("../d?1#")
    '..%2Fd%3F1%23'
    """
    if not isinstance(name, str) or name in {"", ".", ".."}:
        raise ConfigurationError(f"{name!r} is not a valid id")
    try:
        return quote(name, safe="")
    except UnicodeEncodeError:
        raise ConfigurationError("an id must be text that UTF-8 can encode") from None


def validate_api_key(api_key: str | SecretStr | None) -> SecretStr | None:
    """Return the key without surrounding whitespace; None when there is none."""
    if api_key is None:
        return None
    key = (api_key.get_secret_value() if isinstance(api_key, SecretStr) else api_key).strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigurationError(
            "api_key is empty or contains whitespace or non-ASCII characters; copy it again"
        )
    return SecretStr(key)
