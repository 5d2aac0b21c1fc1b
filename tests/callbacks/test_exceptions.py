"""How a failed run is described: above all by the HTTP status that a provider answered with."""

import httpx
import pytest

from respan_langchain.callbacks.exceptions import describe_exception

ASKED = httpx.Request("POST", "https://api.acme.com")


class CodedError(Exception):
    """An error with the attributes that it is given."""

    def __init__(self, **attributes):
        self.__dict__.update(attributes)


class BrokenError(Exception):
    @property
    def response(self):
        raise RuntimeError


def raised_from(cause):
    with pytest.raises(ValueError, match="did not answer") as raised:
        raise ValueError("the model did not answer") from cause
    return raised.value


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (CodedError(status_code=429), 429),
        (CodedError(code=503), 503),
        (httpx.HTTPStatusError("no", request=ASKED, response=httpx.Response(529)), 529),
        (CodedError(response={"ResponseMetadata": {"HTTPStatusCode": 400}}), 400),
        (raised_from(CodedError(status_code=401)), 401),
        (raised_from(raised_from(CodedError(status_code=401))), 401),
        (CodedError(status_code=429, code="rate_limit_exceeded"), 429),
    ],
    ids=["openai", "google", "httpx", "botocore", "cause", "cause of the cause", "code in words"],
)
def test_the_http_status_of_the_provider_is_read(error, status):
    assert describe_exception(error).status_code == status


@pytest.mark.parametrize(
    "error",
    [
        ValueError("no"),
        CodedError(status_code=200),
        CodedError(status_code="429"),
        CodedError(code=-32600),
        CodedError(code=True),
        CodedError(response={}),
        CodedError(response={"ResponseMetadata": None}),
        BrokenError(),
    ],
)
def test_a_number_that_is_no_http_status_is_ignored(error):
    assert describe_exception(error).status_code is None


def test_only_the_first_causes_are_searched():
    error = CodedError(status_code=429)
    for _ in range(20):
        error = raised_from(error)

    assert describe_exception(error).status_code is None
