"""Messages of every kind and provider in one schema, OpenAI's."""

import copy
import json

import pytest
from langchain_core.load import dumpd
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    HumanMessageChunk,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
    message_to_dict,
)
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, Generation, LLMResult

from respan_langchain.serialization.json_value import json_value
from respan_langchain.serialization.messages import ContentSerializer, serialize_messages

WEATHER = {"name": "get_weather", "args": {"city": "Zürich", "days": 2}, "id": "call_1"}
WEATHER_AS_SENT = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "get_weather", "arguments": '{"city":"Zürich","days":2}'},
}


class Memo(BaseMessage):
    """A message class of the app's own."""

    type: str = "memo"
    mood: str = "calm"


ROLES = {
    "human": (HumanMessage("hi"), {"role": "user", "content": "hi"}),
    "human chunk": (HumanMessageChunk("hi"), {"role": "user", "content": "hi"}),
    "system": (SystemMessage("be kind"), {"role": "system", "content": "be kind"}),
    "developer": (
        SystemMessage("be brief", additional_kwargs={"__openai_role__": "developer"}),
        {"role": "developer", "content": "be brief"},
    ),
    "assistant": (AIMessage("hello"), {"role": "assistant", "content": "hello"}),
    "named": (HumanMessage("hi", name="ann"), {"role": "user", "content": "hi", "name": "ann"}),
    "tool": (
        ToolMessage("18 °C", tool_call_id="call_1", name="get_weather"),
        {"role": "tool", "content": "18 °C", "name": "get_weather", "tool_call_id": "call_1"},
    ),
    "failed tool": (
        ToolMessage("timeout", tool_call_id="call_1", status="error"),
        {"role": "tool", "content": "timeout", "tool_call_id": "call_1", "status": "error"},
    ),
    "function": (
        FunctionMessage("18", name="get_weather"),
        {"role": "tool", "content": "18", "name": "get_weather"},
    ),
    "chat message with a known role": (
        ChatMessage("hi", role="user"),
        {"role": "user", "content": "hi"},
    ),
    "chat message with an unknown role": (
        ChatMessage("objection", role="critic"),
        {"role": "none", "original_role": "critic", "content": "objection"},
    ),
    "remove": (
        RemoveMessage(id="m-3"),
        {"role": "none", "original_role": "remove", "content": "", "id": "m-3"},
    ),
    "a class of the app's own": (
        Memo("note", mood="glad"),
        {"role": "none", "original_role": "memo", "content": "note", "mood": "glad"},
    ),
}


@pytest.mark.parametrize(("given", "expected"), ROLES.values(), ids=ROLES)
def test_a_message_has_the_role_that_the_platform_knows(given, expected):
    assert json_value(given) == expected


def text_block(text, **more):
    return {"type": "text", "text": text, **more}


TEXTS = {
    "one block": (HumanMessage([text_block("hi")]), "hi"),
    "a string in a list": (HumanMessage(["hi"]), "hi"),
    "an answer in pieces": (
        AIMessage([text_block("hel", index=0), text_block("lo", index=0)]),
        "hello",
    ),
    "an answer of the responses API": (
        AIMessage([{"type": "output_text", "text": "hello"}]),
        "hello",
    ),
    "a chunk": (AIMessageChunk([text_block("hello")]), "hello"),
    "Bedrock's untyped block": (AIMessage([{"text": "hello"}]), "hello"),
    "standard blocks": (AIMessage(content_blocks=[text_block("hello")]), "hello"),
    "no blocks at all": (AIMessage([]), ""),
    "a prompt in two parts": (
        HumanMessage([text_block("Context."), text_block("Question?")]),
        [text_block("Context."), text_block("Question?")],
    ),
}


@pytest.mark.parametrize(("given", "expected"), TEXTS.values(), ids=TEXTS)
def test_text_is_one_string_unless_its_author_separated_parts(given, expected):
    assert json_value(given)["content"] == expected


