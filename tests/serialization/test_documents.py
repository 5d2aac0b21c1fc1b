"""What a retriever found: content, source, score, metadata."""

import pytest
from langchain_core.documents import Document

from respan_langchain.serialization.json_value import serialize_documents

PAGE = Document(
    "Shoes can be returned.", id="d-1", metadata={"url": "https://x.example", "page": 3}
)
PAGE_AS_SENT = {
    "content": "Shoes can be returned.",
    "source": "https://x.example",
    "metadata": {"url": "https://x.example", "page": 3},
    "id": "d-1",
}


def test_a_document_has_its_source_and_metadata():
    assert serialize_documents([PAGE]) == [PAGE_AS_SENT]


def test_a_bare_document_is_its_content():
    assert serialize_documents([Document("x")]) == [{"content": "x"}]


def test_a_pair_of_document_and_score_is_one_document():
    assert serialize_documents([(PAGE, 0.25)]) == [{**PAGE_AS_SENT, "score": 0.25}]


def test_a_score_of_zero_is_a_score():
    assert serialize_documents([Document("x", metadata={"score": 0})]) == [
        {"content": "x", "score": 0, "metadata": {"score": 0}}
    ]


@pytest.mark.parametrize(
    ("found", "expected"),
    [(None, []), (PAGE, [PAGE_AS_SENT]), (["text"], [{"content": "text"}]), ([], [])],
    ids=["nothing", "one document", "texts", "no documents"],
)
def test_outputs_of_unusual_retrievers_are_serialized(found, expected):
    assert serialize_documents(found) == expected
