"""`demo`: no key, no network, and rows that can be looked at afterwards."""

import pytest


def test_the_demo_runs_without_a_key_and_shows_what_was_captured(process, folder):
    result = process("demo", COLUMNS="140")

    assert result.code == 0, result.err
    assert (folder / "respan.db").exists()
    for word in ("kind", "input", "output", "tokens", "cost", "time", "status"):
        assert word in result.out
    assert "10 questions (1 failed)" in result.out
    assert "the model did not answer within 30" in result.out
    assert "respan.db, dataset demo" in result.out
    assert "-m respan_langchain serve" in result.out
    assert "RESPAN_API_KEY" in result.out


def test_the_demo_fits_a_terminal_of_80_columns(run):
    result = run("demo", COLUMNS="80")

    assert result.code == 0
    assert max(len(line) for line in result.out.splitlines()) <= 80
    assert result.out.count("└ ShopModel") == 13


def test_the_demo_as_json_adds_up(run):
    result = run("demo", "--json").json

    rows = result["rows"]
    roots = [row for row in rows if "span_parent_id" not in row["metadata"]]
    assert (len(rows), len(roots)) == (23, 10)
    assert result["totals"]["questions"] == 10
    assert result["totals"]["failed"] == 1
    assert result["totals"]["tokens"] == sum(row.get("total_tokens", 0) for row in roots)
    chats = [row for row in rows if row["log_type"] == "chat"]
    assert abs(result["totals"]["cost"] - sum(row.get("cost", 0) for row in chats)) < 1e-12
    assert all(row["cost"] > 0 for row in chats if row["status"] == "success")
    assert sum("retrieved_documents" in row["metadata"] for row in roots) == 8
    assert [
        len(row["metadata"]["trajectory"]) for row in roots if "trajectory" in row["metadata"]
    ] == [1, 2]


def test_demo_options_override_the_environment(run, folder):
    result = run(
        "demo", "--file", "other.db", "--dataset", "trial", "--json",
        RESPAN_ENABLED="false", RESPAN_VIA="redis://127.0.0.1:9", RESPAN_SAMPLE_RATE="0",
        RESPAN_DATASET_ID="6d0b2c7e", RESPAN_BASE_URL="https://127.0.0.1:9", RESPAN_API_KEY="rk-1",
    )  # fmt: skip

    assert result.code == 0, result.err
    assert result.json["dataset"] == "trial"
    assert [each.name for each in folder.glob("*.db")] == ["other.db"]


@pytest.mark.parametrize(
    "where",
    [
        {"words": ["--base-url", "sqlite:///one more.db"]},
        {"words": [], "RESPAN_BASE_URL": "SQLITE:///one more.db"},
    ],
    ids=["option", "environment"],
)
def test_the_demo_writes_to_the_file_of_the_url(where, run, folder):
    words, variables = where["words"], {**where}
    del variables["words"]
    result = run(*words, "demo", **variables)

    assert result.code == 0, result.err
    assert [each.name for each in folder.glob("*.db")] == ["one more.db"]
    assert "respan-langchain serve --open --base-url 'sqlite:///one more.db'" in result.out


@pytest.mark.parametrize(
    "words", [["--base-url", "https://x.org"], ["--base-url", "sqlite:///a.db", "--file", "b.db"]]
)
def test_the_demo_accepts_exactly_one_file(words, run, folder):
    result = run("demo", *words)

    assert result.code == 2
    assert result.err.count("\n") == 1
    assert "--file" in result.err
    assert not list(folder.iterdir())


def test_the_demo_agent_works_without_langchain():
    from respan_langchain.cli.demo_app.run import SCRIPT
    from respan_langchain.cli.demo_app.shop import ShopModel, core_agent

    agent = core_agent(ShopModel(script=SCRIPT, model="gpt-4.1-mini", served="gpt-4.1-mini"))
    result = agent.invoke(
        {"messages": [("user", "Please take back order A-1077, it is too small.")]}
    )

    assert (
        result["messages"][-1].content
        == "Your return R-1077 is open, and the label is in your mail."
    )
