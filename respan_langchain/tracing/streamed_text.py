"""The text of a model's stream that nobody ended, from its tokens."""

from collections.abc import Iterable


def join_tokens(tokens: Iterable[object]) -> str:
    """Return the text of tokens: strings, or lists of content blocks.

    >>> join_tokens(["Yes", [{"type": "text", "text": ", it"}, {"type": "image"}], " is."])
    'Yes, it is.'
    """
    return "".join(map(_text, tokens))


def _text(token: object) -> str:
    if isinstance(token, str):
        return token
    blocks = token if isinstance(token, list) else ()
    texts = [block.get("text") for block in blocks if isinstance(block, dict)]
    return "".join(text for text in texts if isinstance(text, str))
