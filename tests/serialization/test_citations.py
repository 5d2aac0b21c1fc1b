"""The sources of an answer are its annotations, also where a provider keeps them apart."""

import pytest
from langchain_core.messages import AIMessage

from respan_langchain.serialization.json_value import json_value

EURO = {"web": {"uri": "https://e.example/euro", "title": "Euro"}}
CITED = {"type": "citation", "url": "https://e.example/euro", "title": "Euro"}


def grounded(content, *, chunks=(EURO,), supports=()):
    metadata = {"grounding_chunks": list(chunks), "grounding_supports": list(supports)}
    return json_value(AIMessage(content, response_metadata={"grounding_metadata": metadata}))


def support(text, start=0, chunks=(0,)):
    end = start + len(text.encode())
    segment = {"start_index": start, "end_index": end, "text": text, "part_index": None}
    return {"segment": segment, "grounding_chunk_indices": list(chunks)}


def test_a_grounded_answer_says_which_source_supports_which_words():
    answer = grounded("Spain won.", supports=[support("Spain won.")])

    assert answer["content"] == "Spain won."
    assert answer["annotations"] == [
        {**CITED, "start_index": 0, "end_index": 10, "cited_text": "Spain won."}
    ]


def test_a_citation_counts_characters_where_gemini_counts_bytes():
    answer = grounded("Añb: Spain won.", supports=[support("Spain won.", start=6)])

    [citation] = answer["annotations"]
    assert answer["content"][citation["start_index"] : citation["end_index"]] == "Spain won."


def test_a_citation_that_does_not_fit_its_text_has_no_position():
    answer = grounded("It was Spain.", supports=[support("Spain won.", start=90)])

    assert answer["annotations"] == [{**CITED, "cited_text": "Spain won."}]


def test_a_source_that_supports_no_words_is_an_annotation_too():
    maps = {"web": None, "maps": {"uri": "https://m.example", "title": "Café", "place_id": "p"}}

    answer = grounded("Hi.", chunks=[EURO, maps, {}])

    assert answer["annotations"] == [
        CITED,
        {"type": "citation", "url": "https://m.example", "title": "Café"},
    ]


@pytest.mark.parametrize(
    "metadata",
    [None, "x", {}, {"grounding_chunks": "x", "grounding_supports": [1, {"segment": 2}]},
     {"grounding_supports": [{"grounding_chunk_indices": [0, -1, "x"]}]}],
    ids=str,
)  # fmt: skip
def test_grounding_that_is_malformed_gives_no_annotations(metadata):
    answer = json_value(AIMessage("Hi.", response_metadata={"grounding_metadata": metadata}))

    assert answer == {"role": "assistant", "content": "Hi."}


def test_search_results_count_where_there_are_no_citations():
    results = [{"title": "Euro", "url": "https://e.example/euro"}]

    alone = AIMessage("Hi.", additional_kwargs={"search_results": results})
    both = AIMessage("Hi.", additional_kwargs={"search_results": results, "citations": ["a"]})

    assert json_value(alone)["annotations"] == results
    assert json_value(both)["annotations"] == ["a"]
