"""Reasons of dropped rows: codes for programs, words for people, and a table in the documents."""

import re
from pathlib import Path
from typing import get_args

from respan_langchain.delivery.drop_reasons import DROP_REASONS, DropReason, describe_drop

DELIVERY = Path(__file__).parents[2] / "docs" / "delivery.md"


def test_every_reason_has_words():
    assert set(DROP_REASONS) == set(get_args(DropReason))


def test_the_documents_explain_every_reason():
    section = DELIVERY.read_text().partition("## Why rows are dropped")[2].partition("\n## ")[0]

    assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == set(DROP_REASONS)


def test_a_code_is_described_and_other_text_is_kept():
    assert describe_drop("queue_rows") == "the queue is full (max_queue_rows)"
    assert describe_drop("the worker was closed") == "the worker was closed"
