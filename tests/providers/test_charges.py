"""Fees, tiers, refusals and cut-offs of every API, asked in every way: the cost and the facts."""

import asyncio

import pytest
from providers import anthropic_charges, google_charges, openai_charges, other_charges
from providers.test_rows import drained

# The packages warn about each other, about the years to come, and about blocks of their own.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:\\s*Warning. Output may vary:UserWarning"),
    pytest.mark.filterwarnings("ignore:Received unexpected tool content block:UserWarning"),
]

CHARGES = [
    *openai_charges.CHARGES,
    *anthropic_charges.CHARGES,
    *google_charges.CHARGES,
    *other_charges.CHARGES,
]
WAYS = {
    "invoke": lambda model, prompt, config: model.invoke(prompt, config),
    "ainvoke": lambda model, prompt, config: asyncio.run(model.ainvoke(prompt, config)),
    "stream": lambda model, prompt, config: list(model.stream(prompt, config)),
    "astream": lambda model, prompt, config: asyncio.run(drained(model.astream(prompt, config))),
    "batch": lambda model, prompt, config: model.batch([prompt] * 2, config),
}


@pytest.mark.parametrize("charge", CHARGES, ids=lambda charge: charge.name)
def test_what_is_charged_is_in_the_cost_or_the_cost_is_partial(
    charge, server, make_handler, rows_of
):
    server.answer = charge.answer
    handler, model = make_handler(prices=charge.prices), charge.model(server.url)

    for way, ask in WAYS.items():
        ask(model, charge.prompt, {"callbacks": [handler], "run_name": way})

    rows = rows_of(handler)
    assert len(rows) == len(WAYS) + 1
    for row in rows:
        way, metadata = row["metadata"]["span_name"], row["metadata"]
        expected = {"cost": charge.cost, "cost_status": charge.status, **charge.facts}
        if "stream" in way:
            expected |= charge.streamed
        cost = expected.pop("cost")
        if cost is not None or expected["cost_status"] == "unknown":
            assert (way, row["metrics"].get("cost")) == (way, cost and float(cost))
        assert (way, {name: metadata.get(name) for name in expected}) == (way, expected)
