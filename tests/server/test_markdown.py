"""Markdown: it is formatted, and it cannot do harm."""

import re

import pytest

from respan_langchain.server.markdown import is_markdown, render_markdown


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**yes**", "<strong>yes</strong>"),
        ("- a\n- b", "<li>a</li>\n<li>b</li>"),
        ("```python\na < b\n```", "<pre><code>a &lt; b\n</code></pre>"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "<td>1</td>"),
        ("# Title\nline\nline", "<h1>Title</h1>\n<p>line<br>\nline</p>"),
        ("`a\u202eb`", 'class="hidden-character"'),
    ],
)
def test_syntax_is_formatted(text, html):
    assert is_markdown(text)
    assert html in render_markdown(text)


@pytest.mark.parametrize(
    "text", ["plain", "  indented\n    text", "2 * 3 * 4", "a_b_c", "A-1077", "#tag", "1.5 kg", ""]
)
def test_plain_text_is_left_as_it_is(text):
    assert not is_markdown(text)


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[click](javascript:alert(1))",
        "![x](https://elsewhere.example/pixel.png)",
        "<https://elsewhere.example>",
        "[a]: https://elsewhere.example\n[a]",
        '<img src=x onerror="alert(1)">',
        '```x" onload="alert(1)\n```',
        "<!-- --><svg onload=alert(1)>",
    ],
)
def test_nothing_leads_anywhere_or_runs(text):
    html = render_markdown(f"**a** {text}\n\n{text}")

    tags = re.findall(r"<[^>]*>", html)
    assert all(re.fullmatch(r"</?(p|strong|pre|code|br)>", tag) for tag in tags), tags