ANSWERS = {
    "tool calls": (
        AIMessage("", tool_calls=[WEATHER]),
        {"content": "", "tool_calls": [WEATHER_AS_SENT]},
    ),
    "tool calls that the blocks repeat": (
        AIMessage(
            [
                text_block("Let me see."),
                {"type": "tool_use", "id": "call_1", "name": "get_weather", "input": {}},
            ],
            tool_calls=[WEATHER],
        ),
        {"content": "Let me see.", "tool_calls": [WEATHER_AS_SENT]},
    ),
    "tool calls of the responses API": (
        AIMessage(
            [
                {
                    "type": "function_call",
                    "id": "fc_1",
                    "call_id": "call_1",
                    "name": "x",
                    "arguments": "{}",
                }
            ],
            tool_calls=[WEATHER],
        ),
        {"content": "", "tool_calls": [WEATHER_AS_SENT]},
    ),
    "tool calls that stand in blocks alone": (
        AIMessage(
            [{"type": "tool_use", "id": "call_1", "name": "get_weather", "input": WEATHER["args"]}]
        ),
        {"content": "", "tool_calls": [WEATHER_AS_SENT]},
    ),
    "streamed tool calls": (
        AIMessageChunk(
            "",
            tool_call_chunks=[
                {
                    "name": "get_weather",
                    "args": '{"city": "Zürich", "days": 2}',
                    "id": "call_1",
                    "index": 0,
                }
            ],
        ),
        {"content": "", "tool_calls": [WEATHER_AS_SENT]},
    ),
    "streamed tool calls that the blocks repeat in pieces": (
        AIMessageChunk(
            [
                {"type": "tool_use", "id": "call_1", "name": "get_weather", "input": {}},
                {"type": "input_json_delta", "partial_json": '{"city": '},
            ],
            tool_call_chunks=[
                {
                    "name": "get_weather",
                    "args": '{"city": "Zürich", "days": 2}',
                    "id": "call_1",
                    "index": 0,
                }
            ],
        ),
        {"content": "", "tool_calls": [WEATHER_AS_SENT]},
    ),
    "invalid tool calls": (
        AIMessage(
            "", invalid_tool_calls=[{"name": "f", "args": '{"a": ', "id": "c", "error": "cut off"}]
        ),
        {
            "content": "",
            "invalid_tool_calls": [
                {
                    "id": "c",
                    "type": "function",
                    "function": {"name": "f", "arguments": '{"a": '},
                    "error": "cut off",
                }
            ],
        },
    ),
    "a legacy function call": (
        AIMessage("", additional_kwargs={"function_call": {"name": "f", "arguments": "{}"}}),
        {
            "content": "",
            "tool_calls": [
                {"id": None, "type": "function", "function": {"name": "f", "arguments": "{}"}}
            ],
        },
    ),
    "OpenAI's refusal": (
        AIMessage("", additional_kwargs={"refusal": "I can't."}),
        {"content": "", "refusal": "I can't."},
    ),
    "a refusal block": (
        AIMessage([{"type": "refusal", "refusal": "I can't."}]),
        {"content": "", "refusal": "I can't."},
    ),
    "reasoning beside the content": (
        AIMessage("42", additional_kwargs={"reasoning_content": "6 x 7"}),
        {"content": "42", "reasoning_content": "6 x 7"},
    ),
    "Anthropic's thinking": (
        AIMessage(
            [{"type": "thinking", "thinking": "6 x 7", "signature": "Eqo"}, text_block("42")]
        ),
        {"content": "42", "reasoning_content": "6 x 7"},
    ),
    "Anthropic's hidden thinking": (
        AIMessage([{"type": "redacted_thinking", "data": "Eqo"}, text_block("42")]),
        {"content": "42", "reasoning_content": "[encrypted]"},
    ),
    "Bedrock's reasoning": (
        AIMessage(
            [
                {"type": "reasoning_content", "reasoning_content": {"text": "6 x 7"}},
                text_block("42"),
            ]
        ),
        {"content": "42", "reasoning_content": "6 x 7"},
    ),
    "OpenAI's reasoning summary": (
        AIMessage(
            [
                {
                    "type": "reasoning",
                    "summary": [{"type": "summary_text", "text": "6 x 7"}, {"text": "= 42"}],
                },
                text_block("42"),
            ]
        ),
        {"content": "42", "reasoning_content": "6 x 7\n\n= 42"},
    ),
    "standard reasoning": (
        AIMessage([{"type": "reasoning", "reasoning": "6 x 7"}, text_block("42")]),
        {"content": "42", "reasoning_content": "6 x 7"},
    ),
    "citations": (
        AIMessage(
            [text_block("Paris.", citations=[{"type": "char_location", "cited_text": "Paris is"}])]
        ),
        {"content": "Paris.", "annotations": [{"type": "char_location", "cited_text": "Paris is"}]},
    ),
    "annotations": (
        AIMessage(
            [text_block("Paris.", annotations=[{"type": "citation", "url": "https://x.example"}])]
        ),
        {"content": "Paris.", "annotations": [{"type": "citation", "url": "https://x.example"}]},
    ),
    "server tools": (
        AIMessage(
            [
                {
                    "type": "server_tool_use",
                    "id": "s1",
                    "name": "web_search",
                    "input": {"query": "x"},
                },
                {"type": "web_search_tool_result", "tool_use_id": "s1", "content": [{"url": "u"}]},
                text_block("Found."),
            ]
        ),
        {
            "content": "Found.",
            "server_tool_calls": [
                {
                    "type": "server_tool_use",
                    "id": "s1",
                    "name": "web_search",
                    "input": {"query": "x"},
                },
                {"type": "web_search_tool_result", "tool_use_id": "s1", "content": [{"url": "u"}]},
            ],
        },
    ),
    "server tools beside the content": (
        AIMessage(
            "Done.", additional_kwargs={"tool_outputs": [{"type": "web_search_call", "id": "w"}]}
        ),
        {"content": "Done.", "server_tool_calls": [{"type": "web_search_call", "id": "w"}]},
    ),
    "a block in another's clothes": (
        AIMessage([{"type": "non_standard", "value": {"type": "text", "text": "hello"}}]),
        {"content": "hello"},
    ),
    "a thing among the blocks": (
        AIMessage.model_construct(content=[text_block("See"), 3, {"type": "text", "text": None}]),
        {"content": [text_block("See"), 3, text_block("")]},
    ),
    "a lone block": (AIMessage.model_construct(content=text_block("hello")), {"content": "hello"}),
    "content that is none": (AIMessage.model_construct(content=3), {"content": [3]}),
    "text that is no text": (
        AIMessage.model_construct(content=[{"type": "text", "text": {"a": 1}}]),
        {"content": [{"a": 1}]},
    ),
    "reasoning that is nested too deep": (
        AIMessage.model_construct(content=[{"type": "reasoning", "summary": [[[[[["deep"]]]]]]}]),
        {"content": ""},
    ),
    "a tool call that is none": (
        AIMessage.model_construct(content="", tool_calls=["f"]),
        {
            "content": "",
            "tool_calls": [
                {"id": None, "type": "function", "function": {"name": None, "arguments": "f"}}
            ],
        },
    ),
    "a block that nobody knows": (
        AIMessage([text_block("See"), {"type": "hologram", "depth": 3}]),
        {"content": [text_block("See"), {"type": "hologram", "depth": 3}]},
    ),
    "an empty legacy function call": (
        AIMessage("hi", additional_kwargs={"function_call": {"name": "", "arguments": ""}}),
        {"content": "hi"},
    ),
    "an empty function call among the blocks": (
        AIMessage([text_block("hi"), {"type": "function_call", "name": "", "arguments": ""}]),
        {"content": "hi"},
    ),
    "a custom tool call that the tool calls repeat": (
        AIMessage(
            [{"type": "custom_tool_call", "id": "ctc_1", "call_id": "call_1", "input": "ls"}],
            tool_calls=[{"name": "shell", "args": {"__arg1": "ls"}, "id": "call_1"}],
        ),
        {
            "content": "",
            "tool_calls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "shell", "arguments": '{"__arg1":"ls"}'},
                }
            ],
        },
    ),
    "a block that only carries a signature": (
        AIMessage([text_block("hi"), {"type": "function_call_signature", "signature": "Eqo"}]),
        {"content": "hi"},
    ),
    "audio in bytes": (
        AIMessage("", additional_kwargs={"audio": b"RIFF\x00\x00\x00\x00WAVE"}),
        {
            "content": "",
            "audio": {
                "type": "audio",
                "mime_type": "audio/wav",
                "bytes": 12,
                "sha256": "56ddf20bae94693a26732a7629d110957d63d8afd31c95f098b32b0d9ec5b387",
            },
        },
    ),
    "spoken audio": (
        AIMessage(
            "", additional_kwargs={"audio": {"id": "a1", "transcript": "hello", "expires_at": 5}}
        ),
        {"content": "", "audio": {"id": "a1", "transcript": "hello", "expires_at": 5}},
    ),
}


