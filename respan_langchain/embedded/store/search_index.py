"""The index of words in logs' contents, so that a search does not read the contents.

A search finds logs that contain all of its words; its last word also finds longer words that begin
with it, where few logs contain the word itself. Words of error messages and of people's comments
are not in the index: these texts are few and short.

The index is an FTS5 table without a copy of the texts. An insert does not pay for it: `serve` adds
new logs later, in the order of insertion, and a search reads the logs that are not in it yet.
"""

import sqlite3
import unicodedata

import orjson

from respan_langchain.embedded.store.fields import SqlCondition
from respan_langchain.embedded.store.filters import all_of, any_of, contains_ignoring_case, join
from respan_langchain.embedded.store.scores_table import HUMAN_EVALUATOR

BATCH_SIZE = 500
"""Logs that are added to the index in one transaction."""
MAX_FOUND = 5001
"""The newest logs that a search finds in the index."""
MAX_SCANNED = 10_000
"""The newest logs that a search reads where it cannot use the index."""
ENOUGH_FOUND = 1000
"""Logs with the word itself, from which on longer words are not looked up: that takes long where a
million logs contain them."""
MIN_PREFIX = 3
"""Characters from which a word also finds longer words."""
FIRST_UNSPACED = "\u0e00"
"""From here on (Thai) scripts do not separate words by spaces."""

_IS_COMMENT = f"evaluator = '{HUMAN_EVALUATOR}' AND comment != ''"
"""SQLite uses the index of comments only for its own condition."""
SEARCHED = ("input", "output", "expected_output")
NOT_WORDS = (
    r"\\", r"\n", r"\r", r"\t", '"content":', '"role":"user"', '"role":"assistant"',
    '"role":"system"', '"role":"tool"',
)  # fmt: skip
"""Parts of contents that are not searched: JSON's escapes, and names that all messages have."""


def install(connection: sqlite3.Connection) -> None:
    """Create the index without logs, and triggers that follow changes of logs that are in it."""
    connection.execute(
        "CREATE VIRTUAL TABLE search USING fts5(words, content='', columnsize=0, detail=none,"
        " tokenize='unicode61 remove_diacritics 2')"
    )
    connection.execute("CREATE TABLE search_progress (indexed INTEGER NOT NULL)")
    connection.execute("INSERT INTO search_progress VALUES (0)")
    add = f"INSERT INTO search(rowid, words) VALUES (NEW.seq, {_words('NEW')});"  # noqa: S608
    remove = (
        "INSERT INTO search(search, rowid, words)"  # noqa: S608
        f" VALUES ('delete', OLD.seq, {_words('OLD')});"
    )
    for event, statements in [
        ("DELETE", remove),
        (f"UPDATE OF {', '.join(SEARCHED)}", f"{remove} {add}"),
    ]:
        connection.execute(
            f"CREATE TRIGGER search_{event[:6].lower()} AFTER {event} ON contents"  # noqa: S608
            " WHEN OLD.seq <= (SELECT indexed FROM search_progress)"
            f" BEGIN {statements} END"
        )
    connection.execute(
        "CREATE INDEX logs_error_message ON logs(error_message) WHERE error_message IS NOT NULL"
    )
    connection.execute(f"CREATE INDEX scores_comment ON scores(comment) WHERE {_IS_COMMENT}")


def _words(row: str) -> str:
    """Write the SQL of a row's searched contents."""
    text = " || ' ' || ".join(f"ifnull({row}.{name}, '')" for name in SEARCHED)
    for part in NOT_WORDS:
        text = f"replace({text}, '{part}', ' ')"
    return text


def get_indexed(connection: sqlite3.Connection) -> int:
    """Return the `seq` up to which all logs are in the index."""
    (indexed,) = connection.execute("SELECT indexed FROM search_progress").fetchone()
    return int(indexed)


