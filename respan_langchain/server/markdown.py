"""Markdown of models and users as HTML that cannot do harm.

Headings, lists, tables, emphasis and code are formatted. Links, images and HTML stay text: what a
model wrote must not lead anywhere, nor fetch anything.
"""

import re
from functools import cache

from markdown_it import MarkdownIt

from respan_langchain.server.html import Html, sanitize

MAX_MARKDOWN_CHARS = 50_000
"""A longer text is shown as it is: it would take long to format."""
SYNTAX = re.compile(
    r"^ {0,3}(#{1,6} |[-*+] |\d{1,4}[.)] |> ?|```|~~~|\|.*\|)|\*\*|`[^`\n]+`", re.MULTILINE
)
"""What tells Markdown from plain text, whose spaces and line breaks are kept as they are."""


def is_markdown(text: str) -> bool:
    """Whether a text is worth formatting."""
    return len(text) <= MAX_MARKDOWN_CHARS and SYNTAX.search(text) is not None


def render_markdown(text: str) -> Html:
    """Format a text."""
    return sanitize(_get_parser().render(text))


@cache
def _get_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True})
    parser.enable("table")
    # Indented text is rarely meant as code.
    return parser.disable(["link", "image", "autolink", "reference", "html_inline", "code"])
