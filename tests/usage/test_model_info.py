"""Facts of a model call: who was asked, who answered, with which parameters; and no key in them."""

import json
from types import SimpleNamespace
from typing import TypedDict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, Generation, LLMResult
from langchain_core.tools import tool
from pydantic import BaseModel

from respan_langchain.usage.model_info import (
    ModelInfo,
    get_message,
    get_reported_fields,
    parse_request,
    parse_response,
)

ASKED = ModelInfo(provider="openai", requested="gpt-4o")
FUNCTION = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Tell the weather.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}


def asked(*, kwargs=None, metadata=None, params=None, options=None, **serialized):
    return parse_request({"kwargs": kwargs or {}, **serialized}, metadata, params, options)


def read_response(request, response):
    return parse_response(request, get_message(response), get_reported_fields(response))


def params(**invocation_params):
    return asked(params=invocation_params).params


def answered(*, info=None, llm_output=None, message_id=None, **metadata):
    message = AIMessage("hi", response_metadata=metadata, id=message_id)
    generation = ChatGeneration(message=message, generation_info=info)
    return read_response(ASKED, LLMResult(generations=[[generation]], llm_output=llm_output))


def test_the_start_event_names_model_endpoint_and_versions():
    facts = asked(
        kwargs={"openai_api_base": "https://user:pass@gate.acme.com:8443/v1?key=sk-123"},
        metadata={
            "ls_provider": "openai",
            "ls_model_name": "gpt-4o",
            "lc_versions": {"langchain-core": "1.7.2", "langchain-openai": "1.7.3", 3: None},
        },
    )

    assert (facts.provider, facts.requested, facts.name) == ("openai", "gpt-4o", "gpt-4o")
    assert facts.endpoint == "gate.acme.com"
    assert facts.versions == {"langchain-core": "1.7.2", "langchain-openai": "1.7.3"}


@pytest.mark.parametrize(
    ("name", "url", "host"),
    [
        ("openai_api_base", "http://127.0.0.1:9/v1", "127.0.0.1"),
        ("azure_endpoint", "https://acme.openai.azure.com", "acme.openai.azure.com"),
        ("anthropic_api_url", "https://api.anthropic.com", "api.anthropic.com"),
        ("base_url", "http://localhost:11434", "localhost"),
        ("endpoint_url", "http://[::1]:80", "::1"),
        ("openai_proxy", "http://proxy.acme.com", None),
        ("base_url", "http://[broken", None),
        ("base_url", {"lc": 1, "type": "secret"}, None),
        ("base_url", "file:///etc/passwd", None),
    ],
)
def test_an_endpoint_is_only_a_host(name, url, host):
    assert asked(kwargs={name: url}).endpoint == host


def test_without_langsmiths_names_the_class_and_its_arguments_give_the_model():
    facts = asked(kwargs={"model": "acme-7b"}, id=["langchain", "chat_models", "acme", "ChatAcme"])

    assert (facts.provider, facts.requested) == ("acme", "acme-7b")


def test_an_azure_deployment_is_the_requested_model():
    facts = asked(params={"model": None, "azure_deployment": "my-gpt4o"})

    assert facts.requested == "my-gpt4o"


@pytest.mark.parametrize(
    "reported",
    [
        {"model_name": "gpt-4o-2024-08-06"},
        {"model": "gpt-4o-2024-08-06"},
        {"info": {"model_name": "gpt-4o-2024-08-06"}},
        {"llm_output": {"model_name": "gpt-4o-2024-08-06"}},
        {"model_name": "gpt-4o-2024-08-06" * 2},
        {"model_name": "gpt-4o", "info": {"lc_gateway_metadata": {"model": "gpt-4o-2024-08-06"}}},
    ],
    ids=["model_name", "model", "info", "llm_output", "twice", "gateway"],
)
def test_the_end_event_names_the_served_model(reported):
    facts = answered(**reported)

    assert (facts.served, facts.requested, facts.name) == (
        "gpt-4o-2024-08-06", "gpt-4o", "gpt-4o-2024-08-06",
    )  # fmt: skip


def test_langsmiths_gateway_names_the_provider_it_chose():
    facts = answered(info={"lc_gateway_metadata": {"provider": "anthropic", "model": "claude"}})

    assert (facts.provider, facts.served) == ("anthropic", "claude")


