"""Who may see the page, where a key is needed: a cookie that only this process can have made."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from respan_langchain.embedded.access import Limiter
from respan_langchain.embedded.http import RefusedError, Request, Response
from respan_langchain.server import layout
from respan_langchain.server.html import element

COOKIE = "respan_local"
GUESSES = 10
"""Wrong keys in a minute."""


@dataclass(frozen=True, slots=True)
class Sessions:
    """Lets people in who know the key; without a key, everyone."""

    key: str | None = field(repr=False)
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    guesses: Limiter = field(default_factory=lambda: Limiter(GUESSES))

    def admits(self, request: Request) -> bool:
        """Tell whether a request comes from someone who is in."""
        if not self.key:
            return True
        try:
            cookies = SimpleCookie(request.headers.get("cookie", ""))
        except CookieError:
            return False
        found = cookies[COOKIE].value if COOKIE in cookies else ""
        return hmac.compare_digest(found.encode(), self._token(self.key).encode())

    def enter(self, request: Request) -> Response:
        """Answer to someone who gives a key."""
        if self.guesses.admit() > 0:
            raise RefusedError(429, "Too many attempts. Try again in a minute.")
        try:
            given = parse_qs(request.body.decode()).get("key", [""])[0]
        except (UnicodeDecodeError, ValueError):
            given = ""
        if not self.key or not hmac.compare_digest(given.encode(), self.key.encode()):
            return login_page("That is not the key.", 401)
        secure = "; Secure" if request.origin.startswith("https:") else ""
        cookie = f"{COOKIE}={self._token(self.key)}; Path=/; HttpOnly; SameSite=Strict{secure}"
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
