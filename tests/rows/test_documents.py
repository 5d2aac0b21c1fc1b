"""Retrieved documents on a root row: those that reached the chain."""

from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.prompts import PromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda, RunnableParallel, RunnablePassthrough
from langchain_core.tools import create_retriever_tool
from langgraph.graph import START, StateGraph
from support.ways import WAYS
from typing_extensions import TypedDict


class Store(BaseRetriever):
    texts: str

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        return [Document(text) for text in self.texts]


class Best(BaseRetriever):
    """Keeps the first two of what another retriever finds."""

    inner: BaseRetriever

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        return self.inner.invoke(query, {"callbacks": run_manager.get_child()})[:2]


def texts(documents):
    return "".join(document.page_content for document in documents)


def retrieved(root):
    return "".join(document["content"] for document in root["metadata"]["retrieved_documents"])


@pytest.mark.parametrize("way", [name for name in WAYS if "batch" not in name])
def test_documents_that_a_reranker_left_out_are_not_retrieved(way, handler, rows_of):
    chain = Best(inner=Store(texts="abcd")) | RunnableLambda(texts)
    WAYS[way](chain, "q", {"callbacks": [handler]})

    [root] = rows_of(handler).roots
    assert retrieved(root) == "ab"


def test_two_retrievers_side_by_side_both_count(handler, rows_of):
    both = RunnableParallel(a=Store(texts="ab"), b=Store(texts="cd"))
    chain = both | RunnableLambda(lambda found: texts(found["a"] + found["b"]))
    chain.invoke("q", {"callbacks": [handler]})

    assert sorted(retrieved(rows_of(handler).roots[0])) == ["a", "b", "c", "d"]


def test_each_retrieval_names_its_query_and_its_documents(handler, rows_of):
    both = RunnableLambda(lambda q: [Store(texts=q[:1]), Store(texts=q[1:])])
    chain = RunnableLambda(lambda q: [store.invoke(f"{q}?") for store in both.invoke(q)])
    chain.invoke("abc", {"callbacks": [handler]})

    [root] = rows_of(handler).roots
    assert retrieved(root) == "abc"
    assert root["metadata"]["retrievals"] == [
        {"name": "Store", "input": "abc?", "documents": [0]},
        {"name": "Store", "input": "abc?", "documents": [1, 2]},
    ]


def test_a_retrieval_that_failed_names_its_error(handler, rows_of):
    class Broken(BaseRetriever):
        def _get_relevant_documents(self, query, *, run_manager):
            raise TimeoutError("no index")

    chain = Broken().with_fallbacks([Store(texts="a")]) | RunnableLambda(texts)
    chain.invoke("q", {"callbacks": [handler]})

    [root] = rows_of(handler).roots
    assert root["metadata"]["retrievals"] == [
        {"name": "Broken", "input": "q", "error": "TimeoutError: no index", "documents": []},
        {"name": "Store", "input": "q", "documents": [0]},
    ]


@pytest.mark.parametrize("form", ["content", "content_and_artifact"])
def test_documents_of_a_retriever_tool_count_once(form, handler, rows_of):
    tool = create_retriever_tool(
        Best(inner=Store(texts="abcd")),
        "search",
        "Search.",
        document_prompt=PromptTemplate.from_template("{page_content}"),
        response_format=form,
    )
    call = {"type": "tool_call", "name": "search", "args": {"query": "q"}, "id": "c1"}
    chain = RunnableLambda(lambda _: tool.invoke(call).content)
    chain.invoke("q", {"callbacks": [handler]})

    [root] = rows_of(handler).roots
    assert retrieved(root) == "ab"
    assert "retrievals" not in root["metadata"]


def test_the_answer_of_a_retrieval_chain_is_its_output(handler, rows_of):
    chain = RunnablePassthrough.assign(
        context=RunnableLambda(lambda asked: asked["input"]) | Store(texts="ab")
    ).assign(answer=RunnableLambda(lambda asked: texts(asked["context"])))
    chain.invoke({"input": "q"}, {"callbacks": [handler]})

    [root] = rows_of(handler).roots
    assert (root["input"], root["output"]) == ({"input": "q"}, "ab")


def test_a_question_that_a_retrieval_chain_repeats_is_not_in_its_output(handler, rows_of):
    chain = RunnableParallel(context=Store(texts="ab"), question=RunnablePassthrough()).assign(
        answer=RunnableLambda(lambda asked: texts(asked["context"]))
    )
    chain.invoke("q", {"callbacks": [handler]})

    [root] = rows_of(handler).roots
    assert (root["input"], root["output"]) == ("q", "ab")


def test_the_answer_of_a_retrieval_graph_is_its_output(handler, rows_of):
    class State(TypedDict, total=False):
        question: str
        context: list[Document]
        answer: str

    builder = StateGraph(State)
    builder.add_node("retrieve", lambda _: {"context": Store(texts="ab").invoke("q")})
    builder.add_node("generate", lambda state: {"answer": texts(state["context"])})
    builder.add_edge(START, "retrieve").add_edge("retrieve", "generate")
    builder.compile().invoke({"question": "q"}, {"callbacks": [handler]})

    [root] = rows_of(handler).roots
    assert (root["input"], root["output"]) == ({"question": "q"}, "ab")
    assert retrieved(root) == "ab"