@pytest.mark.parametrize(
    ("reported", "reason"),
    [
        ({"finish_reason": "stop"}, "stop"),
        ({"info": {"finish_reason": "length"}}, "length"),
        ({"stop_reason": "end_turn"}, "end_turn"),
        ({"stopReason": "tool_use"}, "tool_use"),
        ({"done_reason": "stop"}, "stop"),
        ({"finish_reason": "stopstop"}, "stop"),
        ({"finish_reason": None}, None),
        ({"finish_reason": 3}, None),
    ],
)
def test_the_finish_reason_of_every_provider_is_read(reported, reason):
    assert answered(**reported).finish_reason == reason


@pytest.mark.parametrize(
    ("reported", "request_id"),
    [
        ({"request_id": "req_1", "id": "chatcmpl-1"}, "req_1"),
        ({"id": "chatcmpl-1"}, "chatcmpl-1"),
        ({"ResponseMetadata": {"RequestId": "aws-1"}}, "aws-1"),
        ({"headers": {"x-request-id": "req_2"}}, "req_2"),
        ({"message_id": "msg_1"}, "msg_1"),
        ({"message_id": "run-019a"}, None),
        ({"message_id": "lc_run--019a"}, None),
    ],
)
def test_the_request_id_is_the_providers_own(reported, request_id):
    assert answered(**reported).request_id == request_id


def test_fingerprint_and_tier_are_kept():
    facts = answered(system_fingerprint="fp_1", service_tier="default")

    assert (facts.system_fingerprint, facts.service_tier) == ("fp_1", "default")


@pytest.mark.parametrize(
    "response",
    [
        None, LLMResult(generations=[]), LLMResult(generations=[[]]),
        LLMResult(generations=[[Generation(text="a")]]), SimpleNamespace(generations=3),
    ],
)  # fmt: skip
def test_an_answer_without_facts_adds_none(response):
    assert read_response(ASKED, response) == ASKED


def test_parameters_have_the_platforms_names():
    assert params(
        temperature=0.2, top_p=1, max_completion_tokens=64, stop=["\n"], random_seed=7, n=2,
        stop_sequences=None, presence_penalty=0.0, stream=True,
    ) == {
        "temperature": 0.2, "top_p": 1, "max_tokens": 64, "stop": ["\n"], "seed": 7, "n": 2,
        "presence_penalty": 0.0, "stream": True,
    }  # fmt: skip


def test_arguments_of_a_call_win_over_the_constructors():
    facts = asked(
        kwargs={"temperature": 0.1, "top_p": 0.5},
        metadata={"ls_temperature": 0.9, "ls_max_tokens": 9, "ls_stop": ["a"]},
        params={"temperature": 0.2, "stop": ["b"]},
        options={"stop": ["c"]},
    )

    assert facts.params == {"temperature": 0.2, "top_p": 0.5, "max_tokens": 9, "stop": ["c"]}


def test_the_users_metadata_is_not_read_as_parameters():
    assert asked(metadata={"seed": 3, "temperature": 9, "tools": ["x"]}).params == {}


def test_streaming_is_a_parameter_only_when_it_was_asked_for():
    assert params(stream=False) == {}


def test_keys_headers_and_clients_are_never_parameters():
    facts = asked(
        kwargs={
            "openai_api_key": {"lc": 1, "type": "secret", "id": ["OPENAI_API_KEY"]},
            "default_headers": {"Authorization": "Bearer sk-1"},
            "anthropic_api_key": "sk-1",
        },
        params={
            "api_key": "sk-1",
            "extra_headers": {"x-api-key": "sk-1"},
            "http_client": object(),
            "temperature": object(),
            "tools": [
                {
                    "type": "mcp",
                    "server_url": "u",
                    "authorization": "sk-1",
                    "headers": {"a": "sk-1"},
                }
            ],
        },
        metadata={"token": "sk-1"},
    )

    assert "sk-1" not in json.dumps(facts._asdict())
    assert facts.params == {"tools": [{"type": "mcp", "server_url": "u"}]}


class Weather(BaseModel):
    """Tell the weather."""

    city: str


class WeatherDict(TypedDict):
    """Tell the weather."""

    city: str


@tool
def weather(city: str) -> str:
    """Tell the weather."""
    return city


