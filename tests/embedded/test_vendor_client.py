"""The vendor's own generated client works against the local platform: every dataset method it has.

It is installed into an environment of its own, since its module would be in the way of others.
"""

import subprocess
import sys
import venv
from pathlib import Path

import pytest
from support.evaluations import wait_for_evaluations
from support.processes import read_line

from respan_langchain.server.asgi import serving

pytestmark = pytest.mark.slow

VERSION = "respan-api==0.1.47"

CONVERSATION = """
import datetime, sys
from respan import DatasetLogCreateRequest, RespanClient
from respan import datasets as kinds

client = RespanClient(base_url=sys.argv[1], authorization="Bearer any", respan_api_key="any")
api = client.datasets
day = datetime.timedelta(days=1)
now = datetime.datetime.now(datetime.timezone.utc)

made = api.create_dataset(name="d", description="words", is_empty=True)
dataset = made.id
assert (made.name, made.status) == ("d", "ready"), made
log = api.create_dataset_log(
    dataset, input=[{"role": "user", "content": "Hello"}],
    output={"role": "assistant", "content": "Hi"}, expected_output="Hi",
    metadata={"model": "gpt-4o", "status_code": 200},
    metrics={"total_tokens": 10, "cost": 0.0001, "latency": 0.5},
)
response = api.bulk_create_dataset_logs(dataset, logs=[
    DatasetLogCreateRequest(input="a", metadata={"status_code": 500}),
    DatasetLogCreateRequest(input=["b"], metrics={"cost": 1}),
])
assert (response.success_count, response.error_count, response.errors) == (2, 0, []), response
listed = api.list_dataset_logs(dataset, page=1, page_size=2, sort_by="-created_at")
assert (listed.count, len(listed.results), listed.previous) == (3, 2, None), listed
five = {"status_code": kinds.ListDatasetLogsRequestFiltersValue(operator="eq", value=500)}
assert api.list_dataset_logs(dataset, filters=five).results[0].input == "a"
assert "export" in api.list_dataset_logs(dataset, is_exporting=True, export_format=".jsonl").message
read = api.retrieve_dataset_log(dataset, log.unique_id)
assert (read.model, read.total_request_tokens, read.scores) == ("gpt-4o", 10, []), read
changed = api.update_dataset_log(dataset, log.unique_id, expected_output="Hey")
assert changed.expected_output == "Hey", changed
assert api.replace_dataset_log(dataset, log.unique_id, input="new").output is None
runs = api.run_eval_on_dataset(dataset, evaluator_ids=["cost_limit:0.5"])
assert runs.created_tasks[0].evaluator_slug == "cost_limit:0.5", runs
print("evaluation started", flush=True)
sys.stdin.readline()
assert api.list_dataset_eval_runs(dataset, page=1).results[0].status == "completed"
summary = api.summarize_dataset_logs_filtered(dataset, filters={})
assert summary.number_of_requests == 3, summary
assert summary.scores["cost_limit:0.5"].false_count == 1, summary
other = api.create_dataset(name="other", start_time=now - day, end_time=now + day, sampling=100)
assert api.retrieve_dataset(other.id).log_count == 3
api.import_dataset_logs(other.id, start_time=now - day, end_time=now + day, sampling_percentage=40)
assert api.retrieve_dataset(other.id).log_count == 3
api.remove_dataset_logs(other.id, filters={
    "status_code": kinds.RemoveDatasetLogsRequestFiltersValue(operator="eq", value=500)})
assert api.retrieve_dataset(other.id).log_count == 2
api.remove_dataset_logs(other.id, is_deleting_all_logs=True)
assert api.retrieve_dataset(other.id).log_count == 0
assert api.create_dataset(source_dataset_id=dataset).name == "d (copy)"
assert api.update_dataset(dataset, name="e", starred=True, tags=["t"]).name == "e"
assert {one.name for one in api.list_datasets(page=1).results} == {"e", "other", "d (copy)"}
api.delete_dataset_log(dataset, log.unique_id)
api.delete_dataset(dataset)
assert api.list_datasets().count == 2

methods = {name for name in dir(api) if not name.startswith("_")} - {"with_raw_response"}
source = open(__file__).read()
assert not [name for name in methods if f"api.{name}(" not in source], methods
print("all of it")
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory) -> Path:
    """An interpreter that has the vendor's client."""
    folder = tmp_path_factory.mktemp("vendor")
    venv.create(folder)
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    pip = [sys.executable, "-m", "pip", "--python", python]
    install = [*pip, "install", "--quiet", "--retries", "1", VERSION]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode and "Could not find a version" in done.stderr + done.stdout:
        pytest.skip("the package registry is not reachable")
    assert done.returncode == 0, done.stderr
    return python


def test_every_dataset_method_of_the_vendors_client_works(platform_on_disk, python, tmp_path):
    script = tmp_path / "conversation.py"
    script.write_text(CONVERSATION)

    with serving(platform_on_disk.store) as address:
        talk = subprocess.Popen(
            [python, script, address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if read_line(talk) == "evaluation started\n":
            wait_for_evaluations()
        response, problems = talk.communicate("the run is over\n", timeout=120)

    assert talk.returncode == 0, problems
    assert response == "all of it\n"
