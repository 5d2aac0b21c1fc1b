"""A transfer loses no row and duplicates none, whatever happens on the way."""

import dataclasses
import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from cli.cli_support import row

from respan_langchain.client.client import DatasetClient
from respan_langchain.client.filters import field
from respan_langchain.client.models import Log
from respan_langchain.client.request_flow import RequestOptions
from respan_langchain.datasets.dataset import Dataset
from respan_langchain.datasets.transfer.copy import DatasetSource
from respan_langchain.datasets.transfer.progress_file import ProgressFile
from respan_langchain.datasets.transfer.target import TransferTarget
from respan_langchain.datasets.transfer.transfer import Transfer, TransferCounts, batch_rows
from respan_langchain.datasets.transfer.transfer_row import (
    ExistingRow,
    TransferRow,
    build_transfer_row,
    match_existing,
)
from respan_langchain.embedded.access import AccessPolicy
from respan_langchain.embedded.store.store import Store
from respan_langchain.embedded.transport import LocalTransport
from respan_langchain.errors import (
    AuthenticationError,
    ConnectionFailedError,
    RespanError,
    UnexpectedResponseError,
)
from respan_langchain.settings.settings import Settings

URL = "http://localhost"
Fault = Callable[[httpx.Request, Callable[[], httpx.Response]], httpx.Response]


@dataclass
class Clock:
    """A clock that moves when a transfer sleeps."""

    now: float = dataclasses.field(default_factory=time.monotonic)
    on_sleep: Callable[[], object] = lambda: None

    def read(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.on_sleep()


class Line(httpx.BaseTransport):
    """A platform behind an unreliable connection; each fault happens once, in order."""

    def __init__(self, store: Store, rules: AccessPolicy) -> None:
        self._platform = LocalTransport(store, rules)
        self.faults: list[Fault | None] = []
        """Of bulk requests."""
        self.blindness: list[Fault] = []
        """Of lookups."""
        self.bulk_requests = 0
        self.lookups = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        faults: list[Fault | None] = []
        if request.url.path.endswith("/logs/list/"):
            self.lookups += 1
            faults = [*self.blindness]
            del self.blindness[:1]
        if request.url.path.endswith("/logs/bulk/"):
            self.bulk_requests += 1
            faults = [*self.faults]
            del self.faults[:1]
        fault = faults[0] if faults else None
        if fault is None:
            return self._platform.handle_request(request)
        return fault(request, lambda: self._platform.handle_request(request))


def lost_request(request, _):
    raise httpx.ReadError("the line broke", request=request)


def lost_answer(request, carry_out):
    carry_out()
    raise httpx.ReadTimeout("no answer", request=request)


def failing(request, _):
    return httpx.Response(503, json={"detail": "later"}, request=request)


def stored_and_failing(request, carry_out):
    carry_out()
    return httpx.Response(500, json={"detail": "oops"}, request=request)


def limited(request, _):
    return httpx.Response(429, json={"detail": "slow", "retry_after": 0}, request=request)


def showing_nothing(request, _):
    return httpx.Response(200, json={"results": [], "count": 0, "next": None}, request=request)


def refused_key(request, _):
    return httpx.Response(401, json={"detail": "no"}, request=request)


class Killed(BaseException):
    """Stands for the end of the process."""


def killed_before(request, _):
    raise Killed


def killed_after(request, carry_out):
    carry_out()
    raise Killed


@dataclass
class Ends:
    """Two platforms in memory and a transfer between them."""

    folder: Path
    rules: AccessPolicy = dataclasses.field(default_factory=AccessPolicy)
    clock: Clock = dataclasses.field(default_factory=Clock)
    source_store: Store = dataclasses.field(default_factory=lambda: Store(":memory:"))
    target_store: Store = dataclasses.field(default_factory=lambda: Store(":memory:"))

    def __post_init__(self) -> None:
        self.line = Line(self.target_store, self.rules)
        self.source_client = DatasetClient(
            base_url=URL, transport=LocalTransport(self.source_store)
        )
        self.target_client = DatasetClient(base_url=URL, transport=self.line)
        self.target_client.options = RequestOptions(
            clock=self.clock.read, sleep=self.clock.sleep, rng=lambda: 1.0
        )
        self.target_client.retry_for(60.0)
        self.source = Dataset(self.source_client, self.source_client.create_dataset("demo"))
        self.target = Dataset(self.target_client, self.target_client.create_dataset("demo"))

    def fill(self, *rows) -> None:
        for start in range(0, len(rows), 500):
            self.source_client.bulk_create_logs(self.source.id, rows[start : start + 500])

    def move(self, settle: float = 5.0) -> TransferCounts:
        with ProgressFile(self.folder / "progress.db") as progress:
            transfer = Transfer(
                DatasetSource(self.source, Settings(base_url="sqlite:///:memory:")),
                TransferTarget(self.target_client, self.target.id),
                progress,
                visibility_delay=settle,
                max_rows=5,
                wall_clock=self.clock.read,
            )
            return transfer.run()

    def forget(self) -> None:
        (self.folder / "progress.db").unlink()

    def identifiers(self, dataset: Dataset | None = None) -> Counter[str | None]:
        return Counter(log.custom_identifier for log in dataset or self.target)


@pytest.fixture
def ends(tmp_path):
    return Ends(tmp_path)


ROWS = [row(number) for number in range(12)]
ALL = Counter(f"run-{number}" for number in range(12))


def test_rows_arrive_unchanged(ends):
    ends.fill(*ROWS[:3], row(4, expected_output="yes", scores=[{"score": 1}]))
    counts = ends.move()

    assert (counts.sent, counts.already_there, counts.rejected) == (4, 0, {})
    for before, after in zip(ends.source, ends.target, strict=True):
        for name in ("input", "output", "expected_output", "metadata", "metrics"):
            assert getattr(before, name) == getattr(after, name)


def test_a_second_run_sends_no_rows_and_one_lookup(ends):
    ends.fill(*ROWS)
    ends.move()
    # A target is wanted once whether it is empty; what is sent into an empty one is not looked for.
    assert ends.line.lookups == 1
    requests, ends.line.lookups = ends.line.bulk_requests, 0
    counts = ends.move()

    assert (counts.sent, counts.already_there) == (0, 12)
    assert ends.line.bulk_requests == requests == 3
    assert ends.line.lookups == 1


FAULTS = {
    "a request is lost": [lost_request],
    "an answer is lost": [lost_answer],
    "several answers are lost": [lost_answer, lost_answer, lost_answer],
    "the platform fails": [failing, failing],
    "the platform stores and fails": [None, stored_and_failing],
    "the platform is at its limit": [limited, None, limited],
}


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS)
def test_no_row_is_lost_or_duplicated_when(faults, ends):
    ends.fill(*ROWS)
    ends.line.faults = list(faults)
    counts = ends.move()

    assert ends.identifiers() == ALL
    assert counts.sent == 12
    assert not ends.line.faults


