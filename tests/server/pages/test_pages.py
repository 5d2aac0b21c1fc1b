"""The page for people: what it shows, what it never shows, and what it takes from whom."""

import csv
import io
import json
import re
from importlib.util import find_spec

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.evaluations import wait_for_evaluations

from respan_langchain.embedded.http import Request
from respan_langchain.embedded.store.store import Store
from respan_langchain.server.routes import WebPages
from respan_langchain.server.session import LoginAttempts, Sessions

HERE = {
    "host": "localhost:8000",
    "origin": "http://localhost:8000",
    "sec-fetch-site": "same-origin",
}
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"' javascript:alert(1)"


class Browser:
    """Visits the site by values."""

    def __init__(self, store, key=None):
        self.pages = WebPages(store, Sessions(key, attempts=LoginAttempts(3)))
        self.headers = dict(HERE)

    def get(self, target):
        path, _, query = target.partition("?")
        return self.visit("GET", path, query)

    def post(self, path, body="", **headers):
        return self.visit("POST", path, "", body.encode(), headers)

    def visit(self, method, path, query="", body=b"", headers=None):
        asked = Request(method, path, query, self.headers | (headers or {}), body)
        response = self.pages.respond(asked)
        content = b"".join(response.chunks) if response.chunks is not None else response.body
        return Visited(response.status, content.decode(), response.headers)


class Visited:
    def __init__(self, status, html, headers):
        self.status, self.html, self.headers = status, html, headers

    @property
    def text(self) -> str:
        return re.sub(r"<[^>]*>", " ", self.html)


@pytest.fixture
def browser(platform) -> Browser:
    return Browser(platform.store)


@pytest.fixture
def dataset(platform) -> str:
    dataset = platform.dataset("support-bot")
    platform.fill(
        dataset,
        [
            {
                "input": [{"role": "user", "content": f"question {n}"}],
                "output": {"role": "assistant", "content": f"answer {n}"},
                "metadata": {"model": f"model-{n % 2}", "status": "success", "log_type": "chat"},
                "metrics": {"cost": n / 100, "total_tokens": 10 * n, "latency": n / 2},
            }
            for n in range(6)
        ],
    )
    return dataset


def ids(platform, dataset):
    return [log["unique_id"] for log in platform.logs(dataset)]


def questions(visited):
    return re.findall(r"question (\d)", visited.text)


def test_datasets_are_listed_with_what_they_hold(browser, dataset):
    visited = browser.get("/")

    assert visited.status == 200
    assert "support-bot" in visited.text
    assert "$0.1500" in visited.text


def test_without_datasets_the_page_says_how_to_begin(browser):
    assert "No datasets yet" in browser.get("/").text
    assert "RespanDatasetCallbackHandler" in browser.get("/live").text


def test_rows_stand_with_the_newest_first(browser, dataset):
    visited = browser.get(f"/datasets/{dataset}/")

    assert questions(visited) == list("543210")
    assert "1 to 6 of 6" in visited.text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=ques+3", "3"),
        ("q=3+QUES", "3"),
        ("q=nowhere", ""),
        ("q=%25", ""),
        ("model=model-1", "531"),
        ("where=cost|gt|0.03", "54"),
        ("field=cost&operator=lt&value=0.01", "0"),
        ("where=cost|gt|0.01&where=cost|lt|0.04", "32"),
        ("where=model|in|model-0,%20x", "420"),
        ("where=metadata__team|isnull|", "543210"),
        ("sort=cost", "012345"),
        ("sort=-latency", "543210"),
        ("sort=nonsense&page=nonsense", "543210"),
        ("page=2", ""),
        ("filters=" + '{"cost":{"operator":"gte","value":0.05}}', "5"),
    ],
)
def test_the_filtered_rows_are_shown(browser, dataset, query, found):
    assert questions(browser.get(f"/datasets/{dataset}/?{query}")) == list(found)


