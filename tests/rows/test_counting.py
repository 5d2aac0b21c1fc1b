"""What is counted on a root: calls of the provider's own tools, and models that run as chains."""

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableLambda, RunnableSerializable
from langchain_core.runnables.config import ensure_config
from support.constructs import lookup
from support.scripts import Script, calls

SEARCH = {"type": "server_tool_use", "id": "s_1", "name": "web_search", "input": {"query": "rain"}}
FOUND = {"type": "web_search_tool_result", "tool_use_id": "s_1", "content": []}
FAILED = {**FOUND, "content": {"error_code": "max_uses_exceeded"}}
TEXT = {"type": "text", "text": "It rains."}


def chain(*blocks):
    model = Script(answers=[AIMessage(list(blocks))])
    return RunnableLambda(lambda asked: asked) | model


@pytest.mark.parametrize("trajectory", [True, False])
def test_a_call_of_a_server_tool_counts_as_a_tool_call(trajectory, make_handler, rows_of):
    handler = make_handler(trajectory=trajectory)
    chain(SEARCH, FOUND, TEXT).invoke("Rain?", {"callbacks": [handler]})

    [root] = rows_of(handler).roots
    assert (root["metrics"]["tool_calls"], root["metrics"].get("tool_errors")) == (1, None)
    assert len(root["metadata"].get("trajectory", ())) == trajectory


def test_a_server_tool_that_failed_counts_as_a_tool_error(handler, rows_of):
    chain(SEARCH, FAILED, TEXT).invoke("Rain?", {"callbacks": [handler]})

    [root] = rows_of(handler).roots
    assert (root["metrics"]["tool_calls"], root["metrics"]["tool_errors"]) == (1, 1)


@pytest.mark.parametrize("trajectory", [True, False])
@pytest.mark.parametrize(("result", "errors"), [(FOUND, None), (FAILED, 1)])
def test_a_call_whose_result_is_in_the_next_answer_is_one_call(
    result, errors, trajectory, make_handler, rows_of
):
    handler = make_handler(trajectory=trajectory)
    # Anthropic stops a long turn in the middle of a call; the app sends it back to be continued.
    paused = AIMessage([TEXT, SEARCH], response_metadata={"stop_reason": "pause_turn"})
    model = Script(answers=[paused, AIMessage([result, TEXT])])

    def ask(question):
        conversation = [HumanMessage(question)]
        while (answer := model.invoke(conversation)).response_metadata.get("stop_reason"):
            conversation.append(answer)
        return answer

    RunnableLambda(ask).invoke("Rain?", {"callbacks": [handler]})

    rows = rows_of(handler)
    [root] = rows.roots
    assert len(rows.chats) == 2
    assert (root["metrics"]["tool_calls"], root["metrics"].get("tool_errors")) == (1, errors)
    steps = [{
        "tool": "web_search", "input": {"query": "rain"}, "tool_call_id": "s_1", "server": True,
        "output": result["content"], **({"status": "error"} if errors else {}),
    }]  # fmt: skip
    assert root["metadata"].get("trajectory", []) == (steps if trajectory else [])


def test_a_model_call_that_is_a_root_counts_the_server_tools_too(handler, rows_of):
    chain(SEARCH, FOUND, TEXT).last.invoke("Rain?", {"callbacks": [handler]})

    [root] = rows_of(handler).roots
    assert root["metrics"]["tool_calls"] == 1


def test_server_tools_and_the_apps_tools_are_one_sum_as_in_the_trajectory(handler, rows_of):
    both = calls("lookup", city="Paris")
    both.content = [SEARCH, FOUND]
    app = create_agent(Script(answers=[both, AIMessage([TEXT])]), [lookup])
    app.invoke({"messages": [("user", "Rain?")]}, {"callbacks": [handler]})

    [root] = rows_of(handler).roots
    assert root["metrics"]["tool_calls"] == len(root["metadata"]["trajectory"]) == 2


class Decider(RunnableSerializable):
    """A model that LangChain runs as a chain, as its decision models are."""

    def invoke(self, input, config=None, **_):  # noqa: A002  # LangChain's name
        config = ensure_config(config)
        config["metadata"] |= {"ls_provider": "openai", "ls_model_name": "gpt-4o-mini"}
        return self._call_with_config(lambda state: "refund", input, config, run_type="llm")


def test_a_model_that_runs_as_a_chain_is_a_model_row_with_its_usage_missing(handler, rows_of):
    app = Decider() | RunnableLambda(lambda decision: f"{decision}: done")
    app.invoke("Money back!", {"callbacks": [handler]})

    rows = rows_of(handler)
    [root], [call] = rows.roots, rows.chats
    assert (call["metadata"]["model"], call["output"]) == ("gpt-4o-mini", "refund")
    assert call["metadata"]["usage_missing"] is root["metadata"]["usage_missing"] is True
    assert (root["metrics"]["llm_calls"], root["metadata"]["model"]) == (1, "gpt-4o-mini")
    assert "total_tokens" not in root["metrics"]
    assert root["output"] == "refund: done"
