"""A pytest plugin: a test for each row of `respan.lock`, with tools answered from the recording.

    @pytest.mark.respan_rows("support-bot")
    def test_support(respan_replay):
        respan_replay(chain)

Collection reads only the lock file; a row is fetched when its test runs. Slow modules are
imported in the fixtures, so that a project without such tests pays nothing. With pytest-xdist the
scores reach the controller in the test reports, and it writes the lock.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from respan_langchain.datasets.dataset import Dataset
    from respan_langchain.experiments.lock import Lock
    from respan_langchain.experiments.recorded_rows import RecordedRow
    from respan_langchain.experiments.results import Trial

MARKER: Final = "respan_rows"
ROW_PROPERTY: Final = "respan_row"
SCORE_PREFIX: Final = "respan_score."
"""Prefix of the user properties in which a test reports its scores; JUnit files show them."""
_LOCK: Final = pytest.StashKey["Lock"]()
_DATASET: Final = pytest.StashKey["Dataset"]()

Replay = Callable[..., "Trial"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("respan", "tests over rows of a Respan dataset")
    group.addoption("--respan-lock", metavar="PATH", default="respan.lock", help="the lock file")
    group.addoption(
        "--respan-accept", action="store_true", help="write the scores of this run to the lock file"
    )
    for name, who, default in [
        ("tools", "tools and retrievers", "recorded"),
        ("models", "models", "live"),
    ]:
        group.addoption(
            f"--respan-{name}",
            choices=("recorded", "live"),
            default=default,
            help=f"where {who} get their answers (default: {default})",
        )
    group.addoption(
        "--respan-repeat", type=int, default=1, metavar="N", help="runs of each row (default: 1)"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Describe the marker."""
    config.addinivalue_line(
        "markers", f"{MARKER}(dataset, limit=None): run the test for each row of the lock file"
    )
    if config.getoption("--respan-accept"):
        config.pluginmanager.register(ScoreCollector(), "respan_score_collector")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Close the connections."""
    if _DATASET in config.stash:
        config.stash[_DATASET].close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of each locked row."""
    marker = metafunc.definition.get_closest_marker(MARKER)
    if marker is None:
        return
    name = marker.args[0] if marker.args else marker.kwargs.get("dataset")
    lock = _read_lock(metafunc.config)
    if name not in (lock.dataset, lock.dataset_id):
        raise pytest.UsageError(
            f"{MARKER}({name!r}): the lock file is of {lock.dataset!r};"
            f" run `respan-langchain lock {name}`"
        )
    if "respan_row" not in metafunc.fixturenames:
        metafunc.fixturenames.append("respan_row")
    ids = list(lock.rows)[: marker.kwargs.get("limit")]
    metafunc.parametrize("respan_row", ids, indirect=True, ids=ids)


@pytest.fixture
def respan_row(request: pytest.FixtureRequest) -> "RecordedRow":
    """Return the recorded row of this test."""
    from respan_langchain.client.filters import field
    from respan_langchain.experiments.recorded_rows import read_row

    dataset = _open_dataset(request.config)
    found = dataset.where(field("custom_identifier") == request.param)
    row = next((read_row(log) for log in found), None)
    if row is None:
        pytest.fail(f"row {request.param} is not in {dataset.name}; run `respan-langchain lock`")
    return row


@pytest.fixture
def respan_replay(request: pytest.FixtureRequest, respan_row: "RecordedRow") -> Replay:
    """Return a function that runs a chain on the row of this test.

    The test fails if a score is below the accepted one.
    """

    def run(chain: Any, scorers: Any = None, **options: Any) -> "Trial":
        __tracebackhide__ = True
        from respan_langchain.experiments.replay import replay_row
        from respan_langchain.experiments.scorers import same_answer

        for name in ("tools", "models", "repeat"):
            options.setdefault(name, request.config.getoption(f"--respan-{name}"))
        is_recorded = options["models"] == "recorded"
        row = _with_model_calls(request.config, respan_row) if is_recorded else respan_row
        chosen = [same_answer] if scorers is None else scorers
        trial = replay_row(row, chain, scorers=chosen, **options)
        request.node.user_properties.append((ROW_PROPERTY, respan_row.id))
        for name, score in trial.scores.items():
            request.node.user_properties.append((f"{SCORE_PREFIX}{name}", score))
        if not request.config.getoption("--respan-accept"):
            _compare(request.config, respan_row, trial)
        return trial

    return run