@pytest.mark.parametrize(
    "query",
    ["where=colour|eq|red", "where=cost|gt|much", "filters={", "filters=[]", "where=cost|like|1"],
)
def test_an_invalid_filter_is_explained_and_shows_no_rows(browser, dataset, query):
    visited = browser.get(f"/datasets/{dataset}/?{query}")

    assert visited.status == 200
    assert "This filter is not valid" in visited.text
    assert questions(visited) == []


def test_the_rows_are_sent_again_only_when_something_changed(browser, platform, dataset):
    first = browser.get(f"/datasets/{dataset}/live")
    version = re.search(r'data-version="([^"]+)"', first.html)[1]

    unchanged = browser.get(f"/datasets/{dataset}/live?version={version}")
    platform.fill(dataset, [{"input": "question 9"}])
    changed = browser.get(f"/datasets/{dataset}/live?version={version}")

    assert (first.status, unchanged.status, changed.status) == (200, 204, 200)
    assert questions(changed)[0] == "9"


def test_more_rows_than_a_page_holds_are_paged(browser, platform):
    dataset = platform.dataset()
    platform.fill(dataset, [{"input": f"row {n:03}"} for n in range(120)])

    second = browser.get(f"/datasets/{dataset}/?page=2&sort=created_at")

    assert re.findall(r"row (\d+)", second.text)[0] == "050"
    assert "51 to 100 of 120" in second.text
    assert 'rel="prev"' in second.html
    assert 'rel="next"' in second.html


def test_charts_cover_the_filtered_rows(browser, dataset):
    everything = browser.get(f"/datasets/{dataset}/charts")
    nothing = browser.get(f"/datasets/{dataset}/charts?q=nowhere")

    assert everything.html.count("<svg") == 4
    assert "$0.1500" in everything.text
    assert (nothing.status, nothing.html) == (200, "")


def test_a_row_shows_its_conversation_figures_and_neighbours(browser, platform, dataset):
    listed = ids(platform, dataset)

    visited = browser.get(f"/datasets/{dataset}/logs/{listed[3]}/")

    assert "question 3" in visited.text
    assert "answer 3" in visited.text
    assert "1.50 s" in visited.text
    assert listed[4] in visited.html
    assert listed[2] in visited.html


def test_neighbours_are_among_the_filtered_rows(browser, platform, dataset):
    listed = ids(platform, dataset)

    visited = browser.get(f"/datasets/{dataset}/logs/{listed[3]}/?model=model-1")

    assert listed[5] in visited.html
    assert listed[1] in visited.html
    assert listed[4] not in visited.html


def test_every_kind_of_message_part_is_shown(browser, platform):
    dataset = platform.dataset()
    picture = "data:image/png;base64,iVBORw0KGgo="
    platform.fill(
        dataset,
        [
            {
                "input": [
                    {"role": "system", "content": "long " * 200},
                    {
                        "role": "user",
                        "content": [
                            {"type": "text", "text": "what is this?"},
                            {"type": "image_url", "image_url": {"url": picture}},
                            {"type": "image_url", "image_url": {"url": "https://x.example/a.png"}},
                        ],
                    },
                    {
                        "role": "assistant",
                        "content": [{"type": "thinking", "thinking": "hm"}, "plain", 5],
                        "reasoning_content": "so",
                        "tool_calls": [
                            {"function": {"name": "look", "arguments": '{"deep": 1}'}},
                            {"function": {"name": "odd", "arguments": "not json"}},
                            "no call",
                        ],
                    },
                    {"role": "tool", "tool_call_id": "c1", "content": '[{"page_content": "page"}]'},
                    {"role": "tool", "content": "plain result"},
                    {"role": "poet", "content": {"odd": True}},
                    {"role": "assistant", "content": None},
                ],
                "output": [{"page_content": "found", "metadata": {"source": "a.md"}}],
                "metadata": {"status": "error", "error_message": "it broke", "tags": ["a"]},
            }
        ],
    )

    visited = browser.get(f"/datasets/{dataset}/logs/{ids(platform, dataset)[0]}/")

    for words in ("what is this?", "hm", "so", "look", "deep", "not json", "no call", "page",
                  "plain result",
                  "poet", "odd", "No content.", "found", "a.md", "it broke",
                  "https://x.example/a.png", "1 item"):  # fmt: skip
        assert words in visited.text, words
    assert f'src="{picture}"' in visited.html
    assert visited.html.count("<img") == 1


