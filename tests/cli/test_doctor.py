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


def test_models_without_a_price_are_a_finding(run, fill):
    unpriced = row(2)
    unpriced["metadata"]["model"] = "house-model"
    del unpriced["metrics"]["cost"]
    fill([row(1), unpriced])

    said = run("doctor", "demo")
    assert said.code == 1
    assert "house-model (1 rows)" in said.out


def test_each_setting_says_where_it_is_from(process, tmp_path):
    home = tmp_path / "somebody"
    (home / ".respan").mkdir(parents=True)
    (home / ".respan" / "credentials.json").write_text(json.dumps({"api_key": "rk-from-file"}))
    said = process(
        "doctor",
        "--json",
        "--base-url",
        "http://127.0.0.1:9",
        HOME=str(home),
        RESPAN_DATASET="shop",
    )

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


def test_no_key_is_a_finding_and_not_the_end(process):
    said = process("doctor")

    assert said.code == 1
    assert "Three ways to go on" in " ".join(said.out.split())


def test_a_setting_that_cannot_be_read_is_named(process):
    said = process("doctor", RESPAN_SAMPLE_RATE="often", RESPAN_BASE_URL="sqlite:///respan.db")

    assert said.code == 1
    assert "RESPAN_SAMPLE_RATE" in said.out
