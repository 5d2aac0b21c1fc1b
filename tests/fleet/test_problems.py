"""What is wrong with the way to Redis is named in `stats` and logged once; no row is lost."""

import subprocess
from shutil import which

import pytest

from respan_langchain.fleet.broker import BrokerError
from tests.delivery.kit import WAIT, encoded
from tests.fleet.kit import free_port, until

OPENSSL = which("openssl")
needs_openssl = pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed")
# CPython leaves the socket open when the server hangs up before the handshake: `SSLSocket._create`
# (3.11) closes it for some of the errors that its `recv` may raise, but not for a reset.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")


class At:
    """The same server, by another URL."""

    def __init__(self, url):
        self.url = url


@pytest.fixture
def tls_redis(redis, tmp_path):
    """The port of a server with a certificate that nobody trusts."""
    key, certificate, port = str(tmp_path / "key"), str(tmp_path / "certificate"), free_port()
    subprocess.run(
        [
            OPENSSL, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
            "-subj", "/CN=localhost", "-keyout", key, "-out", certificate,
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    files = "tls-cert-file", certificate, "tls-key-file", key, "tls-ca-cert-file", certificate
    try:
        redis.ask("CONFIG", "SET", *files, "tls-auth-clients", "no", "tls-port", port)
    except BrokerError as error:
        pytest.skip(f"the server has no TLS: {error}")
    return port


def problem_of(producer, caplog):
    """The problem as `stats` names it, once it has come several times, and the lines about it."""
    producer.put(encoded("a"))
    until(lambda: producer.requests >= 3)
    lines = [record.getMessage() for record in caplog.records]
    return producer.last_error, [line for line in lines if "Redis" in line]


def test_tls_to_a_port_without_it_is_named(redis, open_producer, caplog):
    producer = open_producer(At(redis.url.replace("redis://", "rediss://")))

    problem, [line] = problem_of(producer, caplog)
    assert "the port may not use TLS" in problem
    assert problem in line


@needs_openssl
def test_a_certificate_that_nobody_trusts_is_named(tls_redis, open_producer, caplog):
    producer = open_producer(At(f"rediss://localhost:{tls_redis}/0"))

    problem, [line] = problem_of(producer, caplog)
    assert "CERTIFICATE_VERIFY_FAILED" in problem
    assert problem in line


@needs_openssl
def test_no_tls_to_a_port_with_it_is_named(tls_redis, open_producer, caplog):
    producer = open_producer(At(f"redis://localhost:{tls_redis}/0"))

    problem, [line] = problem_of(producer, caplog)
    assert "the port may need TLS" in problem
    assert problem in line


def test_a_server_that_became_a_replica_is_named_until_it_is_a_primary_again(
    redis, open_producer, caplog
):
    producer = open_producer(redis)
    producer.put(encoded("before"))
    assert producer.flush(WAIT)
    redis.ask("REPLICAOF", "127.0.0.1", free_port())

    problem, [line] = problem_of(producer, caplog)
    assert "read only replica" in problem
    assert problem in line
    redis.ask("REPLICAOF", "NO", "ONE")
    assert producer.flush(WAIT), producer.last_error
    assert redis.rows == 2