def test_what_a_model_wrote_is_text_everywhere(browser, platform):
    dataset = platform.dataset(HOSTILE)
    platform.fill(
        dataset,
        [
            {
                "input": [{"role": HOSTILE, "content": HOSTILE, "name": HOSTILE}],
                "output": {"role": "assistant", "content": HOSTILE + str(n),
                           "tool_calls": [{"function": {"name": HOSTILE, "arguments": HOSTILE}}]},
                "expected_output": {"a": HOSTILE + str(n)},
                "metadata": {"model": HOSTILE, "status": HOSTILE, "log_type": HOSTILE,
                             "span_name": HOSTILE, "error_message": HOSTILE, HOSTILE: [HOSTILE]},
            }
            for n in range(2)
        ],
    )  # fmt: skip
    one, other = ids(platform, dataset)

    for address in (
        "/",
        f"/datasets/{dataset}/",
        f"/datasets/{dataset}/?q=%3Cscript%3E&where={HOSTILE}|eq|{HOSTILE}",
        f"/datasets/{dataset}/charts",
        f"/datasets/{dataset}/logs/{one}/",
        f"/datasets/{dataset}/compare?row={one}&row={other}",
        f"/{HOSTILE}",
    ):
        visited = browser.get(address)
        own = visited.html.replace('<script src="/static/theme.js"></script>', "").replace(
            '<script src="/static/app.js" defer></script>', ""
        )
        assert "<script" not in own
        assert "<img" not in own
        assert 'href="javascript:' not in own
        if address.endswith("charts"):
            continue
        assert "script-src 'self'" in visited.headers["content-security-policy"]


def test_characters_that_turn_a_text_around_are_made_visible(browser, platform):
    dataset = platform.dataset("a \u202e b")
    platform.fill(dataset, [{"input": "pay \u202eevil\u202c now\u200b\u0000"}])

    for address in ("", f"logs/{ids(platform, dataset)[0]}/"):
        visited = browser.get(f"/datasets/{dataset}/{address}")
        assert "\u202e" not in visited.html
        assert 'title="U+202E"' in visited.html


def test_a_very_long_text_is_truncated_until_it_is_requested(browser, platform):
    dataset = platform.dataset()
    platform.fill(dataset, [{"input": "x" * 5_000_000 + "the end"}])
    address = f"/datasets/{dataset}/logs/{ids(platform, dataset)[0]}/"

    assert len(browser.get(f"/datasets/{dataset}/").html) < 20_000
    assert len(browser.get(address).html) < 100_000
    assert "Show all 5M characters" in browser.get(address).text
    assert "the end" in browser.get(f"{address}?whole=1").text


def test_two_rows_are_compared(browser, platform, dataset):
    one, other = ids(platform, dataset)[1:3]

    visited = browser.get(f"/datasets/{dataset}/compare?row={one}&row={other}")

    assert "+100%" in visited.text
    assert re.search(r"<ins>2", visited.html)
    assert re.search(r"<del>1", visited.html)


@pytest.mark.parametrize(
    "query", ["", "row=x", "row=x&row=x", "&".join(f"row={n}" for n in range(7))]
)
def test_a_comparison_needs_two_to_six_rows(browser, dataset, query):
    assert browser.get(f"/datasets/{dataset}/compare?{query}").status == 400


def review(browser, platform, dataset, body, **headers):
    unique_id = ids(platform, dataset)[0]
    response = browser.post(f"/datasets/{dataset}/logs/{unique_id}/review", body, **headers)
    return response, platform.ask("GET", f"/datasets/{dataset}/logs/{unique_id}/").body


