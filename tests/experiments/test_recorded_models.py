"""Recorded models: model calls are answered from the row, and a changed prompt is a divergence."""

import asyncio
import threading

import pytest
from experiments.apps import ShopModel, question, shop, wait_for_trials
from langchain_core.caches import InMemoryCache
from langchain_core.globals import get_llm_cache, set_llm_cache
from langchain_core.language_models import FakeListLLM, GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda

from respan_langchain import ConfigurationError, Dataset, replay, scorers

SCORERS = [scorers.same_answer, scorers.trajectory("strict")]


class CountedModel(ShopModel):
    """Counts the calls that reach the model, and fails for order 13."""

    made: list[str] = []  # noqa: RUF012  # pydantic copies it

    def _generate(self, messages, *args, **options):
        self.made.append(str(messages[-1].content))
        if "order 13" in str(messages[-1].content):
            raise TimeoutError("the model took too long")
        return super()._generate(messages, *args, **options)


@pytest.fixture
def model():
    return CountedModel(made=[])


@pytest.fixture
def capture(make_handler, platform, model):
    """Runs a chain on each input, and returns the rows; the model has then made no calls."""

    def run(chain, inputs):
        handler = make_handler()
        for each in inputs:
            try:
                chain.invoke(each, {"callbacks": [handler]})
            except TimeoutError:
                continue
        assert handler.flush(timeout=30)
        model.made.clear()
        return Dataset.open("support-bot", base_url=platform)

    return run


def test_an_agent_gets_its_recorded_answers_and_no_model_runs(recorded, folder):
    # The model would now answer every order without a tool.
    changed = shop(folder, forgets=[str(order) for order in range(30)])

    result = replay(recorded(30), changed, models="recorded", scorers=SCORERS)

    assert result.statuses == {"answered": 27, "failed": 3}
    assert {value for trial in result.trials for value in trial.scores.values()} == {1.0}
    assert not any(trial.divergences or trial.unused_calls for trial in result.trials)
    assert "cost" not in {metric.name for metric in result.verdict().metrics}
    assert get_llm_cache() is None


def test_a_row_that_was_given_up_calls_no_model_after_the_replay(capture, model):
    rows = capture(RunnableLambda(model.invoke), ["Where is order 1"])
    released, answers = threading.Event(), []

    def ask_late(text):
        released.wait(30)
        answers.append(model.invoke(text).content)

    result = replay(rows, ask_late, models="recorded", timeout=0.2)
    released.set()
    wait_for_trials()

    assert result.statuses == {"timed out": 1}
    assert len(answers) == 1
    assert model.made == []
    assert get_llm_cache() is None


def test_a_changed_prompt_is_shown_word_by_word_and_no_model_runs(capture, model):
    def ask(greeting):
        return RunnableLambda(lambda text: [("system", greeting), ("user", text)]) | model

    rows = capture(ask("You are a kind assistant"), ["Where is order 1"])

    result = replay(rows, ask("You are a terse assistant"), models="recorded")

    [trial] = result.trials
    assert trial.status == "diverged"
    [divergence] = trial.divergences
    assert divergence.startswith("the prompt differs from the recorded one in message 1:")
    assert divergence.endswith("You are a [-kind-]{+terse+} assistant")
    assert trial.unused_calls == ("model user: Where is order 1",)
    assert model.made == []


def test_a_call_more_than_was_recorded_is_a_divergence(capture, model):
    def twice(text):
        model.invoke(text)
        return model.invoke(text)

    rows = capture(RunnableLambda(model.invoke), ["Where is order 1"])

    [trial] = replay(rows, twice, models="recorded").trials

    assert trial.divergences == ("a model call more than was recorded: user: Where is order 1",)
    assert model.made == []


