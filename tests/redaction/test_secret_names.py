"""A secret's name hides its value, as the key of a dict and before `=` in text."""

import json

import pytest

from respan_langchain.redaction.secret_names import NAMES, get_confidence
from respan_langchain.redaction.secrets import redact_secrets
from respan_langchain.rows.encoder import RowEncoder

VALUE = "Ab3dEf6hIj9lMn2pQr5t"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("joint", ["", "_", "-"])
def test_a_value_is_hidden_by_its_name_in_a_dict_and_in_text(name, joint):
    spelled = joint.join(name.split())
    row = {"input": {spelled: VALUE}, "metadata": {}, "metrics": {}}

    body = json.loads(RowEncoder().encode(row))

    assert VALUE not in json.dumps(body)
    assert VALUE not in redact_secrets(f'{{"{spelled}": "{VALUE}"}}')


@pytest.mark.parametrize("name", ["tokenizer", "page_token", "secretary", "forgotten_passwords"])
def test_a_name_that_only_contains_such_a_word_names_no_secret(name):
    assert get_confidence(name) is None
