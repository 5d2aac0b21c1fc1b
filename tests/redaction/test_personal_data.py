"""Personal data of every kind, in every place, leaves no trace; what resembles it stays."""

import json
import random
import time
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool

from respan_langchain.redaction.personal_data import KINDS
from respan_langchain.redaction.personal_search import PersonalDataSearch
from respan_langchain.rows.encoder import RowEncoder

PERSONAL = {
    "email": [
        "ann.lee@mail.example",
        "Ann+news@sub.mail.example.co.uk",
        "o_brien-7@x-y.example",
        "jürgen@müller.example",
        "ann%40mail.example",
        "a@b.ch",
        "ann@163.com",
        "ann@xn--bcher-kva.xn--p1ai",
    ],
    "phone": [
        "+41 44 668 18 00",
        "+1 (415) 555-2671",
        "+14155552671",
        "+44 (0)20 7946 0958",
        "+49 30/12345678",
        "%2B41446681800",
        "0041 44 668 18 00",
        "(415) 555-2671",
        "415-555-2671",
        "415.555.2671",
        "06 12 34 56 78",
        "020 7946 0958",
        "044 668 18 00",
        "089/1234567",
        "03-1234-5678",
        "090-1234-5678",
    ],
    "card": [
        "4242424242424242",
        "4242 4242 4242 4242",
        "5555-5555-5555-4444",
        "2223003122003222",
        "378282246310005",
        "3782 822463 10005",
        "6011111111111117",
        "3566002020360505",
        "30569309025904",
        "6205500000000000004",
    ],
    "iban": [
        "DE89370400440532013000",
        "DE89 3704 0044 0532 0130 00",
        "GB82 WEST 1234 5698 7654 32",
        "CH93 0076 2011 6238 5295 7",
        "FR14 2004 1010 0505 0001 3M02 606",
        "NO93 8601 1117 947",
        "nl91abna0417164300",
    ],
    "ip": [
        "203.0.113.7",
        "10.1.2.3",
        "2001:db8::8a2e:370:7334",
        "2001:0db8:85a3:0000:0000:8a2e:0370:7334",
        "fe80::1",
        "::ffff:203.0.113.7",
    ],
}
SAMPLES = [(kind, value) for kind, values in PERSONAL.items() for value in values]
FRAMES = [
    "%s",
    "Write to %s, please.",
    "It is %s.",
    "(%s)",
    '"%s"',
    "<%s>",
    "first line\n%s\nlast line",
    '{"said": "a\\n%s\\nb"}',
    '{"said": "\\u201c%s\\u201d"}',
    "contact=%s&page=2",
    "https://x.example/?q=%s",
    "%s, %s",
    "連絡先は%sです",
    "«%s»",
]


def filled(frame, value):
    return frame.replace("%s", value)


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize(("kind", "value"), SAMPLES)
def test_personal_data_in_a_text_is_replaced_and_nothing_else(kind, value, frame):
    search = PersonalDataSearch([kind])

    assert search.may_match(filled(frame, value))
    assert search.redact(filled(frame, value)) == filled(frame, f"[redacted:{kind}]")


@pytest.mark.parametrize(
    "text",
    ["Phone: 4155552671", "tel:4155552671", '{"phone": "4155552671"}', "mobile no. 079 1234567"],
)
def test_a_number_after_the_word_phone_is_redacted(text):
    redacted = PersonalDataSearch(["phone"]).redact(text)

    assert "[redacted:phone]" in redacted
    assert not any(map(str.isdigit, redacted))