@pytest.mark.parametrize(("given", "expected"), ANSWERS.values(), ids=ANSWERS)
def test_the_parts_of_an_answer_are_where_openai_has_them(given, expected):
    assert json_value(given) == {"role": "assistant", **expected}


@pytest.mark.parametrize(("given", "_"), ANSWERS.values(), ids=ANSWERS)
def test_a_message_stays_as_it_was(given, _):
    before = copy.deepcopy(given)

    json_value(given)

    assert given == before


@pytest.mark.parametrize(("given", "_"), (ROLES | ANSWERS).values(), ids=ROLES | ANSWERS)
def test_a_message_that_is_captured_already_stays_the_same(given, _):
    once = json_value(given)

    assert json_value(once) == once
    assert serialize_messages([once]) == [once]


def test_a_serialized_object_that_is_no_message_stays():
    prompt = {
        "lc": 1,
        "type": "constructor",
        "id": ["langchain", "PromptTemplate"],
        "kwargs": {"x": 1},
    }

    assert json_value(prompt) == prompt


SPELLINGS = {
    "a message": HumanMessage("hi"),
    "a pair": ("user", "hi"),
    "a pair that went through JSON": ["user", "hi"],
    "a pair in LangChain's words": ("human", "hi"),
    "a string": "hi",
    "OpenAI's dict": {"role": "user", "content": "hi"},
    "LangChain's dict": {"type": "human", "content": "hi"},
    "message_to_dict": message_to_dict(HumanMessage("hi")),
    "dumpd": dumpd(HumanMessage("hi")),
}


