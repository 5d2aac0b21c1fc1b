"""Prints what became of the events, as Markdown: `python -m tests.faults.scoreboard [letters]`."""

import sys

from tests.faults.cases import CASES, Case, Outcome, play


def line_of(case: Case, outcome: Outcome) -> str:
    """One row of the table."""
    said = outcome.said
    lost = said.get("captured", 0) - said.get("delivered", 0)
    if case.then:
        lost = case.count - outcome.stored
    notes = [f"exit {outcome.seconds:.1f} s"]
    if "flush" in said:
        notes.append(f"flush {said['flush_seconds']:.1f} s, {bool(said['flush'])}")
    if "worst" in said:
        notes.append(f"worst event {said['worst'] * 1000:.1f} ms")
    if "before" in said:
        notes.append(
            f"+{(said['memory'] - said['before']) / 1e6:.0f} MB, {said['lines']} log lines"
        )
    cells = [
        case.name,
        outcome.stored,
        max(0, lost),
        outcome.doubled,
        outcome.posts,
        "; ".join(notes),
    ]
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def main(wanted: list[str]) -> None:
    """Play the cases whose letters are given, or all."""
    print("| case | stored | not delivered | twice | requests | |\n|---|---:|---:|---:|---:|---|")  # noqa: T201
    for name, case in CASES.items():
        if not wanted or name.split()[0] in wanted:
            print(line_of(case, play(case)), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
