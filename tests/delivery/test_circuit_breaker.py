"""The circuit breaker: after an error that retries cannot fix, only probes are sent."""

from respan_langchain.delivery.circuit_breaker import CircuitBreaker


def test_an_open_circuit_is_probed_once_per_interval_until_it_is_reset():
    circuit = CircuitBreaker(probe_interval=60.0)

    assert circuit.trip("a", now=5.0)
    assert circuit.is_open("a")
    assert circuit.next_probe_at("a") == 65.0
    assert not circuit.trip("a", now=70.0)
    assert circuit.next_probe_at("a") == 130.0
    assert not circuit.is_open("b")
    assert circuit.reset("a")
    assert not circuit.reset("a")
    assert circuit.next_probe_at("a") == float("-inf")