def test_a_review_is_saved(browser, platform, dataset):
    response, log = review(
        browser, platform, dataset,
        "expected_output=better%0D%0Aanswer&kind=text&score=1&comment=much+better",
    )  # fmt: skip

    assert response.status == 303
    assert log["expected_output"] == "better\nanswer"
    assert (log["scores"][0]["score"], log["scores"][0]["comment"]) == (1.0, "much better")
    assert log["scores"][0]["evaluator_slug"] == "human"
    page = browser.get(f"/datasets/{dataset}/logs/{log['unique_id']}/")
    assert "better\nanswer</textarea>" in page.html


def test_a_review_can_be_cleared(browser, platform, dataset):
    review(browser, platform, dataset, "expected_output=x&score=1&comment=")

    response, log = review(browser, platform, dataset, "expected_output=&score=&comment=")

    assert response.status == 303
    assert (log["expected_output"], log["scores"]) == (None, [])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("kind=json&expected_output=" + '{"a": 1}', {"a": 1}),
        ("kind=json&expected_output=" + '"words"', "words"),
        ("kind=text&expected_output=" + '{"a": 1}', '{"a": 1}'),
    ],
)
def test_an_expected_output_keeps_its_kind(browser, platform, dataset, body, expected):
    assert review(browser, platform, dataset, body)[1]["expected_output"] == expected


@pytest.mark.parametrize(
    "body",
    ["kind=json&expected_output={", "kind=json&expected_output=5", "score=2",
     "kind=json&expected_output=" + "[" * 260 + "]" * 260],
    ids=["broken", "number", "score", "deep"],
)  # fmt: skip
def test_an_invalid_review_changes_nothing(browser, platform, dataset, body):
    response, log = review(browser, platform, dataset, body)

    assert response.status == 400
    assert (log["expected_output"], log["scores"]) == (None, [])


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": ""},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
    ids=str,
)
def test_another_site_cannot_make_a_browser_write_a_review(browser, platform, dataset, headers):
    response, log = review(browser, platform, dataset, "expected_output=evil", **headers)

    assert response.status == 403
    assert log["expected_output"] is None


def test_jsonl_has_the_filtered_rows_in_full(browser, dataset):
    visited = browser.get(f"/datasets/{dataset}/export.jsonl?model=model-1")
    rows = [json.loads(line) for line in visited.html.splitlines()]

    assert "attachment" in visited.headers["content-disposition"]
    assert [row["input"][0]["content"] for row in rows] == [
        "question 1",
        "question 3",
        "question 5",
    ]


def test_csv_is_safe_in_a_spreadsheet(browser, platform):
    dataset = platform.dataset("a/b \u00fc")
    texts = ["=HYPERLINK(1)", "+1", "@x", 'two\nlines, and "quotes"', "plain"]
    platform.fill(dataset, [{"input": text, "metrics": {"cost": -0.5}} for text in texts])

    visited = browser.get(f"/datasets/{dataset}/export.csv")
    rows = list(csv.DictReader(io.StringIO(visited.html.removeprefix("\ufeff"))))

    assert [row["input"] for row in rows] == ['"=HYPERLINK(1)"', '"+1"', '"@x"', *texts[3:]]
    assert rows[0]["cost"] == "-0.5"
    assert 'filename="a-b.csv"' in visited.headers["content-disposition"]


def test_parquet_is_offered_where_pyarrow_is_installed(browser, platform):
    dataset = platform.dataset()
    platform.fill(dataset, [{"input": "a"}])

    is_installed = find_spec("pyarrow") is not None
    assert ("Parquet" in browser.get(f"/datasets/{dataset}/").text) == is_installed
    exported = browser.get(f"/datasets/{dataset}/export.parquet")
    assert exported.status == (200 if is_installed else 501)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/datasets/nowhere/", 404),
        ("GET", "/datasets/nowhere/export.csv", 404),
        ("GET", "/datasets/nowhere/export.xlsx", 404),
        ("GET", "/static/../site.py", 404),
        ("GET", "/static/secret", 404),
        ("POST", "/live", 405),
        ("POST", "/", 400),
        ("HEAD", "/", 200),
        ("GET", "/static/app.css", 200),
        ("GET", "/static/app.js", 200),
    ],
)
def test_addresses(browser, method, path, status):
    assert browser.visit(method, path).status == status


