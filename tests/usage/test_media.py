"""Media in prompt and answer, whose tokens may have other prices than text."""

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from respan_langchain.usage.media import contains_media

TEXT = HumanMessage("draw a cat")


@pytest.mark.parametrize(
    ("block", "kind"),
    [
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}, "image"),
        ({"type": "image", "base64": "AAAA", "mime_type": "image/png"}, "image"),
        ({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}, "audio"),
        ({"type": "media", "mime_type": "audio/wav", "data": b"a"}, "audio"),
        ({"type": "file", "mime_type": "video/mp4", "url": "u"}, "video"),
        ({"type": "video", "url": "u"}, "video"),
        ({"type": "media", "mime_type": "video/mp4", "file_uri": "u"}, "audio"),
    ],
)
def test_a_medium_is_recognized_by_its_type_or_its_mime_type(block, kind):
    prompt = [TEXT, HumanMessage([{"type": "text", "text": "see"}, block])]

    assert contains_media(prompt, AIMessage("ok"), [f"{kind}_input"])
    assert not contains_media(prompt, AIMessage("ok"), [f"{kind}_output"])
    assert contains_media([TEXT], AIMessage([block]), [f"{kind}_output"])
    assert not contains_media([TEXT], AIMessage([block]), [f"{kind}_input"])


def test_audio_answers_are_found_beside_the_content():
    answer = AIMessage("", additional_kwargs={"audio": {"data": "AAAA"}})

    assert contains_media([TEXT], answer, ["audio_output", "image_output"])
    assert not contains_media([TEXT], answer, ["image_output"])


@pytest.mark.parametrize("prompt", [None, "draw", [], [None, 3], [HumanMessage(["a", "b"])]])
def test_content_without_media_contains_none(prompt):
    assert not contains_media(prompt, None, ["audio_input", "image_input", "image_output"])


def test_a_document_is_read_as_text():
    prompt = [HumanMessage([{"type": "file", "mime_type": "application/pdf", "base64": "AAAA"}])]

    assert not contains_media(prompt, None, ["audio_input", "image_input", "video_input"])