@pytest.mark.parametrize("given", SPELLINGS.values(), ids=SPELLINGS)
def test_every_spelling_of_a_message_is_the_same_message(given):
    assert serialize_messages([given]) == [{"role": "user", "content": "hi"}]


def test_openais_tool_calls_stay_what_they_are():
    said = {"role": "assistant", "content": None, "tool_calls": [WEATHER_AS_SENT]}

    assert serialize_messages([said]) == [
        {"role": "assistant", "content": "", "tool_calls": [WEATHER_AS_SENT]}
    ]


def test_an_unknown_role_is_kept_in_original_role():
    assert serialize_messages([{"role": "critic", "content": "no"}]) == [
        {"role": "none", "original_role": "critic", "content": "no"}
    ]


def test_other_values_become_content_with_the_role_none():
    assert serialize_messages([3, None]) == [
        {"role": "none", "content": 3},
        {"role": "none", "content": None},
    ]


def test_pairs_are_messages_where_a_state_keeps_its_conversation():
    state = {"messages": [("user", "hi"), AIMessage("hello")], "pair": ("user", "hi")}

    assert json_value(state) == {
        "messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}],
        "pair": ["user", "hi"],
    }


def test_an_artifact_is_left_out():
    said = ToolMessage("ok", tool_call_id="c", artifact={"rows": [1, 2]})

    assert "artifact" not in json_value(said)


def test_arguments_are_a_json_string_whatever_they_hold():
    call = AIMessage.model_construct(
        content="", tool_calls=[{"name": "f", "args": {"x": float("nan"), "y": {1, 2}}, "id": "c"}]
    )

    arguments = json_value(call)["tool_calls"][0]["function"]["arguments"]

    assert json.loads(arguments) == {"x": "NaN", "y": [1, 2]}


def test_an_incomplete_message_becomes_a_placeholder():
    half_made = HumanMessage.__new__(HumanMessage)

    assert serialize_messages([half_made, "hi"]) == [
        {"role": "none", "content": "<HumanMessage>"},
        {"role": "user", "content": "hi"},
    ]


def chat(*said, **info):
    return LLMResult(
        generations=[[ChatGeneration(message=one, generation_info=info or None) for one in said]]
    )


def test_an_answer_is_a_list_of_one_candidate():
    given = ContentSerializer().candidates(chat(AIMessage("hello"), finish_reason="stop"))

    assert given == [{"role": "assistant", "content": "hello"}]


def test_all_candidates_are_kept():
    given = ContentSerializer().candidates(chat(AIMessage("a"), AIMessage("b")))

    assert [one["content"] for one in given] == ["a", "b"]


def test_a_completion_is_its_text():
    given = ContentSerializer().candidates(
        LLMResult(generations=[[Generation(text="once"), Generation(text="twice")]])
    )

    assert given == ["once", "twice"]


@pytest.mark.parametrize("rows", [[], [[]]], ids=["none", "an empty row"])
def test_no_answer_has_no_candidates(rows):
    assert ContentSerializer().candidates(LLMResult(generations=rows)) == []


def test_after_an_error_the_partial_answer_is_the_output():
    partial = ChatGenerationChunk(message=AIMessageChunk("Once upon"))
    rest = ChatGeneration(message=AIMessage("", response_metadata={"status_code": 500}))

    given = ContentSerializer().candidates(LLMResult(generations=[[partial], [rest]]))

    assert given == [{"role": "assistant", "content": "Once upon"}]


def test_a_message_of_several_prompts_is_serialized_once_in_a_pass():
    call = AIMessage("", tool_calls=[{"name": "f", "args": {}, "id": "c"}])
    serializer = ContentSerializer()
    [first], [_, again] = serializer.messages([call]), serializer.messages(["hi", call])
    assert again is first
    call.tool_calls = []
    assert ContentSerializer().messages([call]) == [{"role": "assistant", "content": ""}]