def test_with_a_key_no_page_is_shown_before_the_login(platform, dataset):
    browser = Browser(platform.store, "right")
    for address in ("/", f"/datasets/{dataset}/", f"/datasets/{dataset}/export.jsonl", "/live"):
        visited = browser.get(address)
        assert visited.status == 401
        assert "support-bot" not in visited.html

    wrong = browser.post("/login", "key=wrong")
    entered = browser.post("/login", "key=right")
    browser.headers["cookie"] = entered.headers["set-cookie"].partition(";")[0]

    assert (wrong.status, entered.status) == (401, 303)
    assert "HttpOnly" in entered.headers["set-cookie"]
    assert "SameSite=Strict" in entered.headers["set-cookie"]
    assert "support-bot" in browser.get("/").text


@pytest.mark.parametrize("cookie", ["respan_local=", "respan_local=x", ";;;=", "a=b; respan_local"])
def test_a_made_up_cookie_opens_nothing(platform, cookie):
    browser = Browser(platform.store, "right")
    browser.headers["cookie"] = cookie

    assert browser.get("/").status == 401


def test_login_attempts_are_limited(platform):
    browser = Browser(platform.store, "right")

    statuses = [browser.post("/login", f"key={n}").status for n in range(4)]

    assert statuses == [401, 401, 401, 429]


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-1, 1) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["role", "content", "tool_calls", "function", "name", "arguments", "type",
                         "text", "image_url", "url", "page_content", "metadata", "reasoning",
                         "thinking"]) | st.text(max_size=4),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip
response = (
    st.text(max_size=9)
    | st.lists(anything, max_size=3)
    | st.dictionaries(st.text(max_size=4), anything, max_size=3)
)


@settings(deadline=None, max_examples=25)
@given(
    given_input=response, output=response, metadata=st.dictionaries(st.text(max_size=5), anything)
)
def test_any_log_can_be_shown(platform_on, given_input, output, metadata):
    platform = platform_on(Store(":memory:"))
    dataset = platform.dataset()
    log = {"input": given_input, "output": output, "metadata": metadata}
    platform.fill(dataset, [log, log | {"output": "other"}])
    browser = Browser(platform.store)
    one, other = ids(platform, dataset)

    for address in ("", f"logs/{one}/", f"compare?row={one}&row={other}", "export.csv", "charts"):
        assert browser.get(f"/datasets/{dataset}/{address}").status == 200


@settings(deadline=None, max_examples=25)
@given(path=st.text(max_size=20), query=st.text(max_size=40))
def test_any_address_is_answered(platform_on, path, query):
    platform = platform_on(Store(":memory:"))
    dataset = platform.dataset()
    browser = Browser(platform.store)

    for address in (path, f"/{path}", f"/datasets/{dataset}/{path}"):
        assert browser.visit("GET", address, query).status in {200, 204, 400, 404, 405}
    assert browser.visit("GET", f"/datasets/{dataset}/", query).status in {200, 400}


def spans(*links: tuple[str, str | None]) -> list[dict]:
    logs = []
    for span, parent in links:
        metadata = {"trace_unique_id": "t", "span_unique_id": span, "span_name": f"row {span}"}
        above = {"span_parent_id": parent} if parent is not None else {}
        logs.append({"input": f"row {span}", "metadata": metadata | above})
    return logs