@pytest.mark.parametrize("kill", [killed_before, killed_after])
@pytest.mark.parametrize("at", [0, 1, 2])
@pytest.mark.parametrize("forgotten", [False, True], ids=["", "progress file lost"])
def test_no_row_is_lost_or_duplicated_when_the_transfer_is_killed_and_resumed(
    kill, at, forgotten, ends
):
    ends.fill(*ROWS)
    ends.line.faults = [*[None] * at, kill]
    with pytest.raises(Killed):
        ends.move()
    if forgotten:
        ends.forget()
    ends.move()

    assert ends.identifiers() == ALL


def test_a_platform_that_stays_unavailable_stops_the_transfer_and_the_next_run_resumes(ends):
    ends.fill(*ROWS)
    ends.line.faults = [None, *[lost_request] * 100]
    begun = ends.clock.now
    with pytest.raises(ConnectionFailedError):
        ends.move()
    assert 30 <= ends.clock.now - begun < 180
    ends.line.faults = []
    counts = ends.move()

    assert ends.identifiers() == ALL
    assert (counts.sent, counts.already_there) == (7, 5)


def test_a_wrong_key_stops_the_transfer_at_once(ends):
    ends.fill(*ROWS)
    ends.line.faults = [refused_key] * 10
    with pytest.raises(AuthenticationError):
        ends.move()

    assert ends.line.bulk_requests == 1


