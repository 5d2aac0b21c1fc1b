"""Golden rows: what a reviewer, an evaluator and the platform see of what apps do.

`python tests/golden/regenerate.py` writes them anew; the difference is for a review to judge.
"""

import json

import pytest
from golden.cases import CASES
from golden.running import ROWS, picture, rows_of


@pytest.mark.parametrize("copy", ["shallow", "deep"])
@pytest.mark.parametrize("name", CASES)
def test_the_rows_are_as_they_were_read_and_found_good(name, copy, tmp_path):
    golden = (ROWS / f"{name}.json").read_text(encoding="utf-8")

    rows = rows_of(CASES[name], tmp_path, copy=copy)

    assert json.loads(picture(rows)) == json.loads(golden)


def test_every_golden_file_belongs_to_a_case():
    assert {path.stem for path in ROWS.glob("*.json")} == set(CASES)