@pytest.mark.parametrize(
    ("links", "shown"),
    [
        ([("a", None)], ""),
        ([("b", "a"), ("c", "elsewhere"), ("a", None)], "a0b1c1"),
        ([("d", "c"), ("c", "b"), ("b", "a"), ("a", None)], "a0b1c2d3"),
        ([("b", "x"), ("c", "y")], "b0c0"),
        ([("b", "c"), ("c", "b")], "b0c0"),
        ([("b", "b"), ("c", "b")], "b0c1"),
    ],
    ids=["alone", "root last", "deep", "no root", "circle", "own parent"],
)
def test_a_trace_is_listed_from_its_root(browser, platform, links, shown):
    dataset = platform.dataset()
    platform.fill(dataset, spans(*links))

    visited = browser.get(f"/datasets/{dataset}/logs/{ids(platform, dataset)[0]}/")

    found = re.findall(r'deep-(\d)"[^/]*/span><span class="name"[^>]*>row (\w)', visited.html)
    assert "".join(f"{span}{depth}" for depth, span in found) == shown


def row_page(browser, platform, **log):
    dataset = platform.dataset()
    platform.fill(dataset, [{"input": "x"} | log])
    return browser.get(f"/datasets/{dataset}/logs/{ids(platform, dataset)[0]}/")


def test_what_a_run_read_and_did_stands_before_its_output(browser, platform):
    steps = [
        {"tool": "search", "input": {"q": "shoes"}, "output": "three pairs", "tool_call_id": "c"},
        {"tool": "order", "error": "ValueError: none left", "status": "error"},
        "odd",
    ]
    documents = [{"content": "Returns within 30 days.", "metadata": {"page": "returns"}}]

    visited = row_page(
        browser,
        platform,
        output="done",
        metadata={"trajectory": steps, "retrieved_documents": documents},
    )

    words = ["Documents", "30 days", "page: returns", "Tools", "search", "shoes", "three pairs",
             "order", "none left", "odd", "Output", "done"]  # fmt: skip
    places = [visited.text.index(word) for word in words]
    assert places == sorted(places)


def test_scores_of_evaluators_and_of_people_are_shown(browser, platform):
    dataset = platform.dataset()
    platform.fill(dataset, [{"input": "x", "output": "yes", "metrics": {"latency": 2.0}}])
    platform.ask(
        "POST",
        f"/datasets/{dataset}/eval-reports/create/",
        {"evaluator_ids": ["contains:yes", "latency_limit:1"]},
    )
    wait_for_evaluations()
    address = f"/datasets/{dataset}/logs/{ids(platform, dataset)[0]}/"
    browser.post(f"{address}review", "score=0.5&comment=hm")

    row, rows = browser.get(address), browser.get(f"/datasets/{dataset}/")

    assert "2.0 of 1.0" in row.text
    assert re.search(r'value="0.5" checked', row.html)
    assert "score-good" in rows.html
    assert "score-bad" in rows.html
    assert "contains 1" in " ".join(rows.text.split())


def test_the_raw_row_is_json_behind_the_same_guard(browser, platform, dataset):
    unique_id = ids(platform, dataset)[0]

    visited = browser.get(f"/datasets/{dataset}/logs/{unique_id}/raw.json")

    assert json.loads(visited.html)["input"] == [{"role": "user", "content": "question 0"}]
    assert visited.headers["content-type"] == "application/json"
    assert visited.headers["x-content-type-options"] == "nosniff"
    assert browser.get(f"/datasets/{dataset}/logs/{unique_id}/x").status == 404


def test_long_json_is_truncated_until_it_is_requested(browser, platform):
    visited = row_page(browser, platform, output={"a": ["b" * 100] * 1000}, metadata={"model": "m"})

    assert len(visited.html) < 100_000
    assert "Show all" in visited.text


def test_a_row_without_any_figures_is_shown(browser, platform):
    visited = row_page(browser, platform, metrics={"latency": 75})

    assert "No output." in visited.text
    assert "1 m 15 s" in visited.text


def test_neighbours_are_left_out_where_the_filter_does_not_work(browser, platform, dataset):
    unique_id = ids(platform, dataset)[2]

    visited = browser.get(f"/datasets/{dataset}/logs/{unique_id}/?where=colour|eq|red")

    assert visited.status == 200
    assert 'data-key="newer"' not in visited.html


