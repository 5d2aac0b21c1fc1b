"""Pictures, sound and files are told by type, size and digest, however they are carried."""

import base64
import hashlib
import json

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from respan_langchain.serialization.json_value import json_value

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
WAV = b"RIFF\x00\x00\x00\x00WAVE" + bytes(range(256)) * 8
PDF = b"%PDF-1.7" + bytes(range(256)) * 8


def b64(data):
    return base64.b64encode(data).decode()


def url(data, mime):
    return f"data:{mime};base64,{b64(data)}"


def told(data, mime, kind, **more):
    digest = hashlib.sha256(data).hexdigest()
    return {"type": kind, "mime_type": mime, "bytes": len(data), "sha256": digest, **more}


BLOCKS = {
    "OpenAI image": (
        {"type": "image_url", "image_url": {"url": url(PNG, "image/png"), "detail": "low"}},
        told(PNG, "image/png", "image_url", detail="low"),
    ),
    "OpenAI image, short": (
        {"type": "image_url", "image_url": url(PNG, "image/png")},
        told(PNG, "image/png", "image_url"),
    ),
    "OpenAI image of the responses API": (
        {"type": "input_image", "image_url": url(PNG, "image/png")},
        told(PNG, "image/png", "input_image"),
    ),
    "OpenAI audio": (
        {"type": "input_audio", "input_audio": {"data": b64(WAV), "format": "wav"}},
        told(WAV, "audio/wav", "input_audio"),
    ),
    "OpenAI file": (
        {"type": "file", "file": {"filename": "a.pdf", "file_data": url(PDF, "application/pdf")}},
        told(PDF, "application/pdf", "file", filename="a.pdf"),
    ),
    "OpenAI file of the responses API": (
        {"type": "input_file", "filename": "a.pdf", "file_data": url(PDF, "application/pdf")},
        told(PDF, "application/pdf", "input_file", filename="a.pdf"),
    ),
    "Anthropic image": (
        {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/png", "data": b64(PNG)},
        },
        told(PNG, "image/png", "image"),
    ),
    "Anthropic document": (
        {
            "type": "document",
            "title": "Terms",
            "source": {"type": "base64", "media_type": "application/pdf", "data": b64(PDF)},
        },
        told(PDF, "application/pdf", "document", title="Terms"),
    ),
    "Gemini media": (
        {"type": "media", "mime_type": "audio/wav", "data": b64(WAV)},
        told(WAV, "audio/wav", "media"),
    ),
    "Gemini media as bytes": (
        {"type": "media", "mime_type": "audio/wav", "data": WAV},
        told(WAV, "audio/wav", "media"),
    ),
    "LangChain v0 image": (
        {"type": "image", "source_type": "base64", "mime_type": "image/png", "data": b64(PNG)},
        told(PNG, "image/png", "image"),
    ),
    "LangChain v1 image": (
        {"type": "image", "base64": b64(PNG), "mime_type": "image/png"},
        told(PNG, "image/png", "image"),
    ),
    "a type that is only in the data": (
        {"type": "image", "base64": b64(PNG)},
        told(PNG, "image/png", "image"),
    ),
    "Bedrock image": (
        {"image": {"format": "png", "source": {"bytes": PNG}}},
        {"image": {"format": "png", "source": {"bytes": told(PNG, "image/png", "image")}}},
    ),
    "Gemini inline data": (
        {"inline_data": {"mime_type": "image/png", "data": b64(PNG)}},
        {"inline_data": {"mime_type": "image/png", "data": told(PNG, "image/png", "image")}},
    ),
}
LINKS = {
    "OpenAI image": {"type": "image_url", "image_url": {"url": "https://x.example/a.png"}},
    "Anthropic image": {
        "type": "image",
        "source": {"type": "url", "url": "https://x.example/a.png"},
    },
    "Anthropic document of text": {
        "type": "document",
        "source": {"type": "text", "media_type": "text/plain", "data": "Grass is green."},
    },
    "LangChain v1 file": {"type": "file", "file_id": "file-1"},
    "LangChain v0 link": {"type": "image", "source_type": "url", "url": "https://x.example/a.png"},
    "LangChain v1 text": {
        "type": "text-plain",
        "text": "Grass is green.",
        "mime_type": "text/plain",
    },
}


