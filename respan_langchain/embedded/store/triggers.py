"""Triggers that keep the totals of datasets and of hours, so that lists and charts read no logs.

The root of a trace holds the sums of its model calls, and these calls are rows too. A row is
`covered` while the root of its trace is in the same dataset; only rows that are not covered count
for cost and tokens.
"""

import sqlite3

TOTALS = {
    "log_count": "1",
    "error_count": "({row}.status IS 'error')",
    "run_count": "(1 - {row}.covered)",
    "cost_count": "({row}.cost IS NOT NULL) * (1 - {row}.covered)",
    "token_count": "({row}.total_tokens IS NOT NULL) * (1 - {row}.covered)",
    "total_cost": "ifnull({row}.cost, 0) * (1 - {row}.covered)",
    "prompt_tokens": "ifnull({row}.prompt_tokens, 0) * (1 - {row}.covered)",
    "completion_tokens": "ifnull({row}.completion_tokens, 0) * (1 - {row}.covered)",
    "total_tokens": "ifnull({row}.total_tokens, 0) * (1 - {row}.covered)",
}
"""Columns of datasets and of hours, and what a row adds to each."""


def install(connection: sqlite3.Connection) -> None:
    """Create the triggers."""
    counted = "happened_at, status, covered, cost, prompt_tokens, completion_tokens, total_tokens"
    placed = "trace_unique_id, span_unique_id, span_parent_id"
    traced = "NEW.trace_unique_id IS NOT NULL"
    root_of_trace = f"OLD.trace_unique_id IS NOT NULL AND {_is_root('OLD')}"
    added, removed = _count("NEW", "+"), _count("OLD", "-")
    uncover = "UPDATE logs SET covered = 0 WHERE seq = NEW.seq AND trace_unique_id IS NULL;"
    covered_again = [_recompute_covered("OLD"), _recompute_covered("NEW"), uncover]
    for trigger in (
        _trigger("count_insert", "INSERT ON logs", added),
        _trigger("count_delete", "DELETE ON logs", removed),
        _trigger("count_update", f"UPDATE OF {counted} ON logs", removed, added),
        _trigger("cover_insert", f"INSERT ON logs WHEN {traced}", *_cover_on_insert()),
        _trigger("cover_delete", f"DELETE ON logs WHEN {root_of_trace}", _recompute_covered("OLD")),
        _trigger("cover_update", f"UPDATE OF {placed} ON logs", *covered_again),
    ):
        connection.execute(trigger)


def _trigger(name: str, event: str, *statements: str) -> str:
    return f"CREATE TRIGGER {name} AFTER {event} BEGIN {' '.join(statements)} END"


def _count(row: str, sign: str) -> str:
    """Add a row to the totals of its dataset and of its hour, or subtract it."""
    sums = ", ".join(
        f"{total} = {total} {sign} {added.format(row=row)}" for total, added in TOTALS.items()
    )
    hour = f"CAST({row}.happened_at / 3600 AS INTEGER)"
    # The hour is created for a subtraction too: SQLite may carry out the trigger of an update
    # before that of the insert which it follows. A dataset that is being deleted gets no hours.
    return (
        f"UPDATE datasets SET {sums} WHERE seq = {row}.dataset;"  # noqa: S608
        " INSERT OR IGNORE INTO hours(dataset, hour)"
        f" SELECT seq, {hour} FROM datasets WHERE seq = {row}.dataset;"
        f" UPDATE hours SET {sums} WHERE dataset = {row}.dataset AND hour = {hour};"
    )


def _is_root(row: str) -> str:
    # Where the parent ran in another process, the root is known by the trace id that it gave.
    return f"({row}.span_parent_id IS NULL OR {row}.span_unique_id IS {row}.trace_unique_id)"


def _is_covered(row: str) -> str:
    return (
        f"(NOT {_is_root(row)} AND EXISTS (SELECT 1 FROM logs AS root"  # noqa: S608
        f" WHERE root.dataset = {row}.dataset AND root.trace_unique_id = {row}.trace_unique_id"
        f" AND {_is_root('root')}))"
    )


def _cover_on_insert() -> list[str]:
    """Cover a new row whose root exists, or the rows of which the new row is the root."""
    return [
        f"UPDATE logs SET covered = 1 WHERE seq = NEW.seq AND {_is_covered('NEW')};",  # noqa: S608
        (
            f"UPDATE logs SET covered = 1 WHERE {_is_root('NEW')} AND dataset = NEW.dataset"  # noqa: S608
            f" AND trace_unique_id = NEW.trace_unique_id AND covered = 0"
            f" AND NOT {_is_root('logs')};"
        ),
    ]


def _recompute_covered(row: str) -> str:
    return (
        f"UPDATE logs SET covered = {_is_covered('logs')} WHERE dataset = {row}.dataset"  # noqa: S608
        f" AND trace_unique_id = {row}.trace_unique_id AND covered != {_is_covered('logs')};"
    )
