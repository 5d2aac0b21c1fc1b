"""A whole app is replayed: agent, retriever, checkpointer, retries, approvals, side effects."""

from pathlib import Path

import pytest
from experiments.support_app import record_orders, support_app

from respan_langchain import RespanDatasetCallbackHandler, replay, scorers
from respan_langchain.client.models import Log
from respan_langchain.experiments.results import InconclusiveError, RegressionError

SCORERS = [scorers.same_answer, scorers.trajectory("strict")]
ORDERS = 445
"""400 rows can be replayed: a tenth was interrupted."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[Log]:
    """The root rows of all orders, in their order."""
    folder = tmp_path_factory.mktemp("recorded")
    platform = f"sqlite:///{folder}/platform.db"
    effects = folder / "effects"
    effects.mkdir()
    with RespanDatasetCallbackHandler(dataset="support-bot", base_url=platform) as handler:
        dataset = record_orders(ORDERS, handler, platform, effects)
        roots = [log for log in dataset if "span_parent_id" not in log.metadata]
    return sorted(roots, key=lambda log: log.custom_identifier)


def test_an_unchanged_app_shows_no_regression_and_runs_no_tool(rows, folder: Path):
    result = replay(rows[:200], support_app(folder), scorers=SCORERS)

    assert result.skipped == {"was interrupted and resumed": 20}
    assert result.statuses == {"answered": 160, "failed": 20}
    assert not any(trial.divergences or trial.unused_calls for trial in result.trials)
    assert result.verdict().outcome == "no regression"
    result.check()
    assert list(folder.iterdir()) == []


def test_exactly_the_rows_whose_call_changed_diverge_at_that_call(rows, folder):
    changed = ["12", "13", "118"]

    result = replay(rows[:200], support_app(folder, rewords=changed), scorers=SCORERS)

    diverged = [trial for trial in result.trials if trial.status == "diverged"]
    assert [trial.row_id for trial in diverged] == [
        rows[int(order)].custom_identifier for order in changed
    ]
    assert [str(*trial.divergences) for trial in diverged] == [
        f"find_order({{'order': '#{order}'}}) was not recorded;"
        f" nearest: find_order({{'order': '{order}'}})"
        for order in changed
    ]
    assert list(folder.iterdir()) == []


def test_answers_that_are_worse_in_a_twentieth_are_found_with_400_rows_not_with_40(rows, folder):
    worse = support_app(folder, forgets=[str(order) for order in range(0, ORDERS, 20)])

    many = replay(rows, worse, scorers=[scorers.same_answer], limit=400)
    few = replay(rows, worse, scorers=[scorers.same_answer], limit=40)

    assert (len(many.rows), len(few.rows)) == (400, 40)
    with pytest.raises(RegressionError, match="regression in same_answer"):
        many.check()
    with pytest.raises(InconclusiveError, match="too few rows"):
        few.check()


def test_the_ratio_of_costs_of_a_cheaper_model_is_within_its_interval(rows, folder):
    result = replay(rows[:200], support_app(folder, tokens=40), scorers=[])

    [cost] = [metric for metric in result.verdict().metrics if metric.name == "cost"]
    ratio = (40 * 0.15 + 10 * 0.6) / (100 * 0.15 + 10 * 0.6)
    assert cost.has_improved
    assert cost.comparison.low - 1e-9 <= ratio <= cost.comparison.high + 1e-9
