"""Calls of the provider's own tools stand apart from the text, the same streamed as invoked."""

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage

from respan_langchain.serialization.json_value import json_value
from respan_langchain.serialization.server_tools import trajectory_steps

HELLO = {"type": "text", "text": "Hello"}
BLOCKS = [
    "server_tool_use", "mcp_tool_use", "web_search_tool_result", "bash_code_execution_tool_result",
    "web_search_call", "file_search_call", "code_interpreter_call", "image_generation_call",
    "mcp_call", "mcp_list_tools", "mcp_approval_request", "local_shell_call", "shell_call",
    "shell_call_output", "apply_patch_call", "apply_patch_call_output", "tool_search_call",
    "tool_search_output", "x_search_call", "computer_call", "executable_code",
    "code_execution_result", "server_tool_call", "server_tool_result", "compaction",
    "container_upload", "never_heard_of_call", "brand-new-result",
]  # fmt: skip


@pytest.mark.parametrize("kind", BLOCKS)
def test_an_answer_with_a_server_tools_block_stays_one_text(kind):
    block = {"type": kind, "id": "b_1", "status": "completed"}

    answer = json_value(AIMessage([block, HELLO]))

    assert answer == {"role": "assistant", "content": "Hello", "server_tool_calls": [block]}


@pytest.mark.parametrize("link", ["call_id", "tool_use_id", "tool_call_id"])
def test_an_answer_with_a_block_linked_to_a_call_stays_one_text(link):
    block = {"type": "novelty", link: "c_1"}

    assert json_value(AIMessage([HELLO, block]))["content"] == "Hello"


def test_a_tools_result_that_the_caller_gives_is_content():
    result = {"type": "tool_result", "tool_use_id": "t_1", "content": "18"}

    assert json_value(HumanMessage([result]))["content"] == [result]


ANTHROPIC = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search"}
NOVA = {"type": "server_tool_use", "id": "t_1", "name": "nova_grounding"}
STANDARD = {"type": "server_tool_call", "id": "srvtoolu_1", "name": "web_search"}
STREAMS = {
    "Anthropic": (
        [
            [{**ANTHROPIC, "input": {}, "index": 0}],
            [{"type": "input_json_delta", "partial_json": '{"query": ', "index": 0}],
            [{"type": "input_json_delta", "partial_json": '"shannon"}', "index": 0}],
        ],
        {**ANTHROPIC, "input": {"query": "shannon"}},
    ),
    "LangChain's standard chunks": (
        [
            [{**STANDARD, "type": "server_tool_call_chunk", "args": "", "index": 0}],
            [{"type": "server_tool_call_chunk", "args": '{"query": "shannon"}', "index": 0}],
        ],
        {**STANDARD, "args": {"query": "shannon"}},
    ),
    "OpenAI": (
        [[{"type": "mcp_call", "id": "mcp_1", "name": "roll", "arguments": "{}", "index": 1}]],
        {"type": "mcp_call", "id": "mcp_1", "name": "roll", "arguments": "{}"},
    ),
    "Nova's call": (
        [
            [{**NOVA, "index": 0}],
            [{"type": "tool_use", "input": '{"query": ', "id": None, "index": 0}],
            [{"type": "tool_use", "input": '"shannon"}', "id": None, "index": 0}],
        ],
        {**NOVA, "input": {"query": "shannon"}},
    ),
    "Nova's result": (
        [
            [{"type": "tool_result", "tool_use_id": "t_1", "content": "", "index": 1}],
            [{"type": "json", "json": {"results": []}, "index": 1}],
        ],
        {
            "type": "tool_result",
            "tool_use_id": "t_1",
            "content": [{"type": "json", "json": {"results": []}}],
        },
    ),
    "a stream that broke off": (
        [
            [{**ANTHROPIC, "input": {}, "index": 0}],
            [{"type": "input_json_delta", "partial_json": '{"que', "index": 0}],
        ],
        {**ANTHROPIC, "input": '{"que'},
    ),
}


@pytest.mark.parametrize(("chunks", "expected"), STREAMS.values(), ids=STREAMS)
def test_a_streamed_call_is_the_call_that_invoke_gives(chunks, expected):
    whole = AIMessageChunk([])
    for chunk in chunks:
        whole += AIMessageChunk(chunk)

    assert json_value(whole)["server_tool_calls"] == [expected]


