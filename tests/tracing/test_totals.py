"""The sums of a trace: what each call adds costs the same, however many came before it."""

import time

from respan_langchain.tracing.totals import Step, Totals

MANY = 10_000
"""Copies of what there is at each call would take 10 s, what is added alone 0.1 s."""


def test_tools_and_documents_cost_the_same_however_many_there_are():
    totals, began = Totals(), time.thread_time()

    for number in range(MANY):
        totals.add_step(Step("search", (0.0, number), lambda: {"tool": "search"}), None)
        totals.add_query(number, {"name": "manual"})
        totals.add_documents(number, [{"page_content": "Free."}] * 4)
    totals.show_steps()

    assert time.thread_time() - began < 2.0
    assert len(totals.take_new_content()) == MANY * 6
    assert not totals.take_new_content()
