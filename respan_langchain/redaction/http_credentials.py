"""HTTP credentials in text: `Bearer` and `Basic` headers, and passwords in URLs."""

import re
from binascii import Error as NotBase64
from binascii import a2b_base64
from typing import Final

from respan_langchain.redaction.key_names import after_escape

_URL: Final = re.compile(r"(://[^\s/:@\"'<>]*:)([^\s/@\"'<>\[]+)(?=@)")
_BEARER: Final = re.compile(
    rf"(?i)(?:\b|{after_escape()})"
    r"(bearer\s+)(?=[A-Z._~+/=-]{0,80}[0-9])(?=[0-9._~+/=-]{0,80}[A-Z])[A-Z0-9._~+/=-]{10,}"
)
_BASIC: Final = re.compile(rf"(?i)(?:\b|{after_escape()})(basic\s+)([A-Z0-9+/]{{8,}}={{0,2}})")

_BASIC_HEADER: Final = re.compile(r"B(?:asic|ASIC)\s+[A-Za-z0-9+/]{8}")


def may_match(text: str) -> bool:
    """Whether a header's credentials or a URL's password may be in the text."""
    return (
        "earer " in text
        or _BASIC_HEADER.search(text) is not None
        or ("@" in text and _URL.search(text) is not None)
    )


def redact(text: str) -> str:
    """Redact what follows `Bearer` or `Basic`, and passwords in URLs."""
    text = _URL.sub(r"\1[redacted:password]", text)
    text = _BEARER.sub(r"\1[redacted:bearer-token]", text)
    return _BASIC.sub(_without_basic, text)


def _without_basic(found: re.Match[str]) -> str:
    # Many sentences begin with `Basic`; in a header it is followed by `user:password` in base64.
    try:
        decoded = a2b_base64(found[2] + "=" * (-len(found[2]) % 4))
    except NotBase64:
        return found[0]
    return f"{found[1]}[redacted:basic-credentials]" if b":" in decoded else found[0]