def test_a_row_that_becomes_visible_late_is_not_sent_again(ends):
    """The platform lists stored rows some seconds later."""
    ends.fill(*ROWS[:4])
    hidden = []

    def lost_and_hidden(request, carry_out):
        hidden.append(request)
        raise httpx.ReadTimeout("no answer", request=request)

    def show_after_three_seconds():
        if hidden and ends.clock.now - begun >= 3.0:
            LocalTransport(ends.target_store).handle_request(hidden.pop())

    begun = ends.clock.now
    ends.clock.on_sleep = show_after_three_seconds
    ends.line.faults = [lost_and_hidden]
    counts = ends.move(settle=5.0)

    assert ends.line.bulk_requests == 1
    assert counts.sent == 4
    assert ends.identifiers() == Counter(f"run-{number}" for number in range(4))


def stores_three(
    ends: Ends, *, stored: int, rejected: int, named: tuple[int | None, ...] = ()
) -> Fault:
    """Store the first three rows, and respond with counts that the API does not allow."""
    errors = [{"index": index, "error": "no"} for index in named]
    response = {"success_count": stored, "error_count": rejected, "errors": errors}
    direct_client = DatasetClient(base_url=URL, transport=LocalTransport(ends.target_store))

    def fault(request, _):
        direct_client.bulk_create_logs(ends.target.id, json.loads(request.content)["logs"][:3])
        return httpx.Response(201, json=response, request=request)

    return fault


WRONG_COUNTS = {
    "too few": {"stored": 3, "rejected": 0},
    "too many": {"stored": 6, "rejected": 0},
    "more names than errors": {"stored": 4, "rejected": 1, "named": (3, 4)},
    "a row that was not sent": {"stored": 4, "rejected": 1, "named": (5,)},
    "a row before the first": {"stored": 4, "rejected": 1, "named": (-1,)},
    "no row": {"stored": 4, "rejected": 1, "named": (None,)},
    "one row twice": {"stored": 3, "rejected": 2, "named": (3, 3)},
}


@pytest.mark.parametrize("response", WRONG_COUNTS.values(), ids=WRONG_COUNTS)
def test_rows_are_looked_up_when_the_counts_do_not_add_up(response, ends):
    ends.fill(*ROWS[:5])
    ends.line.faults = [stores_three(ends, **response)]
    counts = ends.move()

    assert (counts.sent, counts.rejected) == (5, {})
    assert ends.identifiers() == Counter(f"run-{number}" for number in range(5))
    assert ends.line.bulk_requests == 2


def test_a_platform_whose_counts_never_add_up_stops_the_transfer(ends):
    ends.fill(*ROWS[:5])
    response = {"success_count": 9, "error_count": 9, "errors": []}
    ends.line.faults = [
        lambda request, _: httpx.Response(201, json=response, request=request)
    ] * 100
    with pytest.raises(UnexpectedResponseError, match="add up"):
        ends.move()


def wrong(number):
    found = row(number)
    found["metadata"]["customer_identifier"] = "x" * 255
    return found


def build_rows(*rows):
    return [
        TransferRow(
            f"u{index}",
            each["metadata"]["custom_identifier"],
            each["metadata"].get("span_unique_id"),
            each,
        )
        for index, each in enumerate(rows)
    ]


@dataclass
class Rows:
    """A source that never loses a row."""

    _rows: list[TransferRow]

    def rows(self):
        return iter(self._rows)

    def existing_ids(self, source_ids):
        return set(source_ids)


TOO_LONG = "metadata.customer_identifier: has more than 254 characters"
UNNAMED = "rejected without a reason"


@pytest.mark.parametrize(
    ("listed", "rejected"),
    [(None, {TOO_LONG: 3}), (1, {TOO_LONG: 1, UNNAMED: 2}), (0, {UNNAMED: 3})],
    ids=["all are named", "one is named", "none is named"],
)
def test_rejected_rows_are_counted_by_reason_and_the_others_are_sent(listed, rejected, tmp_path):
    ends = Ends(tmp_path, AccessPolicy(max_listed_errors=listed))
    rows = build_rows(row(1), wrong(2), row(3), wrong(4), wrong(5))
    with ProgressFile(tmp_path / "progress.db") as progress:
        target = TransferTarget(ends.target_client, ends.target.id)
        counts = Transfer(Rows(rows), target, progress, visibility_delay=0.0).run()

    assert counts.sent == 2
    assert counts.rejected == rejected
    assert ends.identifiers() == Counter({"run-1": 1, "run-3": 1})


