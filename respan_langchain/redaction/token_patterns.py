"""What keys and tokens of known providers look like.

High precision: a form asks for the provider's own prefix and for a tail that no prose has. The
forms stand in families by a rare character that all of them contain. A family's hint starts at
that character, which the regex engine finds at memory speed, and looks back; so text without
secrets costs next to nothing.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from respan_langchain.redaction.key_names import after_escape

_DIGIT: Final = "(?=[A-Za-z]{0,60}[0-9])"
"""A digit comes soon: words joined by hyphens have none."""
_END: Final = "(?![A-Za-z0-9])"
_TAIL: Final = "[A-Za-z0-9_-]{16,}"


@dataclass(frozen=True, slots=True)
class PatternGroup:
    """Forms that one quick look can rule out together."""

    may_match: Callable[[str], object]
    """Whether the text may hold one of them; true when in doubt."""
    patterns: tuple[tuple[re.Pattern[str], str], ...]
    """Each with what stands in its place."""

    def redact(self, text: str) -> str:
        """The text with each of them replaced by its kind."""
        for pattern, marker in self.patterns:
            text = pattern.sub(marker, text)
        return text


def _pattern(name: str, prefix: str, tail: str) -> tuple[re.Pattern[str], str]:
    # The prefix comes first, so that it is searched for fast, and then must not end a longer word.
    begins = f"(?:(?<![A-Za-z0-9]{prefix})|{after_escape(prefix)})"
    return re.compile(f"{prefix}{begins}{tail}"), f"[redacted:{name}]"


_PRIVATE_KEY: Final = re.compile(
    r"(?s)-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----.*?"
    r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z)"
)

WITH_HYPHEN: Final = PatternGroup(
    re.compile(
        r"-(?:(?<=sk-)|(?<=xox[a-z]-)|(?<=glpat-)|(?<=gl[dr]t-)|(?<=xapp-)|(?<=-----)B|(?<=pplx-)"
        r"|(?<=xai-)"
        r"|(?<=tvly-)|(?<=CSPX-)|(?<=pypi-)|(?<=key-)(?=[0-9a-f]{32}))"
    ).search,
    (
        (_PRIVATE_KEY, "[redacted:private-key]"),
        _pattern("anthropic-key", "sk-ant-", _TAIL),
        _pattern("openrouter-key", "sk-or-", _TAIL),
        _pattern("langfuse-key", "sk-lf-", _TAIL),
        _pattern("openai-key", "sk-proj-", _TAIL),
        _pattern("openai-key", "sk-svcacct-", _TAIL),
        _pattern("openai-key", "sk-admin-", _TAIL),
        _pattern("openai-key", "sk-", rf"(?:[a-z]{{2,10}}-)?{_DIGIT}[A-Za-z0-9]{{16,}}{_END}"),
        _pattern("gitlab-token", "glpat-", r"[A-Za-z0-9_.-]{16,}"),
        _pattern("gitlab-token", "gl[dr]t-", r"[A-Za-z0-9_.-]{16,}"),
        _pattern("slack-token", "xox[a-z]-", r"[A-Za-z0-9-]{10,}"),
        _pattern("slack-token", "xapp-", r"[0-9]-[A-Za-z0-9-]{10,}"),
        _pattern("perplexity-key", "pplx-", rf"{_DIGIT}[A-Za-z0-9]{{24,}}"),
        _pattern("xai-key", "xai-", rf"{_DIGIT}[A-Za-z0-9]{{40,}}"),
        _pattern("tavily-key", "tvly-", rf"(?:dev-|prod-)?{_DIGIT}[A-Za-z0-9]{{16,}}"),
        _pattern("google-oauth-secret", "GOCSPX-", _TAIL),
        _pattern("pypi-token", "pypi-", r"AgE[A-Za-z0-9_-]{40,}"),
        _pattern("mailgun-key", "key-", rf"[0-9a-f]{{32}}{_END}"),
    ),
)
WITH_UNDERSCORE: Final = PatternGroup(
    re.compile(
        r"_(?:(?<=gh[pousr]_)|(?<=pat_)|(?<=[rs]k_)(?:live|test)|(?<=hf_)|(?<=gsk_)|(?<=hsec_)"
        r"|(?<=lsv2_)"
        r"|(?<=npm_)(?=[A-Za-z0-9]{36})|(?<=r8_)|(?<=pcsk_)|(?<=shp[acps][ats]_)|(?<=do[opr]_)v1)"
    ).search,
    (
        _pattern("github-token", "gh[pousr]_", r"[A-Za-z0-9]{20,}"),
        _pattern("github-token", "github_pat_", r"[A-Za-z0-9_]{20,}"),
        _pattern("stripe-key", "[rs]k_", r"(?:live|test)_[A-Za-z0-9]{10,}"),
        _pattern("stripe-key", "whsec_", r"[A-Za-z0-9+/=]{20,}"),
        _pattern("huggingface-token", "hf_", r"(?=[a-z]{0,60}[0-9A-Z])[A-Za-z0-9]{20,}"),
        _pattern("groq-key", "gsk_", r"[A-Za-z0-9]{20,}"),
        _pattern("langsmith-key", "lsv2_", r"(?:pt|sk)_[A-Za-z0-9_]{20,}"),
        _pattern("npm-token", "npm_", rf"[A-Za-z0-9]{{36}}{_END}"),
        _pattern("replicate-token", "r8_", r"[A-Za-z0-9]{30,}"),
        _pattern("pinecone-key", "pcsk_", r"[A-Za-z0-9_]{20,}"),
        _pattern("shopify-token", "shp[acps][ats]_", r"[A-Fa-f0-9]{32}"),
        _pattern("digitalocean-token", "do[opr]_v1_", r"[0-9a-f]{40,}"),
    ),
)
WITH_DOT: Final = PatternGroup(
    re.compile(
        r"\.(?=[A-Za-z0-9_-]{16})"
        r"(?:(?<=ya29\.)|(?<=SG\.)|(?<=hvs\.)|(?=[A-Za-z0-9]{32})(?<=[A-Za-z0-9]{8}\.))"
    ).search,
    (
        _pattern("google-token", r"ya29\.", r"[A-Za-z0-9_-]{20,}"),
        _pattern("sendgrid-key", r"SG\.", r"[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
        _pattern("vault-token", r"hvs\.", r"[A-Za-z0-9_-]{20,}"),
        # Eight and thirty-two characters, mixed: the form of keys that the platform gives out.
        _pattern(
            "respan-key",
            "[A-Za-z0-9]{8}",
            r"\.(?=[A-Za-z]{0,31}[0-9])(?=[a-z0-9]{0,31}[A-Z])(?=[A-Z0-9]{0,31}[a-z])"
            r"[A-Za-z0-9]{32}" + _END,
        ),
    ),
)
WITH_CAPITAL_A: Final = PatternGroup(
    re.compile(r"A(?:KIA|SIA|BIA|CCA|Iza)").search,
    (
        # The secret half has no form of its own: forty characters that follow the half that has.
        (
            re.compile(r"((?:AKIA|ASIA)[A-Z0-9]{16}[^A-Za-z0-9/+].{0,60}?)"
                       rf"(?:(?<![A-Za-z0-9/+])|{after_escape()})"
                       r"(?=[A-Za-z/+]{0,39}[0-9])(?=[a-z0-9/+]{0,39}[A-Z])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])"),
            r"\1[redacted:aws-secret]",
        ),
        _pattern("aws-key", "A(?:KI|SI|BI|CC)A", rf"[A-Z0-9]{{16}}{_END}"),
        _pattern("google-key", "AIza", r"[A-Za-z0-9_-]{30,}"),
    ),
)  # fmt: skip
WITH_CAPITAL_J: Final = PatternGroup(
    re.compile(r"J(?<=eyJ)").search,
    (_pattern("jwt", "eyJ", r"[A-Za-z0-9_-]{6,4000}\.eyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*)?"),),
)

GROUPS: Final = (WITH_HYPHEN, WITH_UNDERSCORE, WITH_DOT, WITH_CAPITAL_A, WITH_CAPITAL_J)
