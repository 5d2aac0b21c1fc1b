"""Access to the web pages where a key is required: a cookie that only this process can issue."""

import hashlib
import hmac
import ipaddress
import secrets
import threading
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import parse_qs

from starlette.requests import cookie_parser

from respan_langchain.embedded.access import ServerRateLimit
from respan_langchain.embedded.http import HttpError, Request, Response
from respan_langchain.server import layout
from respan_langchain.server.html import element

COOKIE = "respan_local"
MAX_ATTEMPTS = 10
"""Login attempts of one client in a minute."""
MAX_CLIENTS = 1000
"""Clients whose attempts are remembered."""


class LoginAttempts:
    """Limits the login attempts of each client, so that a stranger cannot lock the owner out."""

    def __init__(self, per_minute: int = MAX_ATTEMPTS) -> None:
        self._get_limiter = lru_cache(MAX_CLIENTS)(lambda _network: ServerRateLimit(per_minute))
        self._lock = threading.Lock()

    def acquire(self, client: str) -> bool:
        """Count an attempt; False when this client has made too many."""
        with self._lock:  # else two threads could make a limiter each for one network
            limiter = self._get_limiter(_get_network(client))
        return limiter.acquire() == 0.0


def _get_network(client: str) -> str:
    """Return an IPv4 address, or the /64 network of an IPv6 address, which has one owner."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client
    if address.version == 4:
        return client
    return str(ipaddress.ip_network((address, 64), strict=False))


@dataclass(frozen=True, slots=True)
class Sessions:
    """Admits people who know the key; without a key, everyone."""

    api_key: str | None = field(repr=False)
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    attempts: LoginAttempts = field(default_factory=LoginAttempts)

    def is_logged_in(self, request: Request) -> bool:
        """Whether the request carries a valid session cookie, or none is needed."""
        if not self.api_key:
            return True
        found = cookie_parser(request.headers.get("cookie", "")).get(COOKIE, "")
        return hmac.compare_digest(found.encode(), self._token(self.api_key).encode())

    def log_in(self, request: Request) -> Response:
        """Check the key of a login form, and set the session cookie."""
        if not self.attempts.acquire(request.client):
            raise HttpError(429, "Too many attempts. Try again in a minute.")
        try:
            given = parse_qs(request.body.decode()).get("key", [""])[0]
        except (UnicodeDecodeError, ValueError):
            given = ""
        if not self.api_key or not hmac.compare_digest(given.encode(), self.api_key.encode()):
            return login_page("This key is not valid.", 401)
        secure = "; Secure" if request.origin.startswith("https:") else ""
        cookie = f"{COOKIE}={self._token(self.api_key)}; Path=/; HttpOnly; SameSite=Strict{secure}"
        return Response(303, headers={"location": "/", "set-cookie": cookie})

    def _token(self, key: str) -> str:
        return hmac.new(self.secret, key.encode(), hashlib.sha256).hexdigest()


def login_page(problem: str | None = None, status: int = 200) -> Response:
    """Build the login page."""
    field_ = element(
        "input", type="password", name="key", required=True, autofocus=True,
        autocomplete="current-password",
    )  # fmt: skip
    form = element(
        "form.login",
        element("h1", "Respan, local"),
        element("label", "Key", field_),
        element("p.problem", problem, role="alert") if problem else None,
        element("button.primary", "Open", type="submit"),
        method="post",
        action="/login",
    )
    return layout.page("Key", form, status=status)
