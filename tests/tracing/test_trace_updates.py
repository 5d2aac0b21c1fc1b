"""What a trace learns from the nodes of its graph: errors that the graph took care of."""

import pytest
from langgraph.graph import START, StateGraph
from langgraph.types import RetryPolicy
from support.graphs import State

ONCE_MORE = RetryPolicy(max_attempts=2, initial_interval=0.0, jitter=False, retry_on=ValueError)


def broken(state):
    raise ValueError("no such order")


def working(state):
    return {"parts": ["found"]}


def apologize(state):
    return {"answer": "Sorry."}


def graph(**options):
    builder = StateGraph(State).add_node("look", broken, error_handler=apologize, **options)
    builder.add_node("other", working)
    return builder.add_edge(START, "look").add_edge(START, "other").compile()


def test_an_error_that_a_nodes_handler_handled_is_counted(handler, rows_of):
    graph().invoke({}, {"callbacks": [handler]})

    [root] = rows_of(handler).roots
    assert (root["metadata"]["status"], root["metrics"]["handled_errors"]) == ("success", 1)
    assert "retries" not in root["metrics"]


def test_a_node_that_is_handled_after_its_last_attempt_is_one_handled_error(handler, rows_of):
    graph(retry_policy=ONCE_MORE).invoke({}, {"callbacks": [handler]})

    [root] = rows_of(handler).roots
    assert (root["metrics"]["handled_errors"], root["metrics"]["retries"]) == (1, 1)


def test_an_error_that_ends_the_graph_is_not_called_handled(handler, rows_of):
    app = StateGraph(State).add_node("look", broken).add_edge(START, "look").compile()
    with pytest.raises(ValueError, match="no such order"):
        app.invoke({}, {"callbacks": [handler]})

    [root] = rows_of(handler).roots
    assert root["metadata"]["status"] == "error"
    assert "handled_errors" not in root["metrics"]
