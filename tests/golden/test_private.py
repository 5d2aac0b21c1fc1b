"""Private words, from every place that a row can come from: what of them is ever written down.

Everything runs through the real handler to a platform in a file; then the bytes of all files, and
the log, are searched.
"""

import hashlib
import logging
import re

import pytest
from golden.everywhere import CONTENT, CONTEXT, everything

from respan_langchain import TraceTimeouts

PLACES = (*CONTENT, *CONTEXT)


def digest(*parts):
    """Letters and digits that stand nowhere else."""
    return hashlib.sha256("/".join(parts).encode()).hexdigest()


KINDS = {
    "openai": "sk-" + "proj-%s",
    "anthropic": "sk-" + "ant-api03-%s",
    "groq": "gsk_" + "Ab3%s",
    "stripe": "sk_" + "live_%s",
    "jwt": "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0.%s",
    "private key": "-----BEGIN " + "PRIVATE KEY-----\nMIIE%s\n-----END " + "PRIVATE KEY-----",
    "url": "postgresql://ann:%s@db.example:5432/app",
    "query": "https://x.example/?access_token=%s&page=2",
    "bearer": "Authorization: Bearer %s",
    "password": 'password="%s"',
    "json": '{"api_key": "%s"}',
    "environment": "export DB_PASSWORD=%s",
}


def secret_of(place):
    return "\n".join(frame % digest(place, kind)[:40] for kind, frame in KINDS.items())


def word_of(place):
    return "zebra" + digest(place)[:20]


def number_of(place, digits):
    return f"{int(digest(place), 16) % 10**digits:0{digits}}"


def card_of(place):
    number = "4" + number_of(place, 14)
    doubled = [int(digit) * 2 for digit in number[::2]]
    total = sum(map(int, number[1::2])) + sum(map(int, "".join(map(str, doubled))))
    return f"{number}{-total % 10}"


def iban_of(place):
    account = number_of(place, 18)
    return f"DE{98 - int(account + '131400') % 97:02}{account}"


PERSONAL = {
    "email": lambda place: f"{digest(place)[:20]}@mail.example",
    "phone": lambda place: f"+41 44 {number_of(place, 7)}",
    "card": card_of,
    "iban": iban_of,
    "ip": lambda place: f"2001:db8::{digest(place)[:4]}:{digest(place)[4:8]}",
}


def person_of(place):
    return "\n".join(value_of(place) for value_of in PERSONAL.values())


def found_persons(written):
    return {
        (place, kind)
        for place in PLACES
        for kind, value_of in PERSONAL.items()
        if value_of(place).encode() in written
    }


@pytest.fixture
def run_with(make_handler, rows_of, tmp_path, caplog):
    """Runs everything, and gives all that was written anywhere, and the rows."""

    def run(said, *, may_fail=False, **options):
        caplog.set_level(logging.DEBUG)
        timeouts = TraceTimeouts(interrupted=0.0)
        handler = make_handler(
            capture=("root", "llm", "tool", "retriever", "chain"),
            timeouts=timeouts,
            **options,
        )
        given = everything({"callbacks": [handler]}, said)
        rows = rows_of(handler, may_fail=may_fail)
        for thing, before in given:
            assert thing == before
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert any(path.name.endswith("-wal") for path in files)
        written = b"\n".join(path.read_bytes() for path in files) + caplog.text.encode()
        return written + repr(handler).encode() + repr(handler.stats).encode(), rows

    return run


def found_secrets(written):
    return {
        (place, kind)
        for place in PLACES
        for kind in KINDS
        if digest(place, kind)[28:40].encode() in written
    }


def found_words(written, places=PLACES):
    return {place for place in places if word_of(place).encode() in written}


def test_without_a_redactor_every_word_of_every_place_is_found(run_with):
    written, rows = run_with(word_of, redact=None)

    assert found_words(written) == set(PLACES)
    assert len(rows) >= 30


@pytest.mark.parametrize("delivery", ["memory", "durable"])
def test_no_secret_of_any_kind_is_written_from_any_place(delivery, run_with, tmp_path):
    written, rows = run_with(secret_of, delivery=delivery, spool_dir=tmp_path / "spool")

    assert found_secrets(written) == set()
    assert len(rows) >= 30


def test_no_personal_data_of_any_kind_is_written_from_any_place(run_with, tmp_path):
    written, rows = run_with(
        person_of, redact=["secrets", "personal"], delivery="durable", spool_dir=tmp_path / "spool"
    )

    assert found_persons(written) == set()
    assert len(rows) >= 30


def test_without_content_not_one_word_of_it_is_written(run_with):
    written, rows = run_with(word_of, content=False)

    assert found_words(written, CONTENT) == set()
    assert {row["input"] for row in rows} == {""}
    assert not [row for row in rows if row.get("output") is not None]


def test_what_an_app_says_of_its_runs_is_no_content(run_with):
    written, _ = run_with(word_of, content=False)

    assert found_words(written, CONTEXT) == set(CONTEXT)


def test_a_redactor_of_ones_own_sees_every_word_of_every_place(run_with):
    written, rows = run_with(word_of, redact=lambda text: re.sub("zebra[0-9a-f]+", "[x]", text))

    assert found_words(written) == set()
    assert b"zebra" not in written
    assert len(rows) >= 30


def test_a_redactor_that_raises_costs_the_words_and_no_row(run_with):
    def failing(text):
        if "zebra" in text:
            raise ValueError(text)
        return text

    written, rows = run_with(word_of, may_fail=True, redact=failing)

    assert found_words(written) == set()
    assert b"zebra" not in written
    assert b"failing raised ValueError" in written
    assert len(rows) >= 30
    assert all(row["metadata"]["run_id"] for row in rows)