def test_a_call_without_name_and_id_is_no_call():
    # langchain-aws makes it of the streamed arguments of Nova's own tool.
    answer = AIMessage("Hello", tool_calls=[{"name": "", "args": {"query": "x"}, "id": None}])

    assert json_value(answer) == {"role": "assistant", "content": "Hello"}


def test_groqs_executed_tools_are_server_tools():
    call = {"index": 0, "type": "search", "arguments": '{"query": "x"}', "output": "found"}

    answer = json_value(AIMessage("Hello", additional_kwargs={"executed_tools": [call]}))

    assert answer["server_tool_calls"] == [
        {"type": "search", "arguments": '{"query": "x"}', "output": "found"}
    ]


STEPS = {
    "Anthropic's call and result": (
        [
            {**ANTHROPIC, "input": {"query": "x"}},
            {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": ["r"]},
        ],
        {"tool": "web_search", "input": {"query": "x"}, "tool_call_id": "srvtoolu_1",
         "server": True, "output": ["r"]},
    ),
    "Anthropic's error": (
        [
            {**ANTHROPIC, "input": {}},
            {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1",
             "content": {"error_code": "max_uses_exceeded"}},
        ],
        {"tool": "web_search", "input": {}, "tool_call_id": "srvtoolu_1", "server": True,
         "output": {"error_code": "max_uses_exceeded"}, "status": "error"},
    ),
    "LangChain's standard blocks": (
        [
            {**STANDARD, "args": {"query": "x"}},
            {"type": "server_tool_result", "tool_call_id": "srvtoolu_1", "output": {"n": 1}},
        ],
        {"tool": "web_search", "input": {"query": "x"}, "tool_call_id": "srvtoolu_1",
         "server": True, "output": {"n": 1}},
    ),
    "OpenAI's web search": (
        [{"type": "web_search_call", "id": "ws_1", "action": {"query": "x"}}],
        {"tool": "web_search", "input": {"query": "x"}, "tool_call_id": "ws_1", "server": True},
    ),
    "OpenAI's code interpreter": (
        [{"type": "code_interpreter_call", "id": "ci_1", "code": "1+1", "outputs": ["2"]}],
        {"tool": "code_interpreter", "input": "1+1", "tool_call_id": "ci_1", "server": True,
         "output": ["2"]},
    ),
    "OpenAI's tool search, whose result has no call's id": (
        [
            {"type": "tool_search_call", "id": "ts_1", "arguments": {"paths": ["crm"]}},
            {"type": "tool_search_output", "id": "tso_1", "tools": ["t"]},
        ],
        {"tool": "tool_search", "input": {"paths": ["crm"]}, "tool_call_id": "ts_1",
         "server": True, "output": ["t"]},
    ),
    "OpenAI's MCP, failed": (
        [{"type": "mcp_call", "id": "m", "name": "roll", "arguments": '{"n":2}', "error": "down"}],
        {"tool": "roll", "input": {"n": 2}, "tool_call_id": "m", "server": True, "error": "down",
         "status": "error"},
    ),
    "Gemini's code": (
        [
            {"type": "executable_code", "executable_code": "1/0", "id": "e_1"},
            {"type": "code_execution_result", "code_execution_result": "no", "outcome": 2,
             "tool_call_id": ""},
        ],
        {"tool": "executable_code", "input": "1/0", "tool_call_id": "e_1", "server": True,
         "output": "no", "status": "error"},
    ),
    "Groq's executed tool": (
        [{"type": "search", "arguments": '{"query": "x"}', "output": "found"}],
        {"tool": "search", "input": {"query": "x"}, "server": True, "output": "found"},
    ),
    "a result without its call": (
        [{"type": "shell_call_output", "call_id": "c_9", "output": "ok"}],
        {"tool": "shell_call_output", "input": None, "tool_call_id": "c_9", "server": True,
         "output": "ok"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("blocks", "expected"), STEPS.values(), ids=STEPS)
def test_a_call_and_its_result_are_one_step_of_the_trajectory(blocks, expected):
    assert trajectory_steps(blocks) == [expected]


def test_lists_of_tools_and_requests_for_approval_are_no_steps():
    blocks = [{"type": "mcp_list_tools", "tools": []}, {"type": "mcp_approval_request"}, "x"]

    assert trajectory_steps(blocks) == []
