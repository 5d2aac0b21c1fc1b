"""Pseudonyms: the same person has the same marker in every row and process, and only there."""

import json
import pickle
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.runnables import RunnableLambda

from respan_langchain import ConfigurationError, RespanDatasetCallbackHandler
from respan_langchain.redaction.personal_data import KINDS
from respan_langchain.redaction.personal_search import PersonalDataSearch

KEY = "correct horse battery staple"


def pseudonym(text, key=KEY):
    return PersonalDataSearch(KINDS, pseudonym_key=key).redact(text)


@pytest.mark.parametrize(
    ("kind", "spellings"),
    [
        ("email", ["Ann.Lee@Mail.example", "ann.lee@mail.example", "ann.lee%40mail.example"]),
        ("phone", ["+41 44 668 18 00", "+41446681800", "%2B41446681800", "0041 44 668 18 00"]),
        ("phone", ["+44 (0)20 7946 0958", "+442079460958"]),
        ("card", ["4242 4242 4242 4242", "4242424242424242"]),
        ("iban", ["DE89 3704 0044 0532 0130 00", "de89370400440532013000"]),
        ("ip", ["2001:0db8:85a3:0000:0000:8a2e:0370:7334", "2001:db8:85a3::8a2e:370:7334"]),
    ],
)
def test_spellings_of_one_value_have_one_pseudonym(kind, spellings):
    [marker] = {pseudonym(spelling) for spelling in spellings}

    assert marker.startswith(f"[redacted:{kind}:")
    assert marker.endswith("]")


def test_other_values_and_other_keys_have_other_pseudonyms():
    markers = [pseudonym("a@b.ch"), pseudonym("a@b.li"), pseudonym("a@b.ch", KEY + "x")]
    markers += [pseudonym("a@b.ch", "k" * 100), pseudonym("a@b.ch", "k" * 101)]

    assert len({*markers}) == len(markers)


def test_a_number_has_the_pseudonym_of_its_text():
    search = PersonalDataSearch(KINDS, pseudonym_key=KEY)

    assert search.redact_value("card", 4242424242424242) == pseudonym("4242 4242 4242 4242")
    assert search.redact_value("phone", 41446681800) == pseudonym("+41 44 668 18 00")


@given(st.text(st.sampled_from("ab@.%40:+- 1234567890DEfx\\nu\n"), max_size=200))
@settings(deadline=None)
def test_a_text_with_pseudonyms_has_no_personal_data(text):
    assert pseudonym(pseudonym(text)) == pseudonym(text)


CODE = """
import json
from langchain_core.runnables import RunnableLambda
from respan_langchain import RespanDatasetCallbackHandler

def show(body):
    print(json.loads(body)["metadata"]["customer_identifier"])

with RespanDatasetCallbackHandler(
    "d", base_url="sqlite:///:memory:", redact="personal", on_row=show
) as handler:
    config = {"callbacks": [handler], "metadata": {"user_id": "ann@b.ch"}}
    RunnableLambda(str).invoke("Hello", config)
"""


def test_a_customer_has_the_same_pseudonym_in_every_process(monkeypatch):
    monkeypatch.setenv("RESPAN_PSEUDONYM_KEY", KEY)
    shown = [
        subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
        for _ in range(2)
    ]

    assert [each.stdout for each in shown] == [f"{pseudonym('ann@b.ch')}\n"] * 2


def test_the_key_is_shown_nowhere(make_handler, caplog):
    caplog.set_level("DEBUG")
    bodies = []
    handler = make_handler(redact="personal", pseudonym_key=KEY, on_row=bodies.append)
    RunnableLambda(str).invoke("ann@b.ch", {"callbacks": [handler]})

    assert handler.flush(timeout=20)
    assert json.loads(bodies[0])["input"] == pseudonym("ann@b.ch")
    shown = f"{handler!r} {vars(handler)} {handler.stats!r} {caplog.text} {bodies}"
    assert KEY not in shown
    other = make_handler(redact="personal", pseudonym_key=KEY)
    assert KEY.encode() not in pickle.dumps(other)


def test_a_short_key_is_refused_without_quoting_it():
    with pytest.raises(ConfigurationError, match=r"pseudonym_key.*16 characters") as caught:
        RespanDatasetCallbackHandler("d", base_url="sqlite:///:memory:", pseudonym_key="too-short")

    assert "too-short" not in str(caught.value)
