"""OpenTelemetry creates no spans for the package's own requests."""

import sys
from types import ModuleType

import httpx
import pytest

from respan_langchain.client.client import DatasetClient
from respan_langchain.client.http.instrumentation import suppress_instrumentation


class Context(ModuleType):
    """The functions of OpenTelemetry's module that are used."""

    def __init__(self, key):
        super().__init__("opentelemetry.context")
        self.current = {"app": 1}
        if key is not None:
            self._SUPPRESS_INSTRUMENTATION_KEY = key

    def set_value(self, key, value, context=None):
        return {**(self.current if context is None else context), key: value}

    def attach(self, context):
        before, self.current = self.current, context
        return before

    def detach(self, before):
        self.current = before


@pytest.mark.parametrize("key", ["suppress-1f2e", None])
def test_instrumentation_is_suppressed_while_a_request_is_sent(monkeypatch, key):
    context = Context(key)
    monkeypatch.setitem(sys.modules, "opentelemetry.context", context)
    seen = []

    def answered(request):
        seen.append(context.current)
        return httpx.Response(200, json={"id": "d1"})

    with DatasetClient("sk-12345678", transport=httpx.MockTransport(answered)) as client:
        client.dataset("d1")

    expected = {"app": 1, "suppress_instrumentation": True}
    assert seen == [expected if key is None else {**expected, key: True}]
    assert context.current == {"app": 1}


def test_the_context_is_restored_after_a_failure(monkeypatch):
    context = Context("suppress-1f2e")
    monkeypatch.setitem(sys.modules, "opentelemetry.context", context)

    with pytest.raises(OSError, match="no"), suppress_instrumentation():
        raise OSError("no")

    assert context.current == {"app": 1}


def test_opentelemetry_is_not_imported(monkeypatch):
    monkeypatch.delitem(sys.modules, "opentelemetry.context", raising=False)

    with suppress_instrumentation():
        pass

    assert "opentelemetry.context" not in sys.modules
