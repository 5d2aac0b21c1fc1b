"""Personal data that is no text by itself: JSON numbers, and strings below a key such as phone."""

import json
import random
import uuid

import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda

from respan_langchain.redaction.personal_data import KINDS
from respan_langchain.redaction.personal_search import PersonalDataSearch
from respan_langchain.rows.encoder import RowEncoder

CARD, PHONE = "[redacted:card]", "[redacted:phone]"


def encoded(content):
    row = {"input": content, "metadata": {}, "metrics": {}}
    return json.loads(RowEncoder(secrets=False, personal=PersonalDataSearch(KINDS)).encode(row))[
        "input"
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (4242424242424242, CARD),
        ({"card": 4242424242424242}, {"card": CARD}),
        ({"card": 4242424242424242.0}, {"card": CARD}),
        ({"pan": {"number": 378282246310005}}, {"pan": {"number": CARD}}),
        ({"cards": [4242424242424242, 12]}, {"cards": [CARD, 12]}),
        ([[4242424242424242]], [[CARD]]),
        ({"phone": 4155552671}, {"phone": PHONE}),
        ({"customerPhone": 41446681800}, {"customerPhone": PHONE}),
        ({"home_phone_number": 41446681800}, {"home_phone_number": PHONE}),
        ({"phones": [4155552671, 41446681800]}, {"phones": [PHONE, PHONE]}),
        ({"phone2": 4155552671}, {"phone2": PHONE}),
        ({"msisdn": 41446681800}, {"msisdn": PHONE}),
        ({"phone": "4155552671"}, {"phone": PHONE}),
        ({"mobile": "079 1234567"}, {"mobile": PHONE}),
        ({"arguments": '{"phone":4155552671}'}, {"arguments": f'{{"phone":"{PHONE}"}}'}),
        ({"arguments": '{"cards":[4242424242424242]}'}, {"arguments": f'{{"cards":["{CARD}"]}}'}),
    ],
    ids=str,
)
def test_a_number_that_is_personal_data_is_replaced(content, expected):
    assert encoded(content) == expected


@pytest.mark.parametrize(
    "content",
    [
        {"id": 4242424242424242},
        {"userId": 4242424242424242},
        {"order_id": 4242424242424242},
        {"order": 4242424242424242},
        {"seed": 4242424242424242},
        {"created_at": 4242424242424242},
        {"timestamp": 1732363200000},
        {"total": 4155552671},
        {"card": 4242424242424241},
        {"card": -4242424242424242},
        {"phone": 12},
        {"phone": True},
        {"phone": "ring twice"},
        {"phones": 1234567.5},
        {"arguments": '{"total": 4155552671}'},
    ],
    ids=str,
)
def test_a_number_that_only_resembles_personal_data_stays(content):
    assert encoded(content) == content


def test_fewer_than_one_number_in_a_thousand_is_redacted():
    chance = random.Random(11)  # noqa: S311  # a corpus
    makers = {
        "id": lambda: chance.randrange(10**5, 10**16),
        "user_id": lambda: chance.randrange(10**14, 10**16),
        "tweetId": lambda: chance.randrange(10**17, 2 * 10**18),
        "created": lambda: chance.randrange(10**9, 2 * 10**9),
        "updated_ms": lambda: chance.randrange(10**12, 2 * 10**12),
        "updated_ns": lambda: chance.randrange(10**18, 2 * 10**18),
        "size": lambda: chance.randrange(10**11),
        "amount": lambda: round(chance.uniform(0, 10**7), 2),
        "hash": lambda: chance.getrandbits(63),
        "trace": lambda: uuid.UUID(int=chance.getrandbits(128)).int,
    }
    rows = [{name: make() for name, make in makers.items()} for _ in range(2_000)]

    wrong = [shown for shown in encoded(rows) if PHONE in str(shown) or CARD in str(shown)]

    assert len(wrong) < len(rows) * len(makers) / 1_000, wrong[:20]


def test_numbers_of_tools_and_state_are_redacted(make_handler):
    bodies = []
    handler = make_handler(redact="personal", on_row=bodies.append)
    person = {"phone": 4155552671, "card": 4242424242424242}
    calls = [{"name": "pay", "args": person, "id": "c"}]
    config = {"callbacks": [handler], "metadata": person}
    GenericFakeChatModel(messages=iter([AIMessage("", tool_calls=calls)])).invoke("Pay", config)
    RunnableLambda(lambda given: given).invoke(person, config)

    assert handler.flush(timeout=20)
    sent = b"".join(bodies)
    assert b"4155552671" not in sent
    assert b"4242424242424242" not in sent