LOOK_ALIKES = [
    "version 1.2.3.4", "v1.2.3.4", "Version: 1.2.3.4", "numpy==1.26.4.1", "Chrome/120.0.0.0",
    "section 4.2.1.3", "1.2.3.4.5", "1.3.6.1.4.1", "127.0.0.1", "0.0.0.0",  # noqa: S104  # a sample
    "255.255.255.0",
    "1.2.3.4-beta", "300.1.2.3", "::1", "std::string s = a::b;", "Foo::Bar::baz1", "12:30:45",
    "2026-11-23T12:00:00+01:00", "00:1b:44:11:3a:b7", "aa:bb:cc:dd:ee:ff:00:11",
    str(uuid.UUID(int=2**127 + 12345)), "41111111-1111-4111-8111-111111111111",
    "git@github.com:owner/name.git", "react@18.2.0", "actions/checkout@v4.1.x", "icon@2x.png",
    "@app.route('/')", "y = x@self.weight", "q@k.transpose(1)", "ann@localhost",
    "https://ann@x.example/", "postgresql://app@db.example:5432/app", "@ann said so",
    "order 1234-5678-9012", "order 4242424242424242", "Invoice no. 4242 4242 4242 4242",
    "4242 4242 4242 4241", "1234567812345670", "0000000000000000", "0.4242424242424242",
    "1732363200", "1732363200000", "1732363200000000000", "2026-11-23", "23.11.2026",
    "23/11/2026 10:15", "2026-11-23 10:15:30", "20261123-101530", "INV-2026-000123", "#0012345678",
    "ISBN 978-3-16-148410-0", "0123-4567-890", "01-02-2024", "00 01 02 03 04 05 06 07",
    "+5 %", "1+2345678",
    "max_tokens=100000", "DE89 3704 0044 0532 0130 01", "AB12CD34EF56AB12CD34",
    "9f2f1f8a1b2c3d4e5f60718293a4b5c6d7e8f901", "3.141592653589793", "1,234,567,890",
    "1 234 567 890",
    "call_Jja7J89XsjrOLA5rMEOW", "gpt-4o-mini-2024-07-18", "[0.0123, -0.4567, 0.8901]",
    "x" * 5_000, "1" * 5_000, "1 " * 2_500, "a@" * 2_500, ":" * 5_000, "1." * 2_500,
]  # fmt: skip


@pytest.mark.parametrize("text", LOOK_ALIKES, ids=lambda text: text[:40])
def test_text_that_only_resembles_personal_data_stays(text):
    row = {"input": {"text": text, "note": f"It is {text}, no?"}, "metadata": {}, "metrics": {}}

    encoded = RowEncoder(secrets=False, personal=PersonalDataSearch(KINDS)).encode(row)

    assert json.loads(encoded) == row


def made_texts(chance, count):
    """Texts with numbers, names and code as apps have them, without personal data."""
    makers = [
        lambda: str(uuid.UUID(int=chance.getrandbits(128), version=4)),
        lambda: f"{chance.getrandbits(160):040x}",
        lambda: f"{chance.getrandbits(256):064x}",
        lambda: f"order {chance.randrange(10**5, 10**16)}",
        lambda: f"#{chance.randrange(10**4, 10**9)}",
        lambda: f"INV-{chance.randrange(2020, 2027)}-{chance.randrange(10**6):06}",
        lambda: str(chance.randrange(10**9, 2 * 10**9)),
        lambda: str(chance.randrange(10**12, 2 * 10**12)),
        lambda: str(chance.randrange(10**18, 2 * 10**18)),
        lambda: f"{chance.random()}",
        lambda: f"[{chance.uniform(-1, 1):.6f}, {chance.uniform(-1, 1):.6f}]",
        lambda: (
            f"2026-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}"
            f"T{chance.randrange(24):02}:{chance.randrange(60):02}:00Z"
        ),
        lambda: (
            f"{chance.randrange(1, 29):02}.{chance.randrange(1, 13):02}.2026 "
            f"{chance.randrange(24):02}:{chance.randrange(60):02}"
        ),
        lambda: ".".join(str(chance.randrange(40)) for _ in range(3)),
        lambda: f"version {'.'.join(str(chance.randrange(40)) for _ in range(4))}",
        lambda: f"{chance.randrange(10**6):,} units at {chance.uniform(1, 900):.2f} USD",
        lambda: f"lib{chance.randrange(99)}::call(x{chance.randrange(99)})",
        lambda: f"a{chance.randrange(99)}@b[{chance.randrange(99)}]",
        lambda: ":".join(f"{chance.getrandbits(8):02x}" for _ in range(6)),
        lambda: f"{chance.randrange(100, 999)} {chance.randrange(100, 999)}",
    ]
    return [f"See {makers[number % len(makers)]()} for it" for number in range(count)]


def test_fewer_than_one_in_a_thousand_look_alikes_is_redacted():
    search = PersonalDataSearch(KINDS)
    texts = made_texts(random.Random(7), 40_000)  # noqa: S311  # a corpus

    wrong = [text for text in texts if search.may_match(text)]

    assert len(wrong) < len(texts) / 1_000, wrong[:20]


class Failing(BaseRetriever):
    text: str

    def _get_relevant_documents(self, query, *, run_manager):
        raise LookupError(f"nothing for {self.text}")


