"""`replay`, `lock` and `diff`: recorded rows against a chain, judged by the exit code."""

import json

import pytest
from cli.cli_support import row

CHAIN = """
def upper(text):
    return text.upper()

def ask(text):
    from langchain_core.language_models import FakeListLLM

    return FakeListLLM(responses=["an answer of today"]).invoke(text)

def lower(text):
    return text.lower() if text.endswith("0") else text.upper()

def search(text):
    from langchain_core.tools import tool

    if text == "q7":
        tool("search", description="Search.")(lambda query: query).invoke({"query": text})
    return text.upper()
"""
# A module of its own, which no other test has imported.
SCORER = """
def length(outputs, **_):
    return {"length": len(outputs)}
"""


@pytest.fixture
def app(folder, fill):
    """A folder with chains, and a dataset of 200 rows."""
    (folder / "chains_here.py").write_text(CHAIN)
    fill([row(n, input=f"q{n}", output=f"Q{n}") for n in range(200)])


def test_an_unchanged_chain_exits_with_0(app, run):
    result = run("replay", "demo", "chains_here:upper")

    assert result.code == 0, result.out + result.err
    assert "demo: no regression" in result.out
    assert "200 rows, 200 trials: 200 answered" in result.out


def test_models_answer_from_the_rows_below_the_locked_ones(app, run, fill):
    fill([part for n in range(200) for part in asked(n)], name="asked")
    run("lock", "asked")

    live = run("replay", "asked", "chains_here:ask", "--baseline", "respan.lock")
    result = run(
        "replay",
        "asked",
        "chains_here:ask",
        "--models",
        "recorded",
        "--baseline",
        "respan.lock",
        "--json",
    )

    assert (live.code, result.code) == (1, 0), result.out + result.err
    assert {trial["output"] for trial in result.json["trials"]} == {f"A{n}" for n in range(200)}


def asked(n):
    """A call of an app, and the call of its model."""
    trace = {"trace_unique_id": f"trace-{n}", "status": "success"}
    call = {"log_type": "workflow", "custom_identifier": f"call-{n}"}
    model = {
        "log_type": "completion",
        "custom_identifier": f"m-{n}",
        "span_parent_id": f"trace-{n}",
    }
    return [row(n, input=f"Q{n}", output=f"A{n}", metadata=trace | kind) for kind in (call, model)]


def test_a_worse_chain_exits_with_1_and_shows_its_rows(app, run):
    result = run("replay", "demo", "chains_here:lower")

    assert result.code == 1
    assert "[-Q0-]{+q0+}" in result.out


def test_a_narrow_table_keeps_the_verdict_of_each_metric(app, run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")

    result = run("replay", "demo", "chains_here:lower", "--limit", "100")

    [line] = [line for line in result.out.splitlines() if line.startswith("same_answer ")]
    assert line.endswith("regression")
    assert "rows that passed and now fail: 10." in " ".join(result.out.split())


def test_too_few_rows_exit_with_3(app, run):
    result = run("replay", "demo", "chains_here:upper", "--limit", "10")

    assert result.code == 3
    assert "cannot tell" in result.out


def test_rows_that_diverge_exit_with_4(app, run):
    result = run("replay", "demo", "chains_here:search")

    assert result.code == 4
    assert "search({'query': 'q7'}) was not recorded; nothing was" in result.out


def test_the_report_as_json_holds_every_trial(app, run, folder):
    (folder / "scorer_here.py").write_text(SCORER)

    result = run(
        "replay",
        "demo",
        "chains_here:upper",
        "-s",
        "scorer_here:length",
        "--margin",
        "length=0.1",
        "--json",
    )

    assert result.json["outcome"] == "no regression"
    assert len(result.json["trials"]) == 200
    assert {metric["name"] for metric in result.json["metrics"]} == {"length", "latency"}


def test_a_progress_bar_is_shown_on_a_terminal_only(app, run):
    on_terminal = run("replay", "demo", "chains_here:upper", FORCE_COLOR="1")
    elsewhere = run("replay", "demo", "chains_here:upper")

    assert "200/200" in on_terminal.err
    assert elsewhere.err == ""


def test_a_job_summary_is_written_for_github(app, run, tmp_path):
    summary = tmp_path / "summary.md"
    run("replay", "demo", "chains_here:upper", GITHUB_STEP_SUMMARY=str(summary))

    assert "| same\\_answer | 1.000 | 1.000 |" in summary.read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere_at_all:chain"], "runnable 'nowhere_at_all:chain' cannot be loaded"),
        (["chains_here:upper", "-s", "best"], "scorer 'best': use same_answer"),
        (["chains_here:upper", "--margin", "cost"], "--margin 'cost': expected NAME=NUMBER"),
        (["chains_here:upper", "--baseline", "nothing.lock"], "nothing.lock: No such file"),
    ],
)
def test_wrong_usage_exits_with_2(arguments, message, app, run):
    result = run("replay", "demo", *arguments)

    assert result.code == 2
    assert message in result.err


