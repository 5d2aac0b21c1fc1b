"""Secrets of every kind, in every place, leave no trace; what only looks like one stays untouched.

None of these was ever valid: they are made of the form alone. They are put together here from
pieces, so that no scanner takes this file for a leak.
"""

import base64
import hashlib
import json
import time
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, HumanMessage

from respan_langchain.redaction.secrets import may_contain_secret, redact_secrets
from respan_langchain.rows.encoder import RowEncoder
from respan_langchain.serialization.json_value import json_value
from respan_langchain.serialization.messages import serialize_messages

MIXED = "Ab3dEf6hIj9lMn2pQr5tUv8xYz1BcD4fGh7jKl0nOp3r"
HEX = hashlib.sha256(b"secret").hexdigest()
PEM = (
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n"
    "q83vEjRWeJq83v==\n-----END RSA PRIVATE KEY-----"
)
JWT = "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"

KEYS = {
    "OpenAI": "sk-" + MIXED,
    "OpenAI project": "sk-" + "proj-" + MIXED[:20] + "-" + MIXED[20:] + "_T3BlbkFJ",
    "OpenAI service account": "sk-" + "svcacct-" + MIXED,
    "OpenAI admin": "sk-" + "admin-" + MIXED,
    "Anthropic": "sk-" + "ant-api03-" + MIXED + "-AA",
    "OpenRouter": "sk-" + "or-v1-" + HEX,
    "Langfuse": "sk-" + "lf-" + str(uuid.UUID(int=2**100 + 7)),
    "DeepSeek": "sk-" + HEX[:32],
    "AWS access key": "AKIA" + "IOSFODNN7EXAMPL3",
    "AWS temporary key": "ASIA" + "IOSFODNN7EXAMPL3",
    "GitHub": "ghp_" + MIXED[:36],
    "GitHub OAuth": "gho_" + MIXED[:36],
    "GitHub server": "ghs_" + MIXED[:36],
    "GitHub fine-grained": "github_" + "pat_" + MIXED[:22] + "_" + MIXED,
    "GitLab": "glpat-" + MIXED[:20],
    "Slack bot": "xoxb-" + "1234567890-1234567890-" + MIXED[:24],
    "Slack user": "xoxp-" + "1234567890-" + MIXED[:24],
    "Slack app": "xapp-" + "1-A123-456-" + MIXED[:24],
    "Google": "AIza" + MIXED[:35],
    "Google OAuth": "ya29." + MIXED,
    "Google client secret": "GOCSPX-" + MIXED[:28],
    "Stripe": "sk_" + "live_" + MIXED[:24],
    "Stripe restricted": "rk_" + "test_" + MIXED[:24],
    "Stripe webhook": "whsec_" + MIXED[:32],
    "Hugging Face": "hf_" + MIXED[:34],
    "Groq": "gsk_" + MIXED,
    "LangSmith": "lsv2_" + "pt_" + HEX[:32] + "_" + HEX[:10],
    "Respan": MIXED[:8] + "." + MIXED[8:40],
    "npm": "npm_" + MIXED[:36],
    "PyPI": "pypi-" + "AgEIcHlwaS5vcmc" + MIXED,
    "Replicate": "r8_" + MIXED[:37],
    "Pinecone": "pcsk_" + MIXED,
    "Perplexity": "pplx-" + MIXED,
    "xAI": "xai-" + MIXED,
    "Tavily": "tvly-" + "dev-" + MIXED[:32],
    "SendGrid": "SG." + MIXED[:22] + "." + MIXED[:43],
    "Vault": "hvs." + MIXED,
    "Shopify": "shpat_" + HEX[:32],
    "DigitalOcean": "dop_" + "v1_" + HEX,
    "Mailgun": "key-" + HEX[:32],
    "JWT": JWT,
    "private key": PEM,
    "private key on one line": PEM.replace("\n", "\\n"),
    "private key, cut off": PEM[:60],
}
COMPLEX = "c0rrect/horse+Battery"
PLAIN = "swordfish"
NAMED = {
    "password in JSON": ('{"user": "ann", "password": "%s"}', COMPLEX),
    "a plain word in JSON": ('{"password": "%s"}', PLAIN),
    "a sentence in JSON": ('{"password": "%s"}', "correct horse battery staple"),
    "a quote in the password": ('{"password": "%s"}', 'ab\\"cd\\"ef'),
    "password in JSON in JSON": ('{\\"password\\": \\"%s\\"}', COMPLEX),
    "password in JSON in JSON in JSON": ('{\\\\\\"password\\\\\\": \\\\\\"%s\\\\\\"}', COMPLEX),
    "single quotes": ("{'api_key': '%s'}", COMPLEX),
    "environment": ("DB_PASSWORD=%s", COMPLEX),
    "environment, a plain word": ("export DB_PASSWORD=%s\n", PLAIN),
    "YAML": ("api_key: %s", COMPLEX),
    "YAML, quoted": ('client_secret: "%s"', PLAIN),
    "Python": ('api_key="%s"', PLAIN),
    "a Python keyword argument": ('connect(password="%s")', PLAIN),
    "JavaScript": ("const accessToken = '%s';", COMPLEX),
    "Go": ('secretKey := "%s"', COMPLEX),
    "Ruby": (':password => "%s"', COMPLEX),
    "a query": ("https://x.example/?user=1&access_token=%s&page=2", MIXED),
    "a query, a plain word": ("https://x.example/?password=%s&page=2", PLAIN),
    "an ADO connection": ("Server=db;User Id=sa;Password=%s;", COMPLEX),
    "an Azure connection": ("AccountName=a;AccountKey=%s==;EndpointSuffix=x", MIXED),
    "a libpq connection": ("host=db user=u password=%s dbname=d", PLAIN),
    "a URL": ("postgresql://ann:%s@db.example:5432/app", "s3cret!"),
    "a URL without a user": ("redis://:%s@cache.example:6379/0", "s3cret!"),
    "a bearer header": ("Authorization: Bearer %s", MIXED),
    "a bearer header in JSON": ('{"Authorization": "Bearer %s"}', MIXED),
    "a bearer token alone": ("curl -H 'bearer %s'", MIXED),
    "a basic header": ("Authorization: Basic %s", base64.b64encode(b"ann:s3cret").decode()),
    "basic credentials alone": ("Basic %s", base64.b64encode(b"ann:s3cret").decode()),
    "a header of another scheme": ("Authorization: ApiKey-v1 %s", MIXED),
    "a key header": ("X-Api-Key: %s", MIXED),
    "a cookie": ("Cookie: session=%s", MIXED),
    "an AWS secret": ("aws_secret_access_key = %s", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    "an AWS pair": ("AKIA" + "IOSFODNN7EXAMPL3 / %s", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    "a token in JSON": ('{"token": "%s"}', MIXED),
    "a signature": ("https://x.example/a?sv=1&sig=%s", MIXED),
    "a passphrase": ('passphrase: "%s"', PLAIN),
}
EVERYTHING = {**{name: ("My key is %s, keep it.", key) for name, key in KEYS.items()}, **NAMED}


def leftover(secret: str, text: str) -> str:
    """The longest piece of the secret's tail that the text still holds; short ones are chance."""
    tail = secret[-12:]
    return tail if tail in text or json.dumps(tail)[1:-1] in text else ""


@pytest.mark.parametrize(("frame", "secret"), EVERYTHING.values(), ids=EVERYTHING)
def test_a_secret_is_redacted_in_text(frame, secret):
    text = frame % secret

    cleaned = redact_secrets(text)

    assert secret not in cleaned
    assert not leftover(secret, cleaned)
    assert "[redacted:" in cleaned
    assert may_contain_secret(text)


@pytest.mark.parametrize(("frame", "secret"), EVERYTHING.values(), ids=EVERYTHING)
def test_a_redacted_text_is_not_redacted_again(frame, secret):
    once = redact_secrets(frame % secret)

    assert redact_secrets(once) == once


@pytest.mark.parametrize(("frame", "secret"), NAMED.values(), ids=NAMED)
def test_only_the_secret_is_redacted(frame, secret):
    before, _, after = frame.partition("%s")

    cleaned = redact_secrets(frame % secret)

    assert cleaned.startswith((before[:6], "[redacted:aws-key]"))
    assert cleaned.endswith(after.lstrip("="))


PLACES = {
    "input": lambda text: {"input": text},
    "a message": lambda text: {"input": serialize_messages([HumanMessage(text)])},
    "a block": lambda text: {
        "input": serialize_messages([HumanMessage([{"type": "text", "text": text}, {"type": "x"}])])
    },
    "tool arguments": lambda text: {
        "output": serialize_messages(
            [AIMessage("", tool_calls=[{"name": "f", "args": {"x": {"y": text}}, "id": "c"}])]
        )
    },
    "a line of tool arguments": lambda text: {
        "output": serialize_messages(
            [AIMessage("", tool_calls=[{"name": "f", "args": {"x": f"a\n{text}"}, "id": "c"}])]
        )
    },
    "quoted JSON": lambda text: {"input": json.dumps({"said": f"\u201c{text}\u201d"})},
    "a cell in JSON": lambda text: {"input": json.dumps({"said": f"a\t{text}\tb"})},
    "reasoning": lambda text: {
        "output": serialize_messages([AIMessage("", additional_kwargs={"reasoning_content": text})])
    },
    "a document": lambda text: {"output": json_value([Document(text, metadata={"source": text})])},
    "the expected output": lambda text: {"expected_output": {"answer": [text]}},
    "metadata": lambda text: {"metadata": {"note": {"deep": [text]}}},
    "an error": lambda text: {"metadata": {"error_message": text, "status": "error"}},
    "a key of a dict": lambda text: {"input": {text: 1}},
    "a key of the metadata": lambda text: {"metadata": {text: 1}},
    "a huge text": lambda text: {"input": "word " * 2_000 + text + " word" * 2_000},
    "a text that is cut": lambda text: {"input": "word " * 19_990 + text + " word" * 90_000},
    "a tag": lambda text: {"metadata": {"tags": ["beta", text]}},
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize(("frame", "secret"), EVERYTHING.values(), ids=EVERYTHING)
def test_no_secret_is_sent_from_anywhere(place, frame, secret):
    row = {"input": "", "metadata": {}, "metrics": {}, **place(frame % secret)}

    sent = RowEncoder().encode(row).decode()

    assert not leftover(secret, sent)
    assert json.dumps(secret)[1:-1] not in sent


@pytest.mark.parametrize("value", [PLAIN, 1234567, [PLAIN], {"value": PLAIN}], ids=str)
@pytest.mark.parametrize(
    "name",
    [
        "password",
        "Authorization",
        "X-Api-Key",
        "clientSecret",
        "AWS_SECRET_ACCESS_KEY",
        "refresh_token",
        "cookie",
        "db password",
        "credentials",
        "OPENAI_API_KEY",
        "set-cookie",
    ],
)
def test_a_value_under_a_secrets_name_is_not_sent(name, value):
    row = {"input": {"headers": {name: value}}, "metadata": {name: value}, "metrics": {}}

    sent = RowEncoder().encode(row).decode()

    assert PLAIN not in sent
    assert "1234567" not in sent
    assert name in sent


def called(arguments):
    """A model's call of a tool, in each of the forms in which providers give it."""
    as_text = json.dumps(arguments)
    function = {"name": "login", "arguments": as_text}
    forms = {
        "a dict": AIMessage("", tool_calls=[{"name": "login", "args": arguments, "id": "c"}]),
        "a provider's JSON": AIMessage("", additional_kwargs={"function_call": function}),
        "a block": AIMessage([{"type": "function_call", "call_id": "c", **function}]),
        "a dict for a message": {"role": "assistant", "tool_calls": [{"function": function}]},
    }
    return [serialize_messages([form])[0] for form in forms.values()]


@pytest.mark.parametrize(
    "arguments",
    [
        {"password": 12345678},
        {"credentials": {"user": "bob", "pw": "hunter2hunter2"}},
        {"passwords": ["hunter2x", "correcthorse9"]},
        {"login": [{"authorization": {"scheme": "x", "value": "hunter2hunter2"}}]},
        {"api_key": ["abcd1234efgh"], "note": "half a pair: \ud83d"},
        {"password": "Pa", "number": 2**60 + 1},
        {"password": 1.5, "note": "word " * 2_000},
        {"token": MIXED},
    ],
    ids=str,
)
def test_a_secret_in_a_tools_arguments_is_not_sent(arguments):
    [as_dict] = RowEncoder().encode({"input": [arguments]}).splitlines()
    for call in called(arguments):
        sent = json.loads(RowEncoder().encode({"output": call}))

        [shown] = sent["output"]["tool_calls"]
        assert json.loads(shown["function"]["arguments"]) == json.loads(as_dict)["input"][0]


def test_a_secrets_name_that_occurs_twice_hides_both_values():
    given = '{"password": 12345678, "password": null}'

    sent = RowEncoder().encode({"output": {"function": {"name": "f", "arguments": given}}})

    assert b"12345678" not in sent


@pytest.mark.parametrize(
    "arguments",
    [
        '{ "token": "Paris",  "has_password": true, "password": null }',
        '{"city": "Paris", "n": 1.0, "broken',
        "[" * 100_000,
        '{"a":' * 900 + "1" + "}" * 900,
        '{"city": NaN}',
        "Paris",
        "",
    ],
    ids=lambda text: text[:20],
)
def test_arguments_without_a_secret_are_unchanged(arguments):
    row = {"output": {"function": {"name": "f", "arguments": arguments}}}

    assert json.loads(RowEncoder().encode(row)) == row


def test_a_token_is_a_secret_only_when_it_looks_like_one():
    row = {"input": {"token": MIXED, "tokens": [{"token": "Paris"}], "next_page_token": MIXED}}

    sent = json.loads(RowEncoder().encode({**row, "metadata": {}, "metrics": {}}))

    assert sent["input"] == {
        "token": "[redacted:secret]",
        "tokens": [{"token": "Paris"}],
        "next_page_token": MIXED,
    }


def test_numbers_and_flags_under_a_weak_name_stay():
    row = {"input": {"signature": 12, "token": [True, None]}, "metadata": {}, "metrics": {}}

    assert json.loads(RowEncoder().encode(row)) == row


def test_flags_among_credentials_stay():
    row = {"input": {"credentials": [True, None, "x"]}, "metadata": {}, "metrics": {}}

    assert json.loads(RowEncoder().encode(row))["input"] == {
        "credentials": [True, None, "[redacted:secret]"]
    }


def test_a_schema_that_asks_for_a_password_stays():
    schema = {"properties": {"password": {"type": "string", "description": "at least 8 letters"}}}

    sent = json.loads(RowEncoder().encode({"input": schema, "metadata": {}, "metrics": {}}))

    assert sent["input"] == schema


def test_none_and_empty_values_under_a_secrets_name_stay():
    row = {
        "input": {"password": None, "has_password": True, "secret": ""},
        "metadata": {},
        "metrics": {},
    }

    assert json.loads(RowEncoder().encode(row))["input"] == row["input"]


LOOK_ALIKES = [
    str(uuid.UUID(int=2**127 + 12345)),
    HEX,
    hashlib.sha1(b"x", usedforsecurity=False).hexdigest(),
    hashlib.md5(b"x", usedforsecurity=False).hexdigest(),
    "commit 9f2f1f8a1b2c3d4e5f60718293a4b5c6d7e8f901",
    base64.b64encode(b"Some ordinary words that were encoded for transport.").decode(),
    "sk-learn",
    "scikit-learn, sk-learn-contrib and sk-image-processing-toolkit",
    "task-1234567890abcdef1234",
    "risk-assessment-2026-11-23-final-version-2",
    "desk-0123456789abcdef0123",
    "max_tokens=100",
    "prompt_tokens: 812, completion_tokens: 31",
    '{"total_tokens": 843, "token_count": 12}',
    "2026-11-23T12:00:00Z",
    "order 1234-5678-9012",
    "4242 4242 4242 4242",
    "+41 44 123 45 67",
    "https://x.example/a/b?page=2&sort=name",
    "https://ann@x.example/",
    "http://x.example:8080/a@b",
    "ann@x.example wrote to bob@y.example: see https://x.example/a",
    "git@github.com:owner/name.git",
    "My password: at least 8 characters",
    "password: required",
    "Forgot password? Reset it.",
    "secret: the cake is a lie",
    "password=password",
    "connect(user=user, password=password)",
    "api_key=api_key, timeout=30",
    'api_key=os.environ["OPENAI_API_KEY"]',
    "api_key=settings.api_key",
    "api_key=${OPENAI_API_KEY}",
    "api_key=<your key>",
    '"api_key": "..."',
    '"password": "***"',
    "password = getpass.getpass()",
    "token = tokenizer.next()",
    'tiktoken: "cl100k_base"',
    '{"token": "Paris", "logprob": -0.12}',
    '{"eos_token": "<|endoftext|>"}',
    "The bearer of this letter",
    "bearer certificates-and-things",
    "a basic understanding of things",
    "Basic training",
    "Basic English 2026",
    "chatcmpl-Bx1Yz2Ab3Cd4Ef5Gh6Ij7Kl8Mn9",
    "call_Jja7J89XsjrOLA5rMEOW",
    "msg_01XFDUDYJgAACzvnptvVoYEL",
    "fp_560af6e559",
    "gpt-4o-mini-2024-07-18",
    "run-019aa3c5-7f3e-7000-8000-1234567890ab-0",
    "thread_abc123",
    "respan_langchain.serialization.json_value",
    "ghp_short",
    "AKIAshort",
    "eyJust a word",
    "hf_model_name",
    "organization: Respan",
    "the key: persistence",
    "keyword: shoes",
    "primary_key=id",
    "sort_key=date",
    "question: What is it?",
    "data:image/png;base64,iVBORw0KGgo",
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
    "C:\\Users\\ann\\secrets.txt",
    "std::string s = a::b;",
    "signature: def f(x)",
    "Grüße, “quoted” text… 日本語のテキスト",
    "x" * 5_000,
    "a.b.c." * 500,
    "-" * 500,
    "=" * 500,
]


@pytest.mark.parametrize("text", LOOK_ALIKES, ids=lambda text: text[:40])
def test_text_that_only_resembles_a_secret_stays(text):
    row = {"input": {"text": text}, "metadata": {"note": text}, "metrics": {}}

    assert redact_secrets(text) == text
    assert json.loads(RowEncoder().encode(row))["input"] == {"text": text}


def test_the_preset_can_be_switched_off():
    given = {"password": KEYS["OpenAI"], "arguments": '{"password": 12345678}'}
    row = {"input": given, "metadata": {}, "metrics": {}}

    assert json.loads(RowEncoder(secrets=False).encode(row))["input"] == row["input"]


@given(st.text(st.sampled_from("sk-ant_:=\"' \\@/.AKIJeyxob1aB\n"), max_size=400))
@settings(deadline=None)
def test_redaction_of_any_text_leaves_no_secret(text):
    once = redact_secrets(text)

    assert redact_secrets(once) == once
    if not may_contain_secret(text):
        assert once == text


@pytest.mark.parametrize(
    "piece",
    [
        'password="',
        "password='x",
        "-eyJ",
        "eyJaaaaaa.",
        "://a:",
        "sk-",
        "sk-ant-",
        "bearer ",
        "Basic AAAA",
        "AKIA",
        "-----BEGIN PRIVATE KEY-----",
        "secret:\\",
        "token=1a",
        "a.b:c@",
        "xoxb-1",
        "hf_",
        "abcdefgh." + "x" * 31 + "1",
    ],
)
def test_adversarial_texts_are_not_slow(piece):
    text = piece * (100_000 // len(piece))

    started = time.process_time()
    redact_secrets(text)

    # Quadratic behaviour would take minutes.
    assert time.process_time() - started < 20


@pytest.mark.parametrize("number", range(2))
def test_the_cache_of_names_is_bounded(number):
    encoder = RowEncoder()

    for n in range(6_000):
        encoder.encode(
            {"input": {f"name {number} {n}": 1, f"token {number} {n}": 2}, "metadata": {}}
        )

    sent = json.loads(encoder.encode({"input": {"a_password": "x"}, "metadata": {}}))
    assert sent["input"] == {"a_password": "[redacted:secret]"}
