"""Searches a text for keys and tokens of known formats, in one pass for each group of formats.

The formats of a group share a rare character in their prefixes. A group's pattern starts at that
character, which the regex engine finds at memory speed, and looks back for the prefix; so text
without secrets costs next to nothing.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

_MIXED: Final = "(?=[A-Za-z_-]{0,60}[0-9])(?=[a-z0-9_-]{0,60}[A-Z])(?=[A-Z0-9_-]{0,60}[a-z])"
"""Contains digits, capitals and small letters, within the first characters."""
_FRAGMENTS: Final = {
    "alnum": "[A-Za-z0-9]", "word": "[A-Za-z0-9_]", "url": "[A-Za-z0-9_-]",
    "dotted": "[A-Za-z0-9_.-]", "base64": "[A-Za-z0-9+/]", "equals": "[A-Za-z0-9+/=]",
    "upper": "[A-Z0-9]", "lower": "[a-z0-9]", "hex": "[0-9a-f]",
    "uuid": "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", "end": "(?![A-Za-z0-9])",
    "": "", "digit": "(?=[A-Za-z]{0,60}[0-9])", "mixed": _MIXED,
    "random": _MIXED + "(?=[A-Za-z]*[0-9]+[A-Za-z]+[0-9])",
}  # fmt: skip
"""What tables of formats name by a word. `random`: digits in two places, unlike names in code."""


@dataclass(frozen=True, slots=True)
class SecretFormat:
    """One format of keys or tokens: a prefix and a tail."""

    name: str
    """Part of the marker that replaces it: `[redacted:openai-key]`."""
    prefix: str
    """A pattern of fixed width; its last character is what the search looks for."""
    tail: str
    """A pattern of what follows."""
    source: str
    """Where the provider describes it."""
    may_continue_word: bool = False
    """Whether the prefix may follow other characters of a word."""
    has_long_tail: bool = True
    """Whether the tail has at least eight characters of tokens."""


def parse_table(rows: str) -> tuple[SecretFormat, ...]:
    """Read a table with a format in each line; the modules with the tables name the columns."""
    formats = []
    for line in filter(None, map(str.strip, rows.splitlines())):
        name, characters, length, source, *prefixes = line.split()
        formats += [
            SecretFormat(
                name,
                expand(prefix.removeprefix("*")),
                _parse_tail(characters, length),
                source,
                may_continue_word=prefix.startswith(("*", "_", "[a-z]")),
                has_long_tail=length != "short",
            )
            for prefix in prefixes
        ]
    return tuple(formats)


def _parse_tail(characters: str, length: str) -> str:
    if length in {"-", "short"}:
        return expand(characters)
    is_listed = characters.startswith("[")
    kind, _, condition = (characters, "", "") if is_listed else characters.partition("+")
    alphabet = _FRAGMENTS.get(kind, kind)
    end = "" if "," in length else f"(?!{alphabet})"
    return f"{_FRAGMENTS[condition]}{alphabet}{{{length}}}{end}"


def expand(pattern: str) -> str:
    """Replace words such as `<alnum>` by the patterns that they stand for."""
    return re.sub(r"<(\w+)>", lambda word: _FRAGMENTS[word[1]], pattern)


def after_escape(before: str = "") -> str:
    r"""Return a look-behind for an escape such as `\n` in JSON, followed by `before`.

    The letter of the escape does not belong to the word that follows it.
    """
    return rf"(?:(?<=\\[bfnrt]{before})|(?<=\\u[0-9A-Fa-f]{{4}}{before}))"


_LAST: Final = ("-", "_", r"\.", "~", r"\$", "/", "!")
"""Anchors at the end of a prefix, as a pattern spells them."""
_INSIDE: Final = "JKAG"
"""Characters that are rare in text, the rarest first."""
_ATOM: Final = re.compile(r"\[[^]]+\](?:\{\d+\})?|\\.|.")
_LONG_TAIL: Final = "(?=[A-Za-z0-9_=+/.%-]{8})"
"""Follows the prefix in nearly all formats; most words are shorter and fail here at once."""
_FEW: Final = 3
"""Formats that are tried in turn; more than these are split by the end of their prefix."""
_AWS_KEY: Final = "[redacted:aws-key]"
_AWS_PAIR: Final = re.compile(
    # The secret half has no prefix: forty characters that follow the half that has one.
    r"((?:AKIA|ASIA)[A-Z0-9]{16}[^A-Za-z0-9/+].{0,60}?)"
    rf"(?:(?<![A-Za-z0-9/+])|{after_escape()})"
    r"(?=[A-Za-z/+]{0,39}[0-9])(?=[a-z0-9/+]{0,39}[A-Z])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])"
)


@dataclass(frozen=True, slots=True)
class PatternGroup:
    """Formats that one search finds together."""

    pattern: re.Pattern[str]
    """Each of its groups captures the prefix of one format."""
    markers: tuple[str, ...]
    """What replaces a token of each format."""
    may_match: Callable[[str], object]
    """Whether the text may hold one of them."""

    def redact(self, text: str) -> str:
        """Replace each token by its marker."""
        if _AWS_KEY in self.markers:
            text = _AWS_PAIR.sub(r"\1[redacted:aws-secret]", text)
        pieces, done = [], 0
        for found in self.pattern.finditer(text):
            number = found.lastindex or 1
            pieces += [text[done : max(found.start(number), done)], self.markers[number - 1]]
            done = found.end()
        return "".join([*pieces, text[done:]]) if pieces else text


class _SplitFormat(NamedTuple):
    head: str
    """The prefix up to its anchor."""
    rest: str
    """What follows the anchor."""
    marker: str
    has_long_tail: bool

    @property
    def atoms(self) -> list[str]:
        """The characters before the anchor, the last first."""
        return _ATOM.findall(self.head)[-2::-1]


def _split(prefix: str) -> tuple[str, str, str]:
    """Split a prefix into the part up to its anchor, the anchor, and the rest."""
    for anchor in _LAST:
        if prefix.endswith(anchor):
            return prefix, anchor, ""
    for character in _INSIDE:
        if (at := prefix.rfind(character)) >= 0:
            return prefix[: at + 1], character, prefix[at + 1 :]
    return prefix, prefix, ""


def build_groups(formats: Iterable[SecretFormat]) -> tuple[PatternGroup, ...]:
    """Compile the patterns of these formats; takes some 100 ms for all of them."""
    by_anchor: dict[str, list[_SplitFormat]] = defaultdict(list)
    for form in sorted(formats, key=lambda form: -len(_ATOM.findall(form.prefix))):
        head, anchor, rest = _split(form.prefix)
        begins = (
            "" if form.may_continue_word else rf"(?:(?<![A-Za-z0-9]{head})|{after_escape(head)})"
        )
        marker = f"[redacted:{form.name}]"
        made = _SplitFormat(head, f"{begins}{rest}{form.tail}", marker, form.has_long_tail)
        by_anchor[anchor].append(made)
    return tuple(_build_group(anchor, forms) for anchor, forms in by_anchor.items())


def _build_group(anchor: str, forms: list[_SplitFormat]) -> PatternGroup:
    ordered: list[_SplitFormat] = []
    branches = [
        (_LONG_TAIL if is_long else "") + _branch(members, "", anchor, ordered)
        for is_long in (False, True)
        if (members := [form for form in forms if form.has_long_tail is is_long])
    ]
    pattern = re.compile(f"{anchor}(?:{'|'.join(branches)})")
    return PatternGroup(pattern, tuple(form.marker for form in ordered), _guard(anchor, pattern))


def _guard(anchor: str, pattern: re.Pattern[str]) -> Callable[[str], object]:
    literal = anchor.replace("\\", "")
    if literal in "-_.A":  # frequent: nearly every text contains it
        return pattern.search
    # `in` is ten times as fast as the regex engine.
    return lambda text: literal in text and pattern.search(text)


def _branch(
    forms: Sequence[_SplitFormat], suffix: str, anchor: str, ordered: list[_SplitFormat]
) -> str:
    """Return a pattern of these formats, whose prefixes all end in this suffix and the anchor."""
    depth = len(_ATOM.findall(suffix))
    if len(forms) <= _FEW or any(len(form.atoms) <= depth for form in forms):
        ordered += forms
        return "(?:" + "|".join(f"(?<=({form.head})){form.rest}" for form in forms) + ")"
    children: dict[str, list[_SplitFormat]] = defaultdict(list)
    for form in forms:
        children[form.atoms[depth]].append(form)
    branches = [
        f"(?<={atom}{suffix}{anchor}){_branch(members, atom + suffix, anchor, ordered)}"
        for atom, members in children.items()
    ]
    return f"(?:{'|'.join(branches)})"