def test_rows_of_a_replay_are_kept_if_wished(app, run, monkeypatch):
    monkeypatch.setenv("RESPAN_SAMPLE_RATE", "0.5")
    run("replay", "demo", "chains_here:lower", "--limit", "20", "--keep")

    kept = run("logs", "list", "demo@replays", "--json", "-n", "100").json["results"]
    assert sorted(row["output"] for row in kept) == sorted(
        f"q{n}" if n % 10 == 0 else f"Q{n}" for n in range(20)
    )
    assert {row["metadata"]["source"] for row in kept} == {"replay"}


def test_a_lock_keeps_hashes_and_scores_and_no_content(app, run, folder):
    result = run("lock", "demo")

    text = (folder / "respan.lock").read_text()
    assert result.code == 0
    assert text.count("[[rows]]") == 200
    assert "q17" not in text
    assert run("diff").out.strip() == "No changes."


@pytest.mark.parametrize("content", ["my notes", "version = 1\n", "[project]\nname = 'x'\n"])
def test_a_file_that_is_no_lock_file_is_not_overwritten(content, app, run, folder):
    path = folder / "pyproject.toml"
    path.write_text(content)

    locked = run("lock", "demo", "--lock", "pyproject.toml")
    accepted = run("replay", "demo", "chains_here:lower", "--accept", "pyproject.toml")

    assert (locked.code, accepted.code) == (2, 2)
    assert "pyproject.toml is not a lock file" in locked.err + accepted.err
    assert path.read_text() == content
    assert "rows" not in accepted.out


def test_a_lock_file_that_git_could_not_merge_is_written_again(app, run, folder):
    run("lock", "demo")
    path = folder / "respan.lock"
    written = path.read_text()
    path.write_text(written.replace("[[rows]]", "<<<<<<< HEAD\n[[rows]]", 1))

    assert run("lock", "demo").code == 0
    assert path.read_text() == written


def test_a_lock_of_reviewed_rows_leaves_out_the_others(app, run, fill):
    none = run("lock", "demo", "--with-expected")
    fill([row(500, input="new", output="NEW", expected_output="NEW")])
    locked = run("lock", "demo", "--with-expected")

    assert (none.code, locked.code) == (2, 0)
    assert "demo: no row has an expected output; review some" in none.err
    assert locked.out == "1 row of demo locked in respan.lock.\n"
    assert run("diff").out.strip() == "No changes."


def test_a_diff_names_rows_that_changed(app, run, fill, folder):
    run("lock", "demo")
    fill([row(500, input="new", output="NEW")])

    result = run("diff", "--json")

    assert result.code == 1
    assert (len(result.json["added"]), result.json["removed"]) == (1, [])


def test_a_replay_against_a_lock_uses_its_scores_and_its_rows(app, run, fill, folder):
    run("lock", "demo")
    fill([row(500, input="new", output="NEW")])

    same = run("replay", "demo", "chains_here:upper", "--baseline", "respan.lock", "--json")
    worse = run("replay", "demo", "chains_here:lower", "--baseline", "respan.lock")

    assert (same.code, len(same.json["trials"])) == (0, 200)
    assert worse.code == 1


def test_locked_rows_that_are_gone_exit_with_4(app, run, folder):
    run("lock", "demo")
    with (folder / "respan.lock").open("a") as lock:
        lock.write('\n[[rows]]\nid = "gone"\nhash = "0123456789abcdef"\n')

    result = run("replay", "demo", "chains_here:upper", "--baseline", "respan.lock")

    assert result.code == 4, result.out + result.err
    assert "Stopped: 1 locked row is gone or cannot be replayed." in result.out


def test_accepted_scores_are_written_to_the_lock(app, run, folder):
    run("replay", "demo", "chains_here:lower", "--accept", "respan.lock")

    again = run("replay", "demo", "chains_here:lower", "--baseline", "respan.lock")

    assert again.code == 0, again.out


def test_a_journal_lets_the_same_command_resume(app, run, folder):
    run("replay", "demo", "chains_here:upper", "--journal", "replay.jsonl")
    lines = (folder / "replay.jsonl").read_text().splitlines(keepends=True)
    (folder / "replay.jsonl").write_text("".join(lines[:51]) + lines[51][:20])

    again = run("replay", "demo", "chains_here:upper", "--journal", "replay.jsonl")

    assert again.code == 0
    trials = [json.loads(line) for line in (folder / "replay.jsonl").read_text().splitlines()[1:]]
    assert len({trial["row_id"] for trial in trials}) == len(trials) == 200
