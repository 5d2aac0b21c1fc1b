"""`doctor`: what is configured, whether it works, and what is not right."""

import json

from cli.given import row


def test_a_healthy_setup_has_no_findings(run, fill):
    fill([row(1)])
    said = run("doctor", "demo", "--json")

    assert said.code == 0
    checks = {check["name"]: check["state"] for check in said.json["checks"]}
    assert (
        checks["configuration"]
        == checks["connection"]
        == checks["dataset"]
        == checks["prices"]
        == "ok"
    )


def test_one_of_a_thing_is_said_as_one(run, fill):
    fill([row(1)])

    checks = run("doctor", "demo", "--json").json["checks"]

    said = {check["name"]: check["words"] for check in checks}
    assert said["connection"].endswith(", with 1 dataset")
    assert said["dataset"].endswith(" has 1 row")
    assert said["prices"] == "known for 1 model in the newest 1 call"


def test_models_without_a_price_are_a_finding(run, fill):
    unpriced = row(2)
    unpriced["metadata"]["model"] = "house-model"
    del unpriced["metrics"]["cost"]
    fill([row(1), unpriced])

    said = run("doctor", "demo")
    assert said.code == 1
    assert "house-model (1 row)" in said.out


def test_each_setting_says_where_it_is_from(run, tmp_path):
    home = tmp_path / "somebody"
    (home / ".respan").mkdir(parents=True)
    (home / ".respan" / "credentials.json").write_text(json.dumps({"api_key": "rk-from-file"}))
    said = run(
        "doctor", "--json", "--base-url", "http://127.0.0.1:9",
        HOME=str(home), RESPAN_DATASET="shop",
    )  # fmt: skip

    sources = {each["name"]: each["source"] for each in said.json["settings"]}
    assert sources == {
        "base_url": "option --base-url",
        "api_key": "file ~/.respan/credentials.json",
        "dataset": "variable RESPAN_DATASET",
    }
    assert "rk-from-file" not in said.out + said.err
    assert said.code == 1
    assert [check["name"] for check in said.json["checks"] if check["state"] == "found"] == [
        "connection"
    ]


def test_no_key_is_a_finding_and_not_the_end(run):
    said = run("doctor", RESPAN_BASE_URL=None)

    assert said.code == 1
    assert "Three ways to go on" in " ".join(said.out.split())


def test_a_setting_that_cannot_be_read_is_named(run):
    said = run("doctor", RESPAN_SAMPLE_RATE="often")

    assert said.code == 1
    assert "RESPAN_SAMPLE_RATE" in said.out


def test_a_report_is_made_for_people_too(run, fill):
    fill([row(1)])
    said = run("doctor", "demo", "--all", RESPAN_ENVIRONMENT="staging")

    assert said.code == 0
    lines = [line.split() for line in said.out.splitlines()]
    assert ["environment", "staging", "variable", "RESPAN_ENVIRONMENT"] in lines
    assert ["flush_interval", "5.0", "default"] in lines
    assert [
        "prices",
        "ok",
        *["known", "for", "1", "model", "in", "the", "newest", "1", "call"],
    ] in lines


def test_a_dataset_that_is_not_there_yet_is_no_finding(run, fill):
    fill([row(1)])
    said = run("doctor", "later")

    assert said.code == 0
    assert "The handler creates it" in said.out


def test_a_dataset_that_is_named_by_an_id_must_be_there(run, fill):
    fill([row(1)])
    said = run("doctor", "--json", RESPAN_DATASET_ID="6d0b2c7e")

    assert said.code == 1
    assert [each["name"] for each in said.json["checks"] if each["state"] == "found"] == ["dataset"]


def test_without_a_dataset_the_rest_is_looked_at(run, fill):
    fill([row(1)])
    said = run("doctor", "--json")

    assert said.code == 0
    assert {
        "name": "dataset",
        "state": "note",
        "words": "none is named: give one, or set RESPAN_DATASET",
    } in said.json["checks"]


def test_a_file_that_is_not_there_is_a_finding(run):
    said = run("doctor", "--base-url", "sqlite:///typo.db")

    assert said.code == 1
    assert "typo.db" in said.out
