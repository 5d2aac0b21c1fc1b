"""Triggers that keep each dataset's totals, so that listing datasets reads no logs.

The root of a trace holds the sums of its model calls, and these calls are rows too. A row is
`covered` while the root of its trace is in the same dataset; only rows that are not covered count
for cost and tokens.
"""

import sqlite3

SUMS = {
    "total_cost": "cost",
    "prompt_tokens": "prompt_tokens",
    "completion_tokens": "completion_tokens",
    "total_tokens": "total_tokens",
}
"""Columns of datasets and the columns of logs that they sum."""

KNOWN_COUNTS = {"run_count": None, "cost_count": "cost", "token_count": "total_tokens"}
"""Columns of datasets that count rows, and the column of logs that must be known, if any."""

NAMES = (
    "count_insert", "count_delete", "count_update", "cover_insert", "cover_delete", "cover_update",
)  # fmt: skip


def install(connection: sqlite3.Connection) -> None:
    """Create the triggers and recompute the totals."""
    for name in NAMES:
        connection.execute(f"DROP TRIGGER IF EXISTS {name}")
    connection.execute(f"UPDATE logs SET covered = {_is_covered('logs')}")  # noqa: S608
    connection.execute(_recompute_totals())
    for trigger in _triggers():
        connection.execute(trigger)


def _triggers() -> list[str]:
    counted = ", ".join(["status", "covered", *SUMS.values()])
    placed = "trace_unique_id, span_unique_id, span_parent_id"
    traced = "NEW.trace_unique_id IS NOT NULL"
    root_of_trace = f"OLD.trace_unique_id IS NOT NULL AND {_is_root('OLD')}"
    recounted = [_update_totals("OLD", "-"), _update_totals("NEW", "+")]
    covered_again = [_recompute_covered("OLD"), _recompute_covered("NEW"), _uncover_untraced()]
    return [
        _trigger("count_insert", "INSERT ON logs", _update_totals("NEW", "+")),
        _trigger("count_delete", "DELETE ON logs", _update_totals("OLD", "-")),
        _trigger("count_update", f"UPDATE OF {counted} ON logs", *recounted),
        _trigger("cover_insert", f"INSERT ON logs WHEN {traced}", *_cover_on_insert()),
        _trigger("cover_delete", f"DELETE ON logs WHEN {root_of_trace}", _recompute_covered("OLD")),
        _trigger("cover_update", f"UPDATE OF {placed} ON logs", *covered_again),
    ]


def _trigger(name: str, event: str, *statements: str) -> str:
    return f"CREATE TRIGGER {name} AFTER {event} BEGIN {' '.join(statements)} END"


def _update_totals(row: str, sign: str) -> str:
    """Add a row to its dataset's totals, or subtract it."""
    sums = [
        f"{total} = {total} {sign} ifnull({row}.{column}, 0) * (1 - {row}.covered)"
        for total, column in SUMS.items()
    ]
    sums += [
        f"{total} = {total} {sign} {_is_known(row, column)} * (1 - {row}.covered)"
        for total, column in KNOWN_COUNTS.items()
    ]
    sums += [
        f"log_count = log_count {sign} 1",
        f"error_count = error_count {sign} ({row}.status IS 'error')",
    ]
    return f"UPDATE datasets SET {', '.join(sums)} WHERE seq = {row}.dataset;"  # noqa: S608


def _is_known(row: str, column: str | None) -> str:
    return "1" if column is None else f"({row}.{column} IS NOT NULL)"


def _recompute_totals() -> str:
    totals = {total: f"ifnull(sum({column}), 0)" for total, column in SUMS.items()}
    totals |= {total: f"count({column or '*'})" for total, column in KNOWN_COUNTS.items()}
    sums = [
        f"{total} = (SELECT {sql} FROM logs WHERE dataset = datasets.seq AND covered = 0)"  # noqa: S608
        for total, sql in totals.items()
    ]
    return f"UPDATE datasets SET {', '.join(sums)}"  # noqa: S608


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


def _uncover_untraced() -> str:
    return "UPDATE logs SET covered = 0 WHERE seq = NEW.seq AND trace_unique_id IS NULL;"


def _recompute_covered(row: str) -> str:
    return (
        f"UPDATE logs SET covered = {_is_covered('logs')} WHERE dataset = {row}.dataset"  # noqa: S608
        f" AND trace_unique_id = {row}.trace_unique_id AND covered != {_is_covered('logs')};"
    )