def test_a_bare_stream_is_reported_because_it_asks_no_cache(capture):
    streamed = GenericFakeChatModel(messages=iter(["one", "two"]))

    def stream(text):
        return "".join(str(chunk.content) for chunk in streamed.stream(text))

    rows = capture(RunnableLambda(stream), ["count"])

    [trial] = replay(rows, stream, models="recorded").trials

    assert trial.status == "diverged"
    assert "model calls that ran for real: 1;" in trial.divergences[0]
    assert "bare `stream`" in trial.divergences[0]


def test_a_model_without_a_cache_is_reported(capture, model):
    rows = capture(RunnableLambda(model.invoke), ["Where is order 1"])
    uncached = model.model_copy(update={"cache": False})

    [trial] = replay(rows, RunnableLambda(uncached.invoke), models="recorded").trials

    assert trial.status == "diverged"
    assert "`cache=False`" in trial.divergences[0]


def test_a_recorded_error_of_a_model_is_raised_again(capture, model):
    chain = RunnableLambda(model.invoke)
    rows = capture(chain, ["Where is order 13"])

    [trial] = replay(rows, chain, models="recorded").trials

    assert (trial.status, trial.error) == ("failed", "TimeoutError: the model took too long")
    assert model.made == []


def test_equal_prompts_are_answered_in_recorded_order(capture):
    chain = RunnableLambda(lambda text: [counting.invoke(text) for _ in range(3)])
    counting = FakeListLLM(responses=["one", "two", "three"])
    rows = capture(chain, ["count"])
    counting = FakeListLLM(responses=["other"])

    [trial] = replay(rows, chain, models="recorded").trials

    assert (trial.status, trial.output) == ("answered", ["one", "two", "three"])


def test_async_calls_are_answered_too(capture, model):
    rows = capture(RunnableLambda(model.invoke), ["Where is order 1"])

    def ask(text):
        return asyncio.run(model.ainvoke(text))

    [trial] = replay(rows, ask, models="recorded").trials

    assert trial.scores == {"same_answer": 1.0}
    assert model.made == []


@pytest.fixture
def own_cache():
    cache = InMemoryCache()
    set_llm_cache(cache)
    yield cache
    set_llm_cache(None)


def test_calls_beside_a_replay_use_the_cache_of_the_app(capture, model, own_cache):
    chain = RunnableLambda(model.invoke)
    rows = capture(chain, ["Where is order 1"])
    beside = []

    def production(trial, left):
        beside.extend(model.invoke("Where is order 2") for _ in range(2))
        beside.append(asyncio.run(model.ainvoke("Where is order 3")))
        beside.append(asyncio.run(model.ainvoke("Where is order 3")))

    result = replay(rows, chain, models="recorded", on_trial=production)

    assert result.statuses == {"answered": 1}
    assert all(isinstance(answer, AIMessage) for answer in beside)
    assert model.made == ["Where is order 2", "Where is order 3"]
    assert get_llm_cache() is own_cache


def test_rows_whose_model_calls_were_not_captured_are_skipped(make_handler, platform, folder):
    handler = make_handler(capture=("root",))
    shop(folder).invoke(question(1), {"callbacks": [handler]})
    handler.flush()

    with pytest.raises(ConfigurationError, match="1 model calls were not captured"):
        replay(Dataset.open("support-bot", base_url=platform), shop(folder), models="recorded")


def test_rows_of_a_bare_completion_model_are_skipped(capture):
    completion = FakeListLLM(responses=["one"])
    rows = capture(completion, ["count"])

    with pytest.raises(ConfigurationError, match="1 a completion model without a chain"):
        replay(rows, completion, models="recorded")


def test_rows_with_a_redacted_prompt_are_skipped(capture, model):
    key = "sk-proj-" + "a1B2" * 12
    chain = RunnableLambda(lambda text: model.invoke(f"{key} {text}"))
    rows = capture(chain, ["Where is order 1"])

    with pytest.raises(ConfigurationError, match="a model's input was redacted"):
        replay(rows, chain, models="recorded")