@pytest.mark.parametrize(("block", "expected"), BLOCKS.values(), ids=BLOCKS)
def test_a_media_block_is_described(block, expected):
    said = json_value(HumanMessage([{"type": "text", "text": "What is this?"}, block]))

    assert said["content"] == [{"type": "text", "text": "What is this?"}, expected]


@pytest.mark.parametrize("block", LINKS.values(), ids=LINKS)
def test_a_link_to_media_stays(block):
    assert json_value(HumanMessage([block]))["content"] == [block]


@pytest.mark.parametrize(("block", "_"), BLOCKS.values(), ids=BLOCKS)
def test_keep_media_keeps_media(block, _):
    said = json.dumps(json_value(HumanMessage([block]), keep_media=True))

    assert any(b64(data) in said for data in (PNG, WAV, PDF))


def test_a_data_url_becomes_a_description():
    assert json_value({"image": url(PNG, "image/png")}) == {
        "image": told(PNG, "image/png", "image")
    }


def test_a_data_url_in_a_sentence_becomes_a_note():
    text = json_value(f"See ![it]({url(PNG, 'image/png')}) here.")

    digest = hashlib.sha256(PNG).hexdigest()
    assert text == f"See ![it]([image/png, {len(PNG)} bytes, sha256 {digest}]) here."


def test_long_base64_becomes_a_description():
    assert json_value([b64(PDF)]) == [told(PDF, "application/pdf", "file")]


@pytest.mark.parametrize(
    "text",
    [
        b64(b"Some words that somebody encoded."),
        "a" * 5_000,
        hashlib.sha512(b"x").hexdigest() * 20,
        "word " * 1_000,
        "data:image/png;base64,AAAA",
        "I saw data:image/png;base64,AAAA in the source and wondered what that may be about.",
    ],
    ids=[
        "short base64",
        "one letter",
        "hex",
        "words",
        "a tiny data URL",
        "a tiny one in a sentence",
    ],
)
def test_text_that_only_resembles_media_stays(text):
    assert json_value(text) == text


def test_base64_with_line_breaks_and_of_the_url_alphabet_is_the_same_picture():
    wrapped = base64.encodebytes(PNG).decode()
    for_urls = base64.urlsafe_b64encode(PNG).decode().rstrip("=")

    for text in (wrapped, for_urls):
        block = {"type": "image", "base64": text, "mime_type": "image/png"}
        assert json_value(HumanMessage([block]))["content"] == [told(PNG, "image/png", "image")]


def test_invalid_base64_is_described_as_text():
    block = {"type": "image", "base64": "A" * 9, "mime_type": "image/png"}

    assert json_value(HumanMessage([block]))["content"] == [told(b"A" * 9, "image/png", "image")]


def test_a_picture_of_many_slices_has_the_digest_of_the_whole():
    large = PNG * 1_000

    assert json_value({"image": b64(large)})["image"] == told(large, "image/png", "image")


def test_bytes_that_are_kept_are_base64():
    assert json_value(b"%PDF-", keep_media=True) == {
        "type": "bytes",
        "mime_type": "application/pdf",
        "base64": b64(b"%PDF-"),
    }


def test_spoken_audio_keeps_its_transcript():
    said = json_value(
        AIMessage(
            "", additional_kwargs={"audio": {"id": "a", "data": b64(WAV), "transcript": "hello"}}
        )
    )

    assert said["audio"] == {
        "id": "a",
        "data": told(WAV, "audio/wav", "audio"),
        "transcript": "hello",
    }


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"ID3\x04", "audio/mpeg"),
        (b"RIFF\x00\x00\x00\x00WEBP", "image/webp"),
        (b"RIFF\x00\x00\x00\x00XXXX", "application/octet-stream"),
        (b"\x00\x00\x00\x18ftypmp42", "video/mp4"),
        (b"hello", "application/octet-stream"),
    ],
)
def test_the_mime_type_is_read_from_the_first_bytes(data, mime):
    assert json_value(data)["mime_type"] == mime


def test_the_cache_of_descriptions_is_bounded():
    sizes = {json_value(url(bytes([n % 256]) * (n + 60), "image/png"))["bytes"] for n in range(600)}

    assert sizes == set(range(60, 660))
