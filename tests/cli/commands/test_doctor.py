"""`doctor`: what is configured, whether it works, and what is not right."""

import json

from cli.cli_support import row


def test_a_healthy_setup_has_no_problems(run, fill):
    fill([row(1)])
    result = run("doctor", "demo", "--json")

    assert result.code == 0
    checks = {check["name"]: check["state"] for check in result.json["checks"]}
    assert (
        checks["configuration"]
        == checks["connection"]
        == checks["dataset"]
        == checks["prices"]
        == "ok"
    )


def test_counts_of_one_use_the_singular(run, fill):
    fill([row(1)])

    checks = run("doctor", "demo", "--json").json["checks"]

    result = {check["name"]: check["message"] for check in checks}
    assert result["connection"].endswith(": 1 dataset")
    assert result["dataset"].endswith(" has 1 row")
    assert result["prices"] == "known for 1 model in the newest 1 call"


def test_models_without_a_price_are_a_problem(run, fill):
    unpriced = row(2)
    unpriced["metadata"]["model"] = "house-model"
    del unpriced["metrics"]["cost"]
    fill([row(1), unpriced])

    result = run("doctor", "demo")
    assert result.code == 1
    assert "house-model (1 row)" in result.out


def test_each_setting_shows_its_source(run, tmp_path):
    home = tmp_path / "somebody"
    (home / ".respan").mkdir(parents=True)
    (home / ".respan" / "credentials.json").write_text(json.dumps({"api_key": "rk-from-file"}))
    result = run(
        "doctor", "--json", "--base-url", "http://127.0.0.1:9",
        HOME=str(home), RESPAN_DATASET="shop",
    )  # fmt: skip

    sources = {each["name"]: each["source"] for each in result.json["settings"]}
    assert sources == {
        "base_url": "--base-url",
        "api_key": "~/.respan/credentials.json",
        "dataset": "RESPAN_DATASET",
    }
    assert "rk-from-file" not in result.out + result.err
    assert result.code == 1
    assert [check["name"] for check in result.json["checks"] if check["state"] == "found"] == [
        "connection"
    ]


def test_a_missing_key_is_a_problem(run):
    result = run("doctor", RESPAN_BASE_URL=None)

    assert result.code == 1
    assert "No Respan API key found" in " ".join(result.out.split())


def test_an_invalid_setting_is_named(run):
    result = run("doctor", RESPAN_SAMPLE_RATE="often")

    assert result.code == 1
    assert "RESPAN_SAMPLE_RATE" in result.out


def test_the_report_is_readable(run, fill):
    fill([row(1)])
    result = run("doctor", "demo", "--all", RESPAN_ENVIRONMENT="staging")

    assert result.code == 0
    lines = [line.split() for line in result.out.splitlines()]
    assert ["environment", "staging", "RESPAN_ENVIRONMENT"] in lines
    assert ["flush_interval", "5.0", "default"] in lines
    assert [
        "prices",
        "ok",
        *["known", "for", "1", "model", "in", "the", "newest", "1", "call"],
    ] in lines


def test_a_dataset_name_that_does_not_exist_yet_is_a_note(run, fill):
    fill([row(1)])
    result = run("doctor", "later")

    assert result.code == 0
    assert "The handler creates it" in result.out


def test_a_dataset_id_that_does_not_exist_is_a_problem(run, fill):
    fill([row(1)])
    result = run("doctor", "--json", RESPAN_DATASET_ID="6d0b2c7e")

    assert result.code == 1
    assert [each["name"] for each in result.json["checks"] if each["state"] == "found"] == [
        "dataset"
    ]


def test_without_a_dataset_the_other_checks_run(run, fill):
    fill([row(1)])
    result = run("doctor", "--json")

    assert result.code == 0
    assert {
        "name": "dataset",
        "state": "note",
        "message": "not set: name one, or set RESPAN_DATASET",
    } in result.json["checks"]


def test_a_missing_file_is_a_problem(run):
    result = run("doctor", "--base-url", "sqlite:///typo.db")

    assert result.code == 1
    assert "typo.db" in result.out