def test_rows_without_figures_are_compared_too(browser, platform):
    dataset = platform.dataset()
    platform.fill(
        dataset,
        [
            {"input": "a", "output": ["x"], "metrics": {"cost": 0}},
            {"input": "a", "metrics": {"cost": 1, "latency": 2}},
        ],
    )
    one, other = ids(platform, dataset)

    visited = browser.get(f"/datasets/{dataset}/compare?row={one}&row={other}")

    assert visited.status == 200
    assert "the same in all" in visited.text


def test_a_page_needs_the_last_slash_of_its_address(browser, platform, dataset):
    unique_id = ids(platform, dataset)[0]

    for address in (f"/datasets/{dataset}", f"/datasets/{dataset}/logs/{unique_id}"):
        assert (browser.get(address).status, browser.get(f"{address}/").status) == (404, 200)


def test_a_form_with_a_malformed_query_changes_nothing(browser, platform, dataset):
    unique_id = ids(platform, dataset)[0]
    fields = "&".join(f"x{number}=" for number in range(2_000))
    body = f"action=delete&row={unique_id}".encode()

    assert browser.visit("POST", f"/datasets/{dataset}/bulk", fields, body=body).status == 400
    assert unique_id in ids(platform, dataset)


def test_a_malformed_form_is_rejected(browser, platform, dataset):
    unique_id = ids(platform, dataset)[0]

    response = browser.visit(
        "POST", f"/datasets/{dataset}/logs/{unique_id}/review", body=b"\xff\xfe"
    )
    key = Browser(platform.store, "right").visit("POST", "/login", body=b"\xff")

    assert (response.status, key.status) == (422, 401)


def test_an_export_for_another_tool_has_the_rows_of_the_command_line(browser, platform, dataset):
    exported = browser.get(f"/datasets/{dataset}/export.jsonl?preset=deepeval")
    unknown = browser.get(f"/datasets/{dataset}/export.jsonl?preset=none")

    first = json.loads(exported.text.splitlines()[0])
    assert first["actual_output"] == "answer 0"
    assert 'filename="support-bot.deepeval.jsonl"' in exported.headers["content-disposition"]
    assert unknown.status == 400


def test_unknown_cost_and_tokens_are_not_shown_as_zero(browser, platform):
    unknown = platform.dataset("all unknown")
    platform.fill(unknown, [{"input": "x"}] * 3)
    partly = platform.dataset("partly known")
    platform.fill(partly, [{"input": "x", "metrics": {"cost": 0.5}}, {"input": "x"}])

    listed = browser.get("/").text
    charts = browser.get(f"/datasets/{unknown}/charts").text
    part = browser.get(f"/datasets/{partly}/charts").text

    assert "all unknown 3 rows in the last 30 days 3 0 \u2013 \u2013" in " ".join(listed.split())
    assert "partly known 2 rows in the last 30 days 2 0 \u2013 $0.5000 of 1 of 2 rows" in " ".join(
        listed.split()
    )
    assert "$0" not in charts
    assert "$0.5000 a run, of 1 of 2 rows" in part


def test_a_trace_shows_when_each_of_its_rows_ran(browser, platform):
    dataset = platform.dataset()
    root, call = spans(("a", None), ("b", "a"))
    root["metrics"] = {"latency": 10.0, "timestamp": "2026-11-23T03:20:10Z"}
    call["metrics"] = {"latency": 2.5, "timestamp": "2026-11-23T03:20:07.500Z"}
    platform.fill(dataset, [root, call])

    visited = browser.get(f"/datasets/{dataset}/logs/{ids(platform, dataset)[0]}/")

    assert re.findall(r'<rect class="span" x="([\d.]+)" y="0" width="([\d.]+)"', visited.html) == [
        ("0.00", "100.00"),
        ("50.00", "25.00"),
    ]
    assert "Starts after 5.00 s, takes 2.50 s" in visited.text
