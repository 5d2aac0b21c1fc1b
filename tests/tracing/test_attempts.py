"""A node or a task that its graph tries again is a retry, and no error that the graph handled."""

import asyncio

import pytest
from langgraph.func import entrypoint, task
from langgraph.graph import START, StateGraph
from langgraph.types import RetryPolicy
from support.graphs import State

AT_ONCE = RetryPolicy(initial_interval=0.0, jitter=False, retry_on=ConnectionError)


def failing(times):
    """A node that fails a few times before it answers."""
    left = [times]

    def answer(state):
        left[0] -= 1
        if left[0] >= 0:
            raise ConnectionError("not yet")
        return {"parts": ["done"]}

    return answer


def graph(**nodes):
    builder = StateGraph(State)
    for name, node in nodes.items():
        builder.add_node(name, node, retry_policy=AT_ONCE).add_edge(START, name)
    return builder.compile()


def counts(root):
    return {name: root["metrics"].get(name, 0) for name in ("retries", "handled_errors")}


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
def test_a_node_that_is_tried_again_is_a_retry_and_no_handled_error(way, handler, rows_of):
    app, config = graph(ask=failing(2)), {"callbacks": [handler]}
    if way == "invoke":
        app.invoke({}, config)
    else:
        asyncio.run(app.ainvoke({}, config))

    [root] = rows_of(handler).roots
    assert root["metadata"]["status"] == "success"
    assert counts(root) == {"retries": 2, "handled_errors": 0}


def test_the_retries_of_nodes_that_run_side_by_side_are_all_counted(handler, rows_of):
    graph(one=failing(1), two=failing(2), three=failing(0)).invoke({}, {"callbacks": [handler]})

    [root] = rows_of(handler).roots
    assert counts(root) == {"retries": 3, "handled_errors": 0}


def test_a_retry_inside_a_subgraph_is_counted_on_the_root(handler, rows_of):
    outer = StateGraph(State).add_node("inner", graph(ask=failing(1))).add_edge(START, "inner")
    outer.compile().invoke({}, {"callbacks": [handler]})

    [root] = rows_of(handler).roots
    assert counts(root) == {"retries": 1, "handled_errors": 0}


def test_a_task_that_is_tried_again_is_a_retry(handler, rows_of):
    shaky = task(failing(1), retry_policy=AT_ONCE)

    @entrypoint()
    def flow(state):
        return shaky(state).result()

    flow.invoke({}, {"callbacks": [handler]})

    [root] = rows_of(handler).roots
    assert counts(root) == {"retries": 1, "handled_errors": 0}


def test_the_last_error_of_a_node_that_gives_up_is_the_roots(handler, rows_of):
    app = graph(ask=failing(9))
    with pytest.raises(ConnectionError):
        app.invoke({}, {"callbacks": [handler]})

    [root] = rows_of(handler).roots
    assert root["metadata"]["status"] == "error"
    assert counts(root) == {"retries": 2, "handled_errors": 0}