def test_a_request_that_is_too_large_is_split(tmp_path):
    ends = Ends(tmp_path, AccessPolicy(max_body_bytes=2_000))
    ends.fill(*ROWS[:4], row(400, input="x" * 5_000))
    counts = ends.move()

    assert counts.sent == 4
    assert counts.rejected == {"rejected with status 413": 1}
    assert ends.identifiers() == Counter(f"run-{number}" for number in range(4))


def test_large_rows_are_sent_in_small_batches():
    rows = build_rows(*(row(number, input="x" * 1_000_000) for number in range(10)))

    assert [len(group) for group in batch_rows(rows)] == [4, 4, 2]


def one_identifier(*spans):
    found = []
    for number, span in enumerate(spans):
        each = row(number)
        each["metadata"]["custom_identifier"] = "ticket-7"
        each["metadata"]["span_unique_id"] = span
        if span is None:
            del each["metadata"]["span_unique_id"]
        found.append(each)
    return found


SPANS = {"spans": ("a", "b", "c"), "no spans": (None, None, None), "both": ("a", None, "c")}


@pytest.mark.parametrize("spans", SPANS.values(), ids=SPANS)
@pytest.mark.parametrize("kill", [killed_before, killed_after])
@pytest.mark.parametrize("forgotten", [False, True])
def test_rows_that_share_an_identifier_are_distinguished(spans, kill, forgotten, ends):
    ends.fill(*one_identifier(*spans))
    ends.line.faults = [kill]
    with pytest.raises(Killed):
        ends.move()
    if forgotten:
        ends.forget()
    ends.move()
    ends.forget()
    ends.move()

    assert sorted(log.input[0]["content"] for log in ends.target) == [
        "question 0", "question 1", "question 2",
    ]  # fmt: skip


def test_rows_that_share_an_identifier_in_two_requests_are_both_sent(ends):
    """The lookup of the second row finds the first, which is another row."""
    [first], [last] = one_identifier(None), one_identifier(None)
    ends.fill(first, *ROWS[1:8], last)
    ends.target_client.create_log(ends.target.id, row(9_999))
    ends.move()

    assert ends.identifiers()["ticket-7"] == 2


@pytest.fixture
def there(tmp_path):
    (tmp_path / "there").mkdir()
    return Ends(tmp_path / "there")


@pytest.fixture
def back(there, tmp_path):
    """The transfer in the opposite direction."""
    (tmp_path / "back").mkdir()
    back = Ends(tmp_path / "back", source_store=there.target_store, target_store=there.source_store)
    back.source = Dataset(back.source_client, there.target.about)
    back.target = Dataset(back.target_client, there.source.about)
    return back


def test_a_row_without_an_identifier_returns_to_its_source_once(there, back):
    bare = {"input": "hello", "output": "hi"}
    there.fill(bare, bare)
    there.move()
    counts = back.move()

    assert (len(there.target), counts.sent, counts.already_there) == (2, 0, 2)
    assert len(back.target) == 2


NEW = {
    "with identifiers": [row(number) for number in range(20, 25)],
    "without": [{"input": "hello"}] * 5,
    "of one identifier": one_identifier(*[None] * 5),
}


@pytest.mark.parametrize("new", NEW.values(), ids=NEW)
def test_rows_added_to_the_target_are_pulled_once(new, there, back):
    there.fill(*ROWS[:2])
    there.move()
    back.fill(*new)
    back.move()
    counts = there.move()

    assert (counts.sent, counts.already_there) == (0, 7)
    assert len(there.source) == len(there.target) == 7


def test_an_emptied_target_is_filled_again(ends):
    ends.fill(*ROWS)
    ends.move()
    ends.target_client.remove_logs(ends.target.id, all_logs=True)
    counts = ends.move()

    assert (counts.sent, counts.already_there) == (12, 0)
    assert ends.identifiers() == ALL


def test_a_target_that_looks_empty_for_a_moment_is_not_filled_twice(ends):
    """The platform lists stored rows some seconds later."""
    ends.fill(*ROWS)
    ends.move()
    ends.line.blindness = [showing_nothing] * 4
    counts = ends.move(settle=5.0)

    assert (counts.sent, counts.already_there) == (0, 12)
    assert ends.identifiers() == ALL