class ScoreCollector:
    """Collects scores from the reports of tests, and writes those of an accepted run.

    Workers of pytest-xdist send their reports to the controller, which alone writes.
    """

    def __init__(self) -> None:
        self._scores: dict[str, dict[str, float]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Read the scores of a test's call."""
        properties = dict(report.user_properties)
        row = properties.get(ROW_PROPERTY)
        if report.when == "call" and isinstance(row, str):
            self._scores[row] = {
                name.removeprefix(SCORE_PREFIX): float(str(value))
                for name, value in properties.items()
                if name.startswith(SCORE_PREFIX)
            }

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the lock file with these scores."""
        if not self._scores or hasattr(session.config, "workerinput"):
            return
        from dataclasses import replace

        from respan_langchain.experiments.lock import write_lock

        lock = _read_lock(session.config)
        rows = {
            row: replace(locked, scores={**locked.scores, **self._scores.get(row, {})})
            for row, locked in lock.rows.items()
        }
        write_lock(replace(lock, rows=rows), _lock_path(session.config))


def _open_dataset(config: pytest.Config) -> "Dataset":
    from respan_langchain._connect import DEFAULT_LOCAL_URL, uses_default_file
    from respan_langchain.datasets.dataset import Dataset
    from respan_langchain.settings.reading import read_settings_without_key

    if _DATASET not in config.stash:
        lock = _read_lock(config)
        is_local = uses_default_file(read_settings_without_key({}))
        url = DEFAULT_LOCAL_URL if is_local else None
        config.stash[_DATASET] = Dataset.open(lock.dataset_id or lock.dataset, base_url=url)
    return config.stash[_DATASET]


def _with_model_calls(config: pytest.Config, row: "RecordedRow") -> "RecordedRow":
    """Return the row with the model calls under it; the test fails if they cannot answer."""
    from respan_langchain.client.filters import field
    from respan_langchain.experiments.recorded_rows import model_skip_reason, read_rows_with_models

    trace = field("metadata.trace_unique_id") == str(row.metadata.get("trace_unique_id"))
    found = read_rows_with_models(_open_dataset(config).where(trace))
    row = next((each for each in found if each.id == row.id), row)
    reason = model_skip_reason(row)
    if reason is not None:
        pytest.fail(f"row {row.id} has no recorded models: {reason}", pytrace=False)
    return row


def _read_lock(config: pytest.Config) -> "Lock":
    from respan_langchain.errors import ConfigurationError
    from respan_langchain.experiments.lock import read_lock

    if _LOCK not in config.stash:
        try:
            config.stash[_LOCK] = read_lock(_lock_path(config))
        except ConfigurationError as error:
            raise pytest.UsageError(str(error)) from error
    return config.stash[_LOCK]


def _lock_path(config: pytest.Config) -> "Path":
    return config.rootpath / str(config.getoption("--respan-lock"))


def _compare(config: pytest.Config, row: "RecordedRow", trial: "Trial") -> None:
    """Fail with the row and the difference in words."""
    __tracebackhide__ = True
    from respan_langchain.experiments.report import describe_trial

    accepted = _read_lock(config).rows[row.id].scores
    worse = [
        f"{name} {trial.scores.get(name, 0.0):g}, accepted {score:g}"
        for name, score in accepted.items()
        if name in trial.scores and trial.scores[name] < score
    ]
    if trial.status != "answered" or worse:
        pytest.fail(describe_trial(row, trial, worse), pytrace=False)
