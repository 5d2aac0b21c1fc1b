"""HTML of a log's contents: messages, tool calls, reasoning, documents.

Text by models and users is formatted where it is Markdown, and stays text otherwise: no links, no
HTML, no images from other hosts.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from respan_langchain._display import is_conversation, is_message, parse_tool_call
from respan_langchain.server.formatting import format_size
from respan_langchain.server.html import Html, element, join, visible_text
from respan_langchain.server.layout import json_text, nothing
from respan_langchain.server.markdown import is_markdown, render_markdown
from respan_langchain.server.preview import are_documents, parse_stored, pretty

INLINE_IMAGE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]+")
"""Only images that the log itself contains are shown."""
MAX_CHARS = 20_000
"""Characters of a text before it is truncated."""
UNFOLDED_MESSAGES = 4
"""The last messages of a folded conversation, which are always shown."""
FOLD_SYSTEM_CHARS = 400
"""A longer system message is folded."""
MAX_FORM_FIELDS = 6
"""An object of more values is shown as JSON."""
MAX_FACT_CHARS = 120
"""Characters of a value of a document's metadata."""
STEP_FIELDS = frozenset({"tool", "input", "output", "tool_call_id"})
REASONING = frozenset({"reasoning", "thinking", "reasoning_content"})


@dataclass(frozen=True, slots=True)
class ContentRenderer:
    """Renders the contents of a log."""

    show_all: bool = False
    """Whether very long texts are shown in full."""
    full_url: str = ""
    """The address of the page that shows them in full."""
    raw: bool = False
    """Whether Markdown is shown as it was written."""
    fold_messages: bool = False
    """Whether a long conversation shows its last messages only, and the others on demand."""

    def render(self, value: Any, role: str | None = None) -> Html:
        """Show any value: a conversation, a message, documents, a text, or JSON."""
        if is_conversation(value):
            return self.conversation(value)
        if is_message(value):
            return element("ol.conversation", self.message(value))
        if are_documents(value):
            return self.documents(value)
        if _is_form(value):
            return self._form(value)
        if isinstance(value, str):
            body = self.prose(value)
            return element("div", body, class_=f"said said-{role}" if role else "said")
        return self.json(value)

    def _form(self, values: Mapping[str, Any]) -> Html:
        """Show an object of a few texts and conversations by their names."""
        parts = []
        for name, value in values.items():
            shown = self.prose(value) if isinstance(value, str) else self.conversation(value)
            parts.append(element("div", element("dt", visible_text(name)), element("dd", shown)))
        return element("dl.said.form", *parts)

    def conversation(self, messages: list[Mapping[str, Any]]) -> Html:
        """Show messages in their order."""
        folded = len(messages) - UNFOLDED_MESSAGES if self.fold_messages else 0
        if folded < 2:
            return self._messages(messages)
        earlier = element(
            "details.earlier",
            element("summary", f"{folded} earlier messages"),
            self._messages(messages[:folded]),
        )
        return join(earlier, self._messages(messages[folded:]))

    def _messages(self, messages: list[Mapping[str, Any]]) -> Html:
        return element("ol.conversation", *[self.message(one) for one in messages])

    def message(self, message: Mapping[str, Any]) -> Html:
        """Show one message with all its parts."""
        role = str(message.get("role"))
        known = role if role in {"system", "developer", "user", "assistant", "tool"} else "other"
        parts = [*self._reasoning(message), *self._content(message), *self._calls(message)]
        head = element("header", element("span.role", visible_text(role)), _about(message))
        body = element("div.parts", *parts) if parts else nothing("No content.")
        if (
            known in {"system", "developer"}
            and len(str(message.get("content"))) > FOLD_SYSTEM_CHARS
        ):
            length = format_size(len(str(message.get("content"))))
            body = element("details", element("summary", f"Instructions, {length}"), body)
        return element("li", head, body, class_=f"message message-{known}")

    def prose(self, text: str) -> Html:
        """Show a text by a model or a user, formatted where it is Markdown."""
        if self.raw or not is_markdown(text) or (len(text) > MAX_CHARS and not self.show_all):
            return self.text(text)
        return element("div.prose", render_markdown(text), dir="auto")

    def text(self, text: str) -> Html:
        """Show a text, truncated where it is very long."""
        return self._truncated(text, lambda cut: element("div.text", visible_text(cut), dir="auto"))

    def json(self, value: Any) -> Html:
        """Show a value as JSON."""
        return self._truncated(pretty(value), json_text)

    def _truncated(self, text: str, show: Callable[[str], Html]) -> Html:
        """Show a text; where it is very long its beginning, with a link to all of it."""
        if self.show_all or len(text) <= MAX_CHARS:
            return show(text)
        label = f"Show all {format_size(len(text))}"
        return join(show(text[:MAX_CHARS]), element("a.show-all", label, href=self.full_url))

    def documents(self, documents: list[Mapping[str, Any]]) -> Html:
        """Show the documents that a retriever returned."""
        return element("ol.documents", *[self._document(one) for one in documents])

    def steps(self, steps: list[Any]) -> Html:
        """Show tool calls with their results."""
        shown = [
            self._step(one) if isinstance(one, Mapping) and "tool" in one else self.json(one)
            for one in steps
        ]
        return element("ol.steps", *[element("li", one) for one in shown])

    def _step(self, step: Mapping[str, Any]) -> Html:
        arguments = step.get("input")
        head = element("header", element("code", visible_text(str(step["tool"]))))
        body = [self._plain(arguments)] if arguments is not None else []
        rest = {key: value for key, value in step.items() if key not in STEP_FIELDS}
        answers = [step["output"]] if step.get("output") is not None else []
        answers += [rest] if rest else []
        results = [element("div.result", self._plain(one)) for one in answers]
        return element("div.call", head, *body, *results)

    def _plain(self, value: Any) -> Html:
        return self.text(value) if isinstance(value, str) else self.json(value)

    def _document(self, document: Mapping[str, Any]) -> Html:
        metadata = document.get("metadata")
        facts = list(metadata.items())[:6] if isinstance(metadata, Mapping) else []
        about = [
            element("span.fact", visible_text(f"{key}: {str(value)[:MAX_FACT_CHARS]}"))
            for key, value in facts
        ]
        body = document["page_content"] if "page_content" in document else document["content"]
        return element(
            "li.document", self._plain(body), element("footer", *about) if about else None
        )

    def _reasoning(self, message: Mapping[str, Any]) -> list[Html]:
        texts = [message[name] for name in ("reasoning_content", "reasoning") if name in message]
        return [self._thought(text) for text in texts if text]

    def _thought(self, thought: Any) -> Html:
        return element("details.reasoning", element("summary", "Reasoning"), self._plain(thought))

    def _content(self, message: Mapping[str, Any]) -> list[Html]:
        content = message.get("content")
        if content is None or content == "":
            return []
        if isinstance(content, str):
            return [
                self._tool_result(content) if message.get("role") == "tool" else self.prose(content)
            ]
        if are_documents(content):
            return [self.documents(content)]
        if isinstance(content, list):
            return [self._part(part) for part in content]
        return [self.json(content)]

    def _tool_result(self, content: str) -> Html:
        value = parse_stored(content)
        if are_documents(value):
            return self.documents(value)
        return self.json(value) if isinstance(value, dict | list) else self.text(content)

    def _part(self, part: Any) -> Html:
        if isinstance(part, str):
            return self.prose(part)
        if not isinstance(part, Mapping):
            return self.json(part)
        kind, text = part.get("type"), part.get("text")
        if not isinstance(kind, str):
            return self.json(part)
        if kind in REASONING:
            found = [part[name] for name in (kind, "thinking", "text", "summary") if name in part]
            return self._thought(found[0] if found else part)
        if kind in {"text", "input_text", "output_text"} and isinstance(text, str):
            return self.prose(text)
        return _render_image(part) or self.json(part)

    def _calls(self, message: Mapping[str, Any]) -> list[Html]:
        calls = message.get("tool_calls")
        return [self._call(call) for call in calls] if isinstance(calls, list) else []

    def _call(self, call: Any) -> Html:
        name, arguments = parse_tool_call(call)
        value = parse_stored(arguments)
        shown = self.json(value) if isinstance(value, dict | list) else self.text(arguments)
        head = element("header", element("code", visible_text(name)), element("span", "called"))
        return element("div.call", head, shown)


def _render_image(part: Mapping[str, Any]) -> Html | None:
    """Show an image that the log contains; None for an image elsewhere."""
    found = part.get("image_url")
    address = found.get("url") if isinstance(found, Mapping) else found
    if isinstance(address, str) and INLINE_IMAGE.fullmatch(address):
        return element("img.picture", src=address, alt="Image in the message")
    return None


def _about(message: Mapping[str, Any]) -> Html | None:
    named = [message.get(name) for name in ("name", "tool_call_id")]
    words = [name for name in named if isinstance(name, str) and name]
    return element("span.about", visible_text(" · ".join(words))) if words else None


def _is_form(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and 1 <= len(value) <= MAX_FORM_FIELDS
        and all(isinstance(one, str) or is_conversation(one) for one in value.values())
    )