SCHEMA = FUNCTION["function"]["parameters"]
DECLARATION = {"name": "weather", "description": "Tell the weather."}


@pytest.mark.parametrize(
    "given",
    [
        FUNCTION,
        FUNCTION["function"],
        weather,
        {**DECLARATION, "input_schema": SCHEMA},
        {"toolSpec": {**DECLARATION, "inputSchema": {"json": SCHEMA}}},
        {"function_declarations": [FUNCTION["function"]]},
    ],
    ids=["openai", "function", "BaseTool", "anthropic", "bedrock", "gemini"],
)
def test_tools_are_converted_to_openais_form(given):
    assert params(tools=[given])["tools"] == [FUNCTION]


@pytest.mark.parametrize("given", [Weather, WeatherDict])
def test_a_class_as_a_tool_is_converted_by_its_schema(given):
    (function,) = params(tools=[given])["tools"]

    assert function["function"]["name"] == given.__name__
    assert function["function"]["parameters"]["properties"]["city"]["type"] == "string"


def test_a_tool_of_the_providers_own_is_kept():
    search = {"type": "web_search_20250305", "name": "web_search", "max_uses": 5}

    assert params(tools=[search])["tools"] == [search]


class Function(BaseModel):
    name: str
    description: str
    parameters: dict


class CohereTool(BaseModel):
    type: str = "function"
    function: Function


def test_a_clients_own_tool_object_is_converted_to_openais_form():
    assert params(tools=[CohereTool(function=FUNCTION["function"])])["tools"] == [FUNCTION]


class Stubborn(BaseModel):
    """Has no schema to give."""

    @classmethod
    def model_json_schema(cls, *args, **kwargs):
        raise RuntimeError


class Thorny:
    @property
    def name(self):
        raise RuntimeError


def test_a_tool_whose_name_raises_is_named_by_its_class():
    (thorny,) = params(tools=[Thorny()])["tools"]

    assert thorny["function"]["name"] == "Thorny"


def test_a_tool_without_a_schema_is_still_named():
    tools = params(tools=[Stubborn, 3, {"odd": 1}])["tools"]

    assert [each["function"]["name"] for each in tools[:2]] == ["Stubborn", "int"]
    assert tools[2] == {"odd": 1}


@pytest.mark.parametrize(
    "reported",
    [
        {"params": {"response_format": Weather}},
        {"params": {"response_format": Weather.model_json_schema()}},
        {"params": {"format": Weather.model_json_schema()}},
        {"options": {"ls_structured_output_format": {"schema": Weather.model_json_schema()}}},
    ],
    ids=["class", "schema", "ollama", "structured output"],
)
def test_a_response_schema_is_converted_to_openais_form(reported):
    form = asked(**reported).params["response_format"]

    assert (form["type"], form["json_schema"]["name"]) == ("json_schema", "Weather")
    assert form["json_schema"]["schema"]["properties"]["city"]["type"] == "string"


@pytest.mark.parametrize(
    ("given", "form"),
    [
        ({"type": "json_object"}, {"type": "json_object"}),
        ("json", {"type": "json"}),
        (Stubborn, {"type": "json_schema", "json_schema": {"name": "Stubborn", "schema": {}}}),
        ("", None),
    ],
)
def test_a_response_format_that_is_no_schema_is_kept(given, form):
    assert params(response_format=given).get("response_format") == form


def test_metadata_has_only_known_facts_by_name():
    facts = ModelInfo(
        provider="openai", requested="gpt-4o", served="gpt-4o-2024-08-06", finish_reason="stop",
        versions={"langchain-core": "1.7.2"}, params={"temperature": 0, "tools": [FUNCTION]},
    )  # fmt: skip

    assert facts.request_metadata() == {
        "model": "gpt-4o", "model_requested": "gpt-4o", "provider_id": "openai",
    }  # fmt: skip
    assert facts.response_metadata() == {
        "model": "gpt-4o-2024-08-06", "provider_id": "openai", "finish_reason": "stop",
    }  # fmt: skip
    assert ModelInfo().request_metadata() == ModelInfo().response_metadata() == {}


def test_tools_count_as_content():
    facts = ModelInfo(params={"temperature": 0, "tools": [FUNCTION]})

    assert facts.params_metadata(content=True) == {"temperature": 0, "tools": [FUNCTION]}
    assert facts.params_metadata(content=False) == {"temperature": 0}


anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary()),
    lambda inner: st.one_of(
        st.lists(inner),
        st.dictionaries(
            st.one_of(
                st.text(),
                st.integers(),
                st.sampled_from(
                    ["tools", "function", "response_format", "base_url", "model", "type", "kwargs",
                     "properties", "stop", "ls_structured_output_format", "schema", "headers"]
                ),
            ),
            inner,
        ),
    ),
    max_leaves=12,
)  # fmt: skip


@settings(deadline=None)
@given(serialized=anything, metadata=anything, invocation_params=anything, options=anything)
def test_reading_any_report_never_raises_or_changes_it(
    serialized, metadata, invocation_params, options
):
    before = repr((serialized, metadata, invocation_params, options))

    facts = parse_request(serialized, metadata, invocation_params, options)
    message = SimpleNamespace(response_metadata=metadata, id=options)
    generation = SimpleNamespace(message=message, generation_info=serialized)
    answer = SimpleNamespace(generations=[[generation]], llm_output=invocation_params)
    answered = read_response(facts, answer)
    answered.request_metadata()
    answered.response_metadata()
    answered.params_metadata(content=True)

    assert repr((serialized, metadata, invocation_params, options)) == before


@pytest.mark.parametrize(
    ("reported", "tier", "context"),
    [
        ({"service_tier": "flex"}, "flex", {}),
        ({"service_tier": "flexflex"}, "flex", {}),
        ({"serviceTier": {"type": "priority"}}, "priority", {}),
        ({"usage": {"service_tier": "batch", "speed": "fast"}}, "batch", {"speed": "fast"}),
        ({"token_usage": {"service_tier": "priority"}}, "priority", {}),
        ({"usage": {"speed": "standard", "inference_geo": "global"}}, None, {}),
        ({"usage": {"inference_geo": "us"}}, None, {"inference_geo": "us"}),
        ({"search_context_size": "low"}, None, {"search_context_size": "low"}),
        ({"service_tier": None, "usage": {"speed": 3}}, None, {}),
    ],
)
def test_price_context_is_read_wherever_packages_put_it(reported, tier, context):
    facts = answered(**reported)

    assert (facts.service_tier, facts.price_context) == (tier, context)
    assert context.items() <= facts.response_metadata().items()


@pytest.mark.parametrize(
    "params", [{"service_tier": "priority", "speed": "fast"}, {"model_kwargs": {"speed": "fast"}}]
)
def test_the_requested_price_context_holds_unless_the_answer_replaces_it(params):
    request = asked(params=params)
    silent = LLMResult(generations=[[ChatGeneration(message=AIMessage("hi"))]])
    other = LLMResult(
        generations=[
            [ChatGeneration(message=AIMessage("hi", response_metadata={"service_tier": "default"}))]
        ]
    )

    assert read_response(request, silent).service_tier == params.get("service_tier")
    assert read_response(request, silent).price_context == {"speed": "fast"}
    assert read_response(request, other).service_tier == "default"


def test_a_speed_that_was_requested_and_not_served_changes_nothing():
    request = asked(params={"speed": "fast"})
    message = AIMessage("hi", response_metadata={"usage": {"speed": "standard"}})
    answer = LLMResult(generations=[[ChatGeneration(message=message)]])

    assert read_response(request, answer).price_context == {}


@pytest.mark.parametrize(
    "params",
    [
        {"web_search_options": {"search_context_size": "high"}},
        {"extra_body": {"search_context_size": "high"}},
    ],
)
def test_the_price_context_is_read_of_nested_parameters_of_a_request(params):
    assert asked(params=params).price_context == {"search_context_size": "high"}


def test_parameters_of_an_extra_body_are_parameters():
    search = {"mode": "on"}

    assert params(extra_body={"search_parameters": search})["search_parameters"] == search


def test_a_router_reports_two_finish_reasons():
    facts = answered(finish_reason="stop", native_finish_reason="end_turn").response_metadata()

    assert (facts["finish_reason"], facts["native_finish_reason"]) == ("stop", "end_turn")
    assert "refused" not in facts


def test_a_refusal_is_in_the_metadata():
    assert answered(stop_reason="refusal").response_metadata()["refused"] is True
