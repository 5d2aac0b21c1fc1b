"""Credentials in text: `Bearer` and `Basic` headers, passwords in URLs, curl, netrc, docker."""

import re
from binascii import Error as NotBase64
from binascii import a2b_base64
from typing import Final

from respan_langchain.redaction.secret_search import after_escape

_URL: Final = re.compile(r"(://[^\s/:@\"'<>]*:)([^\s/@\"'<>\[]+)(?=@)")
_BEARER: Final = re.compile(
    rf"(?i)(?:\b|{after_escape()})"
    r"(bearer\s+)(?=[A-Z._~+/=-]{0,80}[0-9])(?=[0-9._~+/=-]{0,80}[A-Z])[A-Z0-9._~+/=-]{10,}"
)
_BASIC: Final = re.compile(rf"(?i)(?:\b|{after_escape()})(basic\s+)([A-Z0-9+/]{{8,}}={{0,2}})")
_BASIC_HEADER: Final = re.compile(r"B(?:asic|ASIC)\s+[A-Za-z0-9+/]{8}")
_DOCKER_AUTH: Final = re.compile(
    r"(\"auth\\{0,7}\"\s{0,3}:\s{0,3}\\{0,7}\")([A-Za-z0-9+/]{8,2000}={0,2})"
)
_OPTION: Final = re.compile(
    r"(\s(?:-u|-U|--user|--proxy-user)[ =]{0,2}[\"']?[^\s:\"'$]{1,200}:)([^\s\"'$]{3,200})"
)
"""An option of curl; text with it is looked at only if it names curl."""
_NETRC: Final = re.compile(
    r"(\blogin\s{1,9}\S{1,200}\s{1,9}password\s{1,9})([^\s\"']{3,200})",
)
_OKTA: Final = re.compile(r"(\bSSWS\s{1,9})([A-Za-z0-9_-]{20,})")
_BY_LITERAL: Final = (("curl", _OPTION), ("machine", _NETRC), ("SSWS", _OKTA))
"""Forms that are looked for only in texts with this literal."""


def may_match(text: str) -> bool:
    """Whether the text may hold such credentials."""
    return (
        "earer " in text
        or _BASIC_HEADER.search(text) is not None
        or ("@" in text and _URL.search(text) is not None)
        or ('"auth' in text and _DOCKER_AUTH.search(text) is not None)
        or ("curl" in text and _OPTION.search(text) is not None)
        or ("machine" in text and _NETRC.search(text) is not None)
        or ("SSWS" in text and _OKTA.search(text) is not None)
    )


def redact(text: str) -> str:
    """Redact credentials of headers, URLs, command lines and configuration files."""
    text = _URL.sub(r"\1[redacted:password]", text)
    text = _BEARER.sub(r"\1[redacted:bearer-token]", text)
    text = _BASIC.sub(_without_basic, text)
    text = _DOCKER_AUTH.sub(_without_basic, text)
    for literal, pattern in _BY_LITERAL:
        if literal in text:
            text = pattern.sub(r"\1[redacted:password]", text)
    return text


def _without_basic(found: re.Match[str]) -> str:
    # Many sentences begin with `Basic`; in a header it is followed by `user:password` in base64.
    try:
        decoded = a2b_base64(found[2] + "=" * (-len(found[2]) % 4))
    except NotBase64:
        return found[0]
    return f"{found[1]}[redacted:basic-credentials]" if b":" in decoded else found[0]
