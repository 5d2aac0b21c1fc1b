"""What providers refuse: a row with the error and its kind, without tokens, cost or key."""

import pytest
from providers import (
    anthropic_cases,
    bedrock_cases,
    follower_cases,
    google_cases,
    openai_cases,
    other_cases,
)
from providers.cases import KEY, QUESTION
from providers.server import json_reply
from providers.test_rows import WAYS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    # google-genai forgets to await an error's body.
    pytest.mark.filterwarnings("ignore:coroutine 'ClientResponse.json':RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

WHY = "because it is Monday"
OPENAIS = {"error": {"message": WHY, "type": "refused", "param": None, "code": None}}
BODIES = {
    "openai": (openai_cases.CASES[0].model, OPENAIS),
    "openai, responses": (openai_cases.CASES[4].model, OPENAIS),
    "azure": (openai_cases.CASES[6].model, OPENAIS),
    "anthropic": (
        anthropic_cases.CASES[0].model,
        {"type": "error", "error": {"type": "refused", "message": WHY}},
    ),
    "gemini": (
        google_cases.model,
        {"error": {"code": 400, "message": WHY, "status": "REFUSED"}},
    ),
    "bedrock": (bedrock_cases.model, {"message": WHY, "__type": "ThrottlingException"}),
    "mistral": (follower_cases.mistral, {"message": WHY, "type": "refused"}),
    "groq": (follower_cases.groq("llama-3.3-70b-versatile"), OPENAIS),
    "deepseek": (follower_cases.deepseek, OPENAIS),
    "xai": (follower_cases.xai, OPENAIS),
    "ollama": (other_cases.home, {"error": WHY}),
    "cohere": (other_cases.command, {"id": "co-7", "message": WHY}),
}


@pytest.mark.parametrize("status", [400, 429, 529])
@pytest.mark.parametrize("provider", BODIES)
def test_a_refusal_is_a_row_with_its_reason(provider, status, server, make_handler, rows_of):
    make, body = BODIES[provider]
    server.answer = lambda request: json_reply(body, status)
    handler, model = make_handler(), make(server.url)
    kinds = {}

    for way in ("invoke", "stream", "astream"):
        with pytest.raises(Exception) as refused:  # noqa: PT011 - each package has its own
            WAYS[way](model, {"callbacks": [handler], "run_name": way})
        kinds[way] = refused.type.__name__

    rows = rows_of(handler)
    assert {row["metadata"]["span_name"] for row in rows} == kinds.keys()
    for row in rows:
        way, metadata = row["metadata"]["span_name"], row["metadata"]
        assert (way, metadata["status"], metadata["status_code"]) == (way, "error", status)
        assert (way, metadata["error_type"].rpartition(".")[2]) == (way, kinds[way])
        assert WHY in metadata["error_message"]
        assert row["input"] == [{"role": "user", "content": QUESTION}]
        assert row["output"] is None
        assert not {"prompt_tokens", "completion_tokens"} & row["metrics"].keys()
        # Not every package tells what was refused from what broke.
        assert row["metrics"].get("cost", 0) == 0
        assert KEY not in str(row)
