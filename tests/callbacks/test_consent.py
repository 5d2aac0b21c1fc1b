"""`consent=`: a trace is captured only if the function agrees, whatever else selects it."""

import pytest
from langchain_core.runnables import RunnableLambda
from support.graphs import ASKED, agent

from respan_langchain import ConfigurationError, RespanDatasetCallbackHandler
from respan_langchain.rules import Rules, everything, keep


def ask(handler, **metadata):
    agent().invoke(ASKED, {"callbacks": [handler], "metadata": metadata})


def agreed(run):
    return run.metadata.get("agreed") is True


@pytest.mark.parametrize(
    "options",
    [{}, {"sample_rate": 0.5}, {"rules": Rules(keep(everything))}],
    ids=["all", "sampled", "rules"],
)
def test_only_traces_with_consent_are_captured(options, make_handler, rows_of):
    handler = make_handler(consent=agreed, **options)
    for number in range(10):
        ask(handler, agreed=True, thread_id=f"yes-{number}")
        ask(handler, agreed=False, thread_id=f"no-{number}")
        ask(handler, thread_id=f"unknown-{number}")

    threads = {row["metadata"]["thread_identifier"] for row in rows_of(handler)}
    assert threads
    assert all(thread.startswith("yes") for thread in threads)
    assert len(threads) == 10 or "sample_rate" in options


def test_failed_traces_need_consent_too(make_handler, rows_of):
    handler = make_handler(consent=agreed, sample_rate=0.0)
    for metadata in ({}, {"agreed": True}):
        with pytest.raises(ZeroDivisionError):
            RunnableLambda(lambda _: 1 / 0).invoke(
                1, {"callbacks": [handler], "metadata": metadata}
            )

    [row] = rows_of(handler)
    assert row["metadata"]["agreed"] is True


def test_consent_is_asked_once_for_a_trace_with_its_root(make_handler, rows_of):
    asked = []

    def consent(run):
        asked.append((run.name, run.is_root, run.inputs))
        return True

    handler = make_handler(consent=consent, capture=["root", "llm", "tool", "chain"])
    ask(handler)

    assert len(rows_of(handler)) > 3
    [(_, is_root, inputs)] = asked
    assert is_root
    assert inputs


def raising(run):
    raise KeyError(run.metadata)


async def waiting(run):
    return True


@pytest.mark.filterwarnings("ignore:coroutine 'waiting' was never awaited")
@pytest.mark.parametrize(
    ("consent", "problem"),
    [
        (raising, "raised KeyError"),
        (waiting, "returned coroutine"),
        (lambda run: "yes", "returned str"),
        (lambda run: None, "returned NoneType"),
    ],
    ids=["raising", "async", "text", "nothing"],
)
def test_a_function_that_fails_gives_no_consent(consent, problem, make_handler, rows_of, caplog):
    handler = make_handler(consent=consent)
    ask(handler, note="do not log this")

    assert rows_of(handler, may_fail=True) == []
    [cause] = handler.stats.internal_errors
    assert cause.startswith("consent: ")
    assert cause.endswith(problem)
    assert handler.stats.internal_errors[cause] == 1
    assert "do not log this" not in caplog.text
    assert handler.stats.captured == 0


def test_consent_that_is_no_function_is_refused():
    with pytest.raises(ConfigurationError, match="consent: expected a function of a run"):
        RespanDatasetCallbackHandler("d", base_url="sqlite:///:memory:", consent=True)
