"""`config`: which settings are in effect, and where each was set."""


def test_settings_are_shown_with_their_source(run):
    listed = run("config", "--json", "--api-key", "rk-secret", RESPAN_DATASET="shop")

    sources = {each["name"]: (each["value"], each["source"]) for each in listed.json["results"]}
    assert sources == {
        "api_key": ("set (hidden)", "--api-key"),
        "base_url": ("sqlite:///respan.db", "RESPAN_BASE_URL"),
        "dataset": ("shop", "RESPAN_DATASET"),
    }
    assert "rk-secret" not in listed.out + listed.err


def test_settings_are_readable_in_a_narrow_terminal(run):
    lines = run("config", COLUMNS="40").out.splitlines()

    assert lines == ["base_url sqlite:///respan.db", "  RESPAN_BASE_URL"]


def test_config_needs_no_key(run):
    shown = run("config", RESPAN_BASE_URL=None)

    assert shown.code == 0
    assert shown.out.split() == ["base_url", "https://api.respan.ai", "default"]


def test_all_settings_are_shown_if_asked(run):
    shown = run("config", "--all").out

    assert "flush_interval" in shown
    assert "None" not in shown


def test_an_invalid_variable_is_named(run):
    shown = run("config", RESPAN_SAMPLE_RATE="often")

    assert shown.code == 2
    assert "RESPAN_SAMPLE_RATE" in shown.err
