"""Type checkers find mistakes in a user's code: names of options and their values."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import respan_langchain

APP = """
from respan_langchain import RespanDatasetCallbackHandler, capture, enable

handler = RespanDatasetCallbackHandler("d", delivery="durable", tags=["a"], sample_rate=0.5)
same = enable("d", redact=lambda text: text, batch_rows=10)
with capture("d", capture=("root", "tool"), metadata={"a": 1}) as captured:
    print(captured.rows, handler.stats)

RespanDatasetCallbackHandler(datset="d")  # wrong
RespanDatasetCallbackHandler("d", delivery="durabel")  # wrong
enable("d", sample_rte=0.5)  # wrong
enable("d", capture=("rot",))  # wrong
with capture("d", on_row=3):  # wrong
    pass
"""
WRONG = {number for number, line in enumerate(APP.splitlines(), 1) if "# wrong" in line}


@pytest.mark.slow(seconds=15)
@pytest.mark.parametrize("checker", [["mypy", "--strict"], ["pyright"]], ids=["mypy", "pyright"])
def test_type_checkers_reject_exactly_the_mistyped_options(checker, tmp_path):
    package = str(Path(respan_langchain.__file__).parents[1])
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "pyrightconfig.json").write_text(
        json.dumps({"extraPaths": [package], "typeCheckingMode": "strict"})
    )

    ran = subprocess.run(
        [sys.executable, "-m", *checker, "app.py"],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": package},
        capture_output=True,
        text=True,
        check=False,
    )

    found = re.findall(r"app\.py:(\d+):.*error", ran.stdout)
    assert {int(number) for number in found} == WRONG, ran.stdout
