"""Search: words in contents, errors and comments, whether they are in the index yet or not."""

import pytest

from respan_langchain.embedded.store import logs_table, search_index
from respan_langchain.embedded.store.scores_table import Score, upsert


def index_all(store) -> None:
    with store.writing() as connection:
        search_index.index_batch(connection, logs_table.get_last_seq(connection))


def search(platform, text: str) -> list[str]:
    with platform.store.reading() as connection:
        condition = search_index.search_condition(text, logs_table.get_last_seq(connection))
        rows = connection.execute(
            f"SELECT span_name FROM logs WHERE {condition.sql} ORDER BY seq",  # noqa: S608
            condition.parameters,
        ).fetchall()
    return [row["span_name"] for row in rows]


def log(name: str, **fields) -> dict:
    return {"input": "x", "metadata": {"span_name": name}} | fields


@pytest.fixture
def dataset(platform) -> str:
    dataset = platform.dataset()
    failed = {"span_name": "failed", "error_message": "Rate limit reached"}
    platform.fill(
        dataset,
        [
            log("order", input=[{"role": "user", "content": "Where is order A-1077?"}]),
            log("lines", output='first\nSecond\tthird C:\\new "quoted"'),
            log("expected", expected_output="Something better"),
            log("failed", metadata=failed),
            log("reviewed"),
            log("accents", output="Caf\u00e9 na\u00efve"),
            log("unspaced", output="\u4e2d\u6587\u8bed\u8a00"),
        ],
    )
    with platform.store.writing() as connection:
        (reviewed,) = connection.execute("SELECT seq FROM logs WHERE span_name = 'reviewed'")
        upsert(connection, [Score(reviewed["seq"], "human", 0.5, True, "Rather short", "Ann")])
    return dataset


FOUND = [
    ("order", ["order"]),
    ("A-1077 where", ["order"]),
    ("WHERE IS ORDER", ["order"]),
    ("wher", ["order"]),
    ("second", ["lines"]),
    ("third", ["lines"]),
    ("quoted", ["lines"]),
    ("something better", ["expected"]),
    ("rate LIMIT", ["failed"]),
    ("rather sho", ["reviewed"]),
    ("caf\u00e9", ["accents"]),
    ("\u6587\u8bed", ["unspaced"]),
    ("order missing", []),
    ("%", []),
    ("\"'* new (", ["lines"]),
]


@pytest.mark.parametrize(("text", "found"), FOUND)
def test_words_are_found_in_the_index(platform, dataset, text, found):
    index_all(platform.store)

    assert search(platform, text) == found


@pytest.mark.parametrize(("text", "found"), FOUND[:-1])
def test_words_are_found_before_they_are_in_the_index(platform, dataset, text, found):
    assert search(platform, text) == found


def test_names_that_all_messages_have_are_not_found_in_the_index(platform, dataset):
    index_all(platform.store)

    assert search(platform, "user") == search(platform, "content") == []


@pytest.mark.parametrize("is_indexed", [True, False])
def test_the_index_follows_changes_and_deletions(platform, dataset, is_indexed):
    if is_indexed:
        index_all(platform.store)
    order, lines = (row["unique_id"] for row in platform.logs(dataset)[:2])

    platform.ask("PATCH", f"/datasets/{dataset}/logs/{order}/", {"input": "About a refund"})
    platform.ask("DELETE", f"/datasets/{dataset}/logs/{lines}/")

    assert search(platform, "order") == search(platform, "second") == []
    assert search(platform, "refund") == ["order"]
    index_all(platform.store)
    assert search(platform, "refund") == ["order"]


def test_a_deleted_dataset_leaves_no_words_behind(platform, dataset):
    index_all(platform.store)

    platform.ask("DELETE", f"/datasets/{dataset}/")
    index_all(platform.store)

    with platform.store.reading() as connection:
        assert search_index.get_indexed(connection) == logs_table.get_last_seq(connection)
        assert connection.execute("SELECT rowid FROM search('order')").fetchall() == []


def test_longer_words_are_not_looked_up_where_enough_is_found(platform):
    dataset = platform.dataset()
    platform.fill(dataset, [log("word", input="order"), log("longer", input="orders")])
    index_all(platform.store)

    assert search(platform, "order") == ["word", "longer"]
    for _ in range(search_index.ENOUGH_FOUND // 500):
        platform.fill(dataset, [log("word", input="order")] * 500)
        index_all(platform.store)
    assert "longer" not in search(platform, "order")