@pytest.mark.parametrize("kill", [killed_before, killed_after])
def test_an_emptied_target_is_filled_once_after_a_kill(kill, ends):
    ends.fill(*ROWS)
    ends.move()
    ends.target_client.remove_logs(ends.target.id, all_logs=True)
    ends.line.faults = [None, kill]
    with pytest.raises(Killed):
        ends.move()
    ends.move()

    assert ends.identifiers() == ALL


@pytest.mark.parametrize("rows", [ROWS, *NEW.values()], ids=["with spans", *NEW])
def test_rows_pulled_back_into_an_emptied_source_are_not_sent_again(rows, there, back):
    there.fill(*rows)
    there.move()
    there.source_client.remove_logs(there.source.id, all_logs=True)
    back.move()
    counts = there.move()

    assert (counts.sent, counts.already_there) == (0, len(rows))
    assert len(there.target) == len(rows)


def test_rows_that_share_an_identifier_and_are_filtered_one_by_one_are_both_sent(ends):
    """The row that is filtered out is still at the source, so its copy is not the other row."""
    [first], [last] = one_identifier(None), one_identifier(None)
    first["metadata"]["log_type"], last["metadata"]["log_type"] = "tool", "task"
    ends.fill(first, last)
    everything = ends.source
    for kind in ("tool", "task"):
        ends.source = everything.where(field("log_type") == kind)
        ends.move()

    assert sorted(str(log.log_type) for log in ends.target) == ["task", "tool"]


def test_a_platform_that_is_unavailable_at_the_start_is_retried(ends):
    ends.fill(*ROWS)
    ends.line.blindness = [failing, failing]
    counts = ends.move()

    assert counts.sent == 12


def test_a_target_that_ignores_filters_raises(ends):
    """An unfiltered list could be too long to show an existing row."""
    client = DatasetClient(base_url=URL, transport=IgnoresFilters(ends.target_store))
    for start in range(0, 2_500, 500):
        client.bulk_create_logs(ends.target.id, [row(n) for n in range(start, start + 500)])
    target = TransferTarget(client, ends.target.id)

    with pytest.raises(RespanError, match="ignored the custom_identifier filter"):
        list(target.find_existing(build_rows(row(2_499))))


class IgnoresFilters(LocalTransport):
    """Ignores filters."""

    def handle_request(self, request):
        if request.url.path.endswith("/logs/list/"):
            request = httpx.Request(
                "POST", request.url, headers=dict(request.headers), content=b"{}"
            )
            request.headers["content-length"] = "2"
        return super().handle_request(request)


def test_a_source_that_shows_no_ids_raises():
    with pytest.raises(RespanError, match="does not return ids"):
        build_transfer_row(Log.model_validate(row(1)))


PRESENT = {
    "nothing is there": ([("a", None)], [], [], 0),
    "the one is there": ([("a", None)], [("a", None)], [], 1),
    "another span is there": ([("a", "s1")], [("a", "s2")], [], 0),
    "the span is there": ([("a", "s1")], [("a", "s2"), ("a", "s1")], [], 1),
    "the target tells no span": ([("a", "s1")], [("a", None)], [], 1),
    "and the one there is another's": ([("a", "s1")], [("a", None)], [("a", "s2")], 0),
    "what is claimed has its own span": (
        [("a", "s1")],
        [("a", "s2"), ("a", None)],
        [("a", "s2")],
        1,
    ),
    "two of three are there": ([("a", None)] * 3, [("a", None)] * 2, [], 2),
    "other identifiers do not matter": ([("a", None)], [("b", None)], [("b", None)], 0),
}


@pytest.mark.parametrize("case", PRESENT.values(), ids=PRESENT)
def test_existing_rows_are_matched_by_identifier_and_span(case):
    rows, there, claimed, expected = case
    wanted = [TransferRow(f"u{index}", *each, {}) for index, each in enumerate(rows)]

    found = match_existing(
        wanted, [ExistingRow(*one) for one in there], [ExistingRow(*one) for one in claimed]
    )
    assert len(found) == expected


def test_a_page_that_is_too_large_is_read_in_smaller_pages(ends):
    ends.fill(*(row(number, input=f"{number} " + "x" * 5_000) for number in range(120)))
    client = DatasetClient(
        base_url=URL, transport=LocalTransport(ends.source_store), max_response_bytes=100_000
    )

    rows = Dataset(client, ends.source.about)

    assert [log.input.split()[0] for log in rows] == [str(number) for number in range(120)]
