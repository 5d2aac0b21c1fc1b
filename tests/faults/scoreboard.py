"""Measures what becomes of rows under each fault: `python -m tests.faults.scoreboard [letters]`.

With `--write`, all cases are run and the tables in docs/delivery.md are replaced: what was
measured, and the promises with the number of their tests.
"""

import argparse
from collections.abc import Iterable
from pathlib import Path

from tests.faults.bar import BAR
from tests.faults.cases import CASES, Case, Outcome, play

PAGE = Path(__file__).parents[2] / "docs" / "delivery.md"
FAULTS_HEAD = """\
| fault | stored | not delivered, counted | twice | requests |
|---|---:|---:|---:|---:|"""
BAR_HEAD = "| | promise | tests |\n|---|---|---:|"


def line_of(case: Case, outcome: Outcome) -> str:
    """One row of the table of faults."""
    said = outcome.said
    lost = said.get("captured", 0) - said.get("delivered", 0)
    if case.then:
        lost = case.count - outcome.stored
    cells = [case.name, outcome.stored, max(0, lost), outcome.doubled, outcome.posts]
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def times_of(outcome: Outcome) -> str:
    """What depends on the machine and its load, and so is not on the page."""
    said = outcome.said
    notes = [f"exit {outcome.seconds:.1f} s"]
    if "flush" in said:
        notes.append(f"flush {said['flush_seconds']:.1f} s")
    if "worst" in said:
        notes.append(f"worst event {said['worst'] * 1000:.1f} ms")
    if "before" in said:
        grew = (said["memory"] - said["before"]) / 1e6
        notes.append(f"+{grew:.0f} MB, {said['lines']} log lines")
    return "; ".join(notes)


def bar_lines() -> list[str]:
    """The rows of the table of promises."""
    named = [promise.split(" ", 1) for promise in BAR]
    return [
        f"| {letter} | {text} | {len(tests)} |"
        for (letter, text), tests in zip(named, BAR.values(), strict=True)
    ]


def table(page: str, name: str) -> str:
    """The table between the marks of this name."""
    return _split(page, name)[1]


def write_table(name: str, head: str, lines: Iterable[str]) -> None:
    """Replace the table between the marks of this name."""
    before, _, after = _split(PAGE.read_text(), name)
    PAGE.write_text(before + "\n".join([head, *lines]) + after)


def _split(page: str, name: str) -> tuple[str, str, str]:
    begin = page.index(mark := f"<!-- {name} -->\n") + len(mark)
    end = page.index("\n<!-- end -->", begin)
    return page[:begin], page[begin:end], page[end:]


def main() -> None:
    """Run the cases whose letters are given, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("letters", nargs="*")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    lines = []
    for name, case in CASES.items():
        if options.write or not options.letters or name.split()[0] in options.letters:
            outcome = play(case)
            lines.append(line_of(case, outcome))
            print(lines[-1], times_of(outcome), flush=True)  # noqa: T201
    if options.write:
        write_table("faults", FAULTS_HEAD, lines)
        write_table("promises", BAR_HEAD, bar_lines())


if __name__ == "__main__":
    main()
