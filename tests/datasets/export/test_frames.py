"""Rows for pandas, Parquet and Hugging Face: with the real packages, in a place of their own."""

import json
import site
import subprocess
import sys
import venv

import pytest
from cli.cli_support import ROOT, row

PACKAGES = ["pandas", "pyarrow", "datasets"]
SCRIPT = """
import io, json
from respan_langchain.datasets.dataset import Dataset
from respan_langchain.embedded.store.store import open_store
from respan_langchain.server.export import export
from respan_langchain.server.query import View
import pyarrow.parquet

with Dataset.open("demo", base_url="sqlite:///respan.db") as rows:
    frame = rows.to_pandas()
    written = rows.to_parquet("rows.parquet")
    table = pyarrow.parquet.read_table("rows.parquet")
    hf = rows.to_hf()
    page = export(open_store("sqlite:///respan.db"), rows.id, View(), ".parquet")
    of_page = pyarrow.parquet.read_table(io.BytesIO(b"".join(page.chunks)))
print(json.dumps({
    "frame": [str(frame.dtypes[name]) for name in ("total_tokens", "cost")],
    "inputs": list(frame["input"]),
    "unknown": [int(frame[name].isna().sum()) for name in ("total_tokens", "cost")],
    "written": written,
    "table": table.to_pylist()[1]["input"],
    "tokens": table.column("total_tokens").to_pylist(),
    "is_same_on_the_page": of_page.equals(table),
    "hf": [len(hf), hf[0]["input"], hf[0]["messages"]],
    "text": [str(frame.dtypes[name]) for name in ("status", "timestamp")],
}))
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """A Python that has the packages beside what this one has."""
    place = tmp_path_factory.mktemp("environment")
    venv.create(place)
    python = place / "bin" / "python"
    command = [sys.executable, "-m", "pip", "--python", python, "install", "-q", *PACKAGES]
    subprocess.run(command, check=True, capture_output=True, timeout=900)
    [own] = place.glob("lib/python*/site-packages")
    (own / "beside.pth").write_text("\n".join([str(ROOT), *site.getsitepackages()]))
    return python


@pytest.mark.slow(seconds=25)
def test_tables_contain_the_values_of_the_rows(python, fill, folder):
    bare = {"input": {"question": "Where?"}, "metrics": {"total_tokens": 0}}
    fill([row(1), bare])
    ended = subprocess.run(
        [python, "-c", SCRIPT], cwd=folder,
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip

    assert ended.returncode == 0, ended.stderr
    printed = json.loads(ended.stdout)
    assert printed["frame"] == ["Int64", "Float64"]
    assert printed["inputs"] == [row(1)["input"], {"question": "Where?"}]
    assert printed["unknown"] == [0, 1]
    assert printed["written"] == 2
    assert json.loads(printed["table"]) == {"question": "Where?"}
    assert printed["tokens"] == [12, 0]
    assert printed["is_same_on_the_page"]
    assert printed["hf"][0] == 2
    assert json.loads(printed["hf"][1]) == row(1)["input"]
    rest = {"tool_calls": None, "tool_call_id": None}
    assert printed["hf"][2] == [
        {"role": "user", "content": "question 1", **rest},
        {"role": "assistant", "content": "answer 1", **rest},
    ]
    assert printed["text"] == ["string", "datetime64[us, UTC]"]
