"""Writes the golden rows anew: `python tests/golden/regenerate.py`, then read the difference."""

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1]))


def main() -> None:
    """Run every case, and write what it leaves."""
    from golden.cases import CASES
    from golden.running import ROWS, picture, rows_of

    for name in [name for name in os.environ if name.startswith("RESPAN_")]:
        del os.environ[name]
    for old in ROWS.glob("*.json"):
        old.unlink()
    for name, case in CASES.items():
        with TemporaryDirectory() as folder:
            said = picture(rows_of(case, Path(folder)))
        (ROWS / f"{name}.json").write_text(said, encoding="utf-8")


if __name__ == "__main__":
    main()