def index_batch(connection: sqlite3.Connection, newest: int) -> None:
    """Add the next BATCH_SIZE logs to the index; `newest` is the highest `seq` ever given."""
    indexed = get_indexed(connection)
    (last,) = connection.execute(
        "SELECT max(seq) FROM (SELECT seq FROM contents WHERE seq > ? ORDER BY seq LIMIT ?)",
        (indexed, BATCH_SIZE),
    ).fetchone()
    # Without a log to add, the newest logs were deleted.
    last = newest if last is None else last
    connection.execute(
        f"INSERT INTO search(rowid, words) SELECT seq, {_words('contents')} FROM contents"  # noqa: S608
        " WHERE seq > ? AND seq <= ?",
        (indexed, last),
    )
    connection.execute("UPDATE search_progress SET indexed = ?", (last,))


def erase_deleted(connection: sqlite3.Connection) -> None:
    """Remove the words of deleted logs, which the index keeps until it is merged."""
    connection.execute("INSERT INTO search(search) VALUES ('optimize')")


def split_words(text: str) -> list[str]:
    """Split a text as the index does.

    >>> split_words("Order A-1077, caf\u00e9!")
    ['Order', 'A', '1077', 'caf\u00e9']
    """
    normal = unicodedata.normalize("NFC", text)
    return "".join(character if character.isalnum() else " " for character in normal).split()


def search_condition(text: str, newest: int) -> SqlCondition:
    """Build the condition of a search.

    Args:
        text: What is searched for.
        newest: The `seq` of the newest log, from which a scan looks back.
    """
    error = contains_ignoring_case(SqlCondition("error_message"), text)
    comment = contains_ignoring_case(SqlCondition("comment"), text)
    words = split_words(text)
    use_index = bool(words) and max(text) < FIRST_UNSPACED
    statements = [_find_words(words)] if use_index else []
    statements += [
        _scan_contents(words if use_index else [text], newest, only_new=use_index),
        SqlCondition(
            f"SELECT seq FROM logs WHERE error_message IS NOT NULL AND {error.sql}",  # noqa: S608
            error.parameters,
        ),
        SqlCondition(
            f"SELECT log FROM scores WHERE {_IS_COMMENT} AND {comment.sql}",  # noqa: S608
            comment.parameters,
        ),
    ]
    found = join(" UNION ", statements)
    return SqlCondition(f"logs.seq IN {found.sql}", found.parameters)


def _find_words(words: list[str]) -> SqlCondition:
    """Write the statement that finds words in the index."""
    query = " AND ".join(f'"{word}"' for word in words)
    exact = f"SELECT rowid FROM search WHERE search MATCH ? ORDER BY rowid DESC LIMIT {MAX_FOUND}"  # noqa: S608
    if len(words[-1]) < MIN_PREFIX:
        return SqlCondition(f"SELECT rowid FROM ({exact})", (query,))  # noqa: S608
    # CROSS JOIN keeps the order: where `few` fails the second look-up does not begin.
    return SqlCondition(
        f"SELECT rowid FROM ({exact}) UNION SELECT longer.rowid"  # noqa: S608
        f" FROM (SELECT count(*) AS found FROM ({exact})) AS few CROSS JOIN search AS longer"
        f" WHERE few.found < {ENOUGH_FOUND} AND longer.search MATCH ?",
        (query, query, f"{query} *"),
    )


def _scan_contents(texts: list[str], newest: int, *, only_new: bool) -> SqlCondition:
    """Write the statement that reads the newest logs, or those of them that are not indexed."""
    found = all_of([_contents_contain(text) for text in texts])
    new = " AND seq > (SELECT indexed FROM search_progress)" if only_new else ""
    return SqlCondition(
        f"SELECT seq FROM contents WHERE seq > ?{new} AND {found.sql}",  # noqa: S608
        (newest - MAX_SCANNED, *found.parameters),
    )


def _contents_contain(text: str) -> SqlCondition:
    # Contents are JSON text, so the needle is escaped as in JSON.
    needle = orjson.dumps(text).decode()[1:-1]
    texts = [SqlCondition(f"ifnull({name}, '')") for name in SEARCHED]
    return any_of([contains_ignoring_case(text, needle) for text in texts])
