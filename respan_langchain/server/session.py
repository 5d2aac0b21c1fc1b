"""Who may see the page, where a key is needed: a cookie that only this process can have made."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from respan_langchain.embedded.access import RateLimiter
from respan_langchain.embedded.http import HttpError, Request, Response
from respan_langchain.server import layout
from respan_langchain.server.html import element

COOKIE = "respan_local"
MAX_ATTEMPTS = 10
"""Wrong keys in a minute."""


@dataclass(frozen=True, slots=True)
class Sessions:
    """Lets people in who know the key; without a key, everyone."""

    api_key: str | None = field(repr=False)
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    attempts: RateLimiter = field(default_factory=lambda: RateLimiter(MAX_ATTEMPTS))

    def is_logged_in(self, request: Request) -> bool:
        """Tell whether a request comes from someone who is in."""
        if not self.api_key:
            return True
        try:
            cookies = SimpleCookie(request.headers.get("cookie", ""))
        except CookieError:
            return False
        found = cookies[COOKIE].value if COOKIE in cookies else ""
        return hmac.compare_digest(found.encode(), self._token(self.api_key).encode())

    def log_in(self, request: Request) -> Response:
        """Answer to someone who gives a key."""
        if self.attempts.acquire() > 0:
            raise HttpError(429, "Too many attempts. Try again in a minute.")
        try:
            given = parse_qs(request.body.decode()).get("key", [""])[0]
        except (UnicodeDecodeError, ValueError):
            given = ""
        if not self.api_key or not hmac.compare_digest(given.encode(), self.api_key.encode()):
            return login_page("That is not the key.", 401)
        secure = "; Secure" if request.origin.startswith("https:") else ""
        cookie = f"{COOKIE}={self._token(self.api_key)}; Path=/; HttpOnly; SameSite=Strict{secure}"
        return Response(303, headers={"location": "/", "set-cookie": cookie})

    def _token(self, key: str) -> str:
        return hmac.new(self.secret, key.encode(), hashlib.sha256).hexdigest()


def login_page(problem: str | None = None, status: int = 200) -> Response:
    """Ask for the key."""
    field_ = element(
        "input", type="password", name="key", required=True, autofocus=True,
        autocomplete="current-password",
    )  # fmt: skip
    form = element(
        "form",
        element("h1", "Respan, local"),
        element("label", "Key", field_),
        element("p", problem, class_="problem", role="alert") if problem else None,
        element("button", "Open", type="submit", class_="primary"),
        method="post",
        action="/login",
        class_="login",
    )
    return layout.page("Key", form, status=status)