class Finding(BaseRetriever):
    text: str

    def _get_relevant_documents(self, query, *, run_manager):
        return [Document(f"It says {self.text}.", metadata={"source": self.text})]


@tool
def look_up(person: dict) -> dict:
    """Look a person up."""
    return {"found": person}


def called(text):
    calls = [{"name": "look_up", "args": {"person": {"at": text}}, "id": "c"}]
    return GenericFakeChatModel(messages=iter([AIMessage("", tool_calls=calls)]))


def answering(text):
    return GenericFakeChatModel(messages=iter([AIMessage(f"It is {text} .")]))


def use_everywhere(text, config):
    """Run LangChain with the text in each place of a row."""
    answering("so").invoke([HumanMessage(f"I am {text}")], config)
    called(text).invoke("Who?", config)
    RunnableLambda(lambda given: look_up.invoke({"person": given})).invoke({"at": text}, config)
    list(answering(text).stream("Who?", config))
    Finding(text=text).invoke(text, config)
    with pytest.raises(LookupError):
        Failing(text=text).invoke("q", config)
    RunnableLambda(lambda given: given).invoke({text: [{text: 1}]}, config)
    RunnableLambda(lambda given: given).invoke(f"https://x.example/?q={text}&page=2", config)
    RunnableLambda(lambda given: given).invoke("word " * 2_000 + text + " word" * 2_000, config)
    more = {"note": {"deep": [text]}, text: 1}
    RunnableLambda(str).invoke("q", {**config, "metadata": more, "tags": [text]})


@pytest.mark.parametrize("preset", ["personal", "itself"])
@pytest.mark.parametrize("kind", KINDS)
def test_no_personal_data_from_anywhere_is_sent_written_logged_or_shown(
    kind, preset, make_handler, caplog, tmp_path
):
    caplog.set_level("DEBUG", "respan_langchain")
    bodies = []
    handler = make_handler(
        redact=["secrets", kind if preset == "itself" else preset],
        capture=["root", "llm", "tool", "retriever"],
        on_row=bodies.append,
        delivery="durable",
        spool_dir=tmp_path / "spool",
    )
    for text in PERSONAL[kind]:
        use_everywhere(text, {"callbacks": [handler]})

    result = handler.flush(timeout=30)
    assert result
    sent = "\n".join(json.dumps(json.loads(body), ensure_ascii=False) for body in bodies)
    shown = f"{handler!r} {handler.stats!r} {result!r} {handler.row_status('x')!r} {caplog.text}"
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.parent.name for path in files} > {tmp_path.name}
    written = b"".join(path.read_bytes() for path in files)
    assert not [text for text in PERSONAL[kind] if text in sent or text in shown]
    assert not [text for text in PERSONAL[kind] if text.encode() in written]
    assert sent.count(f"[redacted:{kind}]") > 10 * len(PERSONAL[kind])
    assert handler.stats.internal_errors == {}


def test_only_the_kinds_that_are_named_are_redacted(make_handler):
    bodies = []
    handler = make_handler(redact="email", on_row=bodies.append)
    RunnableLambda(str).invoke("a@b.ch at 203.0.113.7", {"callbacks": [handler]})

    assert handler.flush(timeout=20)
    assert json.loads(bodies[0])["input"] == "[redacted:email] at 203.0.113.7"


def test_personal_data_stays_by_default(make_handler):
    bodies = []
    handler = make_handler(on_row=bodies.append)
    RunnableLambda(str).invoke("a@b.ch at 203.0.113.7", {"callbacks": [handler]})

    assert handler.flush(timeout=20)
    assert json.loads(bodies[0])["input"] == "a@b.ch at 203.0.113.7"


@given(st.text(st.sampled_from("ab@.%40:+- 1234567890DEfx\\nu\n"), max_size=200))
@settings(deadline=None)
def test_a_redacted_text_of_any_characters_has_no_personal_data(text):
    search = PersonalDataSearch(KINDS)
    once = search.redact(text)

    assert search.redact(once) == once
    assert search.may_match(text) == (once != text)


@pytest.mark.parametrize(
    "piece",
    ["a@b.", "a@", "1 ", "1.", "+1", "4242 ", "DE89", "0 1", "a:", "1:", "::", "tel 1", "(4"],
)
def test_adversarial_texts_are_not_slow(piece):
    text = piece * (100_000 // len(piece))

    started = time.process_time()
    PersonalDataSearch(KINDS).redact(text)

    # Quadratic behaviour would take minutes.
    assert time.process_time() - started < 20
