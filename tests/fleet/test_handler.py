"""`via=` of a handler: which way its rows go, and what it needs for that."""

import pickle
import subprocess
import sys
import traceback
from uuid import uuid4

import pytest
from support.models import FakeChat

from respan_langchain import ConfigurationError, RespanDatasetCallbackHandler
from respan_langchain.pipeline.destination import spool_directory
from respan_langchain.pipeline.transport import RespanTransport
from respan_langchain.settings.reading import read_settings
from tests.delivery.kit import WAIT
from tests.fleet.kit import until


def test_a_handler_without_a_key_delivers_by_way_of_redis(
    redis, forward, platform, make_handler, rows_of
):
    handler = RespanDatasetCallbackHandler("support-bot", via=redis.url)
    FakeChat().invoke("Hello", {"callbacks": [handler]})

    assert handler.flush(20), handler.stats
    assert handler.stats.delivered == 1
    forward(redis, to=RespanTransport(read_settings(base_url=platform)))
    until(lambda: redis.counts.get("delivered") == 1)
    [row] = rows_of(make_handler())
    assert row["output"]["content"] == "Within 30 days, unworn."
    handler.shutdown(5)


def test_feedback_goes_by_way_of_redis_too(redis, forward, platform, make_handler, rows_of):
    handler = RespanDatasetCallbackHandler("support-bot", via=redis.url)
    run_id = uuid4()
    FakeChat().invoke("Hello", {"callbacks": [handler], "run_id": run_id})
    assert handler.flush(20), handler.stats
    handler.feedback(run_id, score=1.0)

    assert handler.flush(20)
    assert handler.stats.feedback == {"applied": 1}
    forward(redis, to=RespanTransport(read_settings(base_url=platform)))
    until(lambda: redis.counts.get("delivered") == 2)
    [row] = rows_of(make_handler())
    assert row["metadata"]["scores"][0]["score"] == 1.0
    handler.shutdown(5)


@pytest.mark.parametrize("url", ["http://localhost", "localhost:6379", "amqp://x"])
def test_a_url_of_something_else_is_refused_without_quoting_it(url):
    with pytest.raises(ConfigurationError, match="via") as caught:
        RespanDatasetCallbackHandler("d", via=url)

    assert url not in str(caught.value)


PASSWORD = "Wq7rZx2mKd93"  # noqa: S105  # a sample


@pytest.mark.parametrize(
    "url",
    [
        f"redis://u:{PASSWORD}/rest@127.0.0.1:9/0",
        f"redis://u:{PASSWORD}#rest@127.0.0.1:9/0",
        f"redis://u:{PASSWORD}?rest@127.0.0.1:9/0",
        f"redis://{PASSWORD}:{PASSWORD}/",
        f"redis://[{PASSWORD}]/0",
        f"redis://u:{PASSWORD}@127.0.0.1:99999/0",
        f"redis://u:6379/{PASSWORD}@127.0.0.1:9/0",
        f"redis://u:6379?{PASSWORD}@127.0.0.1:9/0",
    ],
)
def test_a_password_that_breaks_its_url_is_refused_without_quoting_it(url):
    with pytest.raises(ConfigurationError, match=r"via.*%2F") as caught:
        RespanDatasetCallbackHandler("d", via=url)

    assert PASSWORD.lower() not in f"{traceback.format_exception(caught.value)}".lower()


@pytest.mark.parametrize(
    ("options", "password"),
    [({}, ""), ({}, "another"), ({"rename-command": ("AUTH", "")}, "")],
    ids=["no password is set", "another password is set", "AUTH is unknown"],
)
def test_the_password_of_redis_is_nowhere(options, password, start_redis, tmp_path, caplog):
    caplog.set_level("DEBUG")
    server = start_redis(**options)
    server.ask("CONFIG", "SET", "requirepass", password)
    spool = tmp_path / "spool"
    handler = RespanDatasetCallbackHandler(
        "d", via=server.url.replace("//", f"//:{PASSWORD}@"), delivery="durable", spool_dir=spool
    )
    FakeChat().invoke("Hello", {"callbacks": [handler]})
    shown = f"{handler.flush(1)!r} {handler!r} {handler.stats!r} {vars(handler)}"
    handler._worker.discard_pending("the test is over")

    assert PASSWORD not in shown + caplog.text
    assert PASSWORD.encode() not in pickle.dumps(handler)
    files = [path for path in spool.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if PASSWORD.encode() in path.read_bytes()]
    assert not [path for path in files if PASSWORD in str(path)]


def test_rows_on_disk_go_the_way_of_their_process(tmp_path):
    def directory(**options):
        return spool_directory(read_settings(api_key="k", spool_dir=tmp_path, **options)).name

    assert directory(via="redis://broker/0").startswith("broker-")
    assert directory(via="redis://broker/0") != directory(via="redis://broker/1")
    assert directory() != directory(via="redis://broker/0")


EXIT = """
import sys
from langchain_core.language_models import FakeListChatModel
from respan_langchain import RespanDatasetCallbackHandler

handler = RespanDatasetCallbackHandler("d", via=sys.argv[1], exit_timeout=1.0)
FakeListChatModel(responses=["Hello."]).invoke("Hello", {"callbacks": [handler]})
handler.process_pending()  # on a busy machine a second may be over before the row is built
"""


def test_a_redis_that_hangs_does_not_keep_a_process_from_ending(redis):
    redis.freeze()
    done = subprocess.run(
        [sys.executable, "-c", EXIT, redis.url],
        capture_output=True,
        text=True,
        check=False,
        timeout=4 * WAIT,
    )

    assert (done.returncode, done.stdout) == (0, "")
    assert "1 row(s) not delivered" in done.stderr


CODE = """
import sys
from respan_langchain import ConfigurationError, RespanDatasetCallbackHandler as Handler

Handler("d", base_url="sqlite:///:memory:")
assert not {"redis", "respan_langchain.fleet"} & set(sys.modules)
sys.modules["redis"] = None  # as if it were not installed
try:
    Handler("d", via="redis://localhost")
except ConfigurationError as error:
    print(error)
"""


def test_redis_is_imported_with_via_only_and_named_where_it_is_missing():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)

    assert "pip install 'respan-langchain[fleet]'" in done.stdout
