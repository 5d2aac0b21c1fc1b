"""Which model was asked, which answered, and how: facts of one model call, without content or keys.

Pure and total. What the start event knows and what the end event adds make one ModelInfo; the
sampling parameters and tools are read in `params.py`.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from respan_langchain.usage.model_params import LANGSMITH_PARAM_NAMES, parse_params

_SERVED_MODEL_KEYS = ("model_name", "model", "model_id", "model_version")
_REQUESTED_MODEL_KEYS = (
    "model",
    "model_name",
    "model_id",
    "azure_deployment",
    "deployment_name",
    "engine",
)
_FINISH_REASON_KEYS = ("finish_reason", "stop_reason", "stopReason", "done_reason")
_REQUEST_ID_KEYS = ("request_id", "RequestId", "x-request-id", "request-id", "id", "generation_id")
_LANGCHAIN_ID_PREFIXES = ("run-", "lc_", "lc-")
"""How ids begin that LangChain made up for a message that came without."""
METADATA_KEYS = ("ls_provider", "ls_model_name", "lc_versions", *LANGSMITH_PARAM_NAMES)
"""All that is read of a run's metadata, since the rest of it is the user's own."""
CONTENT_PARAMS = frozenset({"tools", "tool_choice", "response_format", "stop", "logit_bias"})
"""Parameters that say what was talked about."""
_NONE: Mapping[str, Any] = MappingProxyType({})


class ModelInfo(NamedTuple):
    """What is known of a model call besides its content, tokens and time; None is unknown."""

    provider: str | None = None
    """As LangChain names it (`ls_provider`), or as LangSmith's gateway resolved it."""
    requested: str | None = None
    served: str | None = None
    """The model that answered, as the provider calls it."""
    endpoint: str | None = None
    """Host of a base URL that was set by hand; None means the provider's own."""
    finish_reason: str | None = None
    request_id: str | None = None
    """The provider's id of this answer, as its support asks for it."""
    system_fingerprint: str | None = None
    service_tier: str | None = None
    versions: Mapping[str, str] = _NONE
    """Of langchain-core and the provider's package."""
    params: Mapping[str, object] = _NONE
    """By the platform's names: temperature, max_tokens, stop, tools, response_format, ..."""

    @property
    def name(self) -> str | None:
        """The model that answered, else the one that was asked for."""
        return self.served or self.requested

    def request_metadata(self) -> dict[str, str]:
        """Give those that the start event knows, which are the same at every call."""
        facts = {
            "model": self.requested,
            "model_requested": self.requested,
            "provider_id": self.provider,
            "endpoint": self.endpoint,
        }
        return {name: fact for name, fact in facts.items() if fact is not None}

    def response_metadata(self) -> dict[str, str]:
        """Give those that the end event adds."""
        facts = {
            "model": self.served or self.requested,
            "provider_id": self.provider,
            "finish_reason": self.finish_reason,
            "request_id": self.request_id,
            "system_fingerprint": self.system_fingerprint,
            "service_tier": self.service_tier,
        }
        return {name: fact for name, fact in facts.items() if fact is not None}

    def params_metadata(self, *, content: bool) -> Mapping[str, object]:
        """Give the parameters; tools and schemas count as content."""
        if content:
            return self.params
        return {name: value for name, value in self.params.items() if name not in CONTENT_PARAMS}


def parse_request(
    serialized: Mapping[str, Any] | None,
    metadata: Mapping[str, Any] | None,
    invocation_params: Mapping[str, Any] | None,
    options: Mapping[str, Any] | None,
) -> ModelInfo:
    """Read what a start event knows; all four as LangChain hands them over."""
    settings = _mapping(_mapping(serialized).get("kwargs"))
    metadata, invocation_params = _mapping(metadata), _mapping(invocation_params)
    return ModelInfo(
        provider=_text(metadata.get("ls_provider")) or _class_name(_mapping(serialized)),
        requested=_text(metadata.get("ls_model_name"))
        or _first(invocation_params, _REQUESTED_MODEL_KEYS)
        or _first(settings, _REQUESTED_MODEL_KEYS),
        endpoint=_endpoint(settings),
        versions=_versions(metadata.get("lc_versions")),
        params=parse_params(_mapping(options), invocation_params, settings, metadata),
    )


def parse_response(
    asked: ModelInfo, response: object, reported: Mapping[str, object] | None = None
) -> ModelInfo:
    """Add what the end event's LLMResult knows to what the start event knew.

    `reported` is `get_reported_fields` of the response, where that was read already.
    """
    said = get_reported_fields(response) if reported is None else reported
    # LangSmith's gateway may route to another model than the one that was asked for.
    gateway = _mapping(said.get("lc_gateway_metadata"))
    return ModelInfo(
        provider=_text(gateway.get("provider")) or asked.provider,
        requested=asked.requested,
        served=_text(gateway.get("model")) or _first(said, _SERVED_MODEL_KEYS),
        endpoint=asked.endpoint,
        finish_reason=_first(said, _FINISH_REASON_KEYS),
        request_id=_request_id(said) or _message_id(response),
        system_fingerprint=_text(said.get("system_fingerprint")),
        service_tier=_text(said.get("service_tier")),
        versions=asked.versions,
        params=asked.params,
    )


def get_reported_fields(response: object) -> dict[str, object]:
    """Collect what a provider says beside the message of an LLMResult, to look for a cost in.

    response_metadata wins over generation_info, and both over llm_output.
    """
    generation = _first_generation(response)
    message = getattr(generation, "message", None)
    return {
        **_mapping(getattr(response, "llm_output", None)),
        **_mapping(getattr(generation, "generation_info", None)),
        **_mapping(getattr(message, "response_metadata", None)),
    }


def _first_generation(response: object) -> object:
    prompts = getattr(response, "generations", None)
    for each in prompts if isinstance(prompts, list) else ():
        if isinstance(each, list) and each:
            return each[0]
    return None


def _request_id(said: Mapping[str, object]) -> str | None:
    for place in (said, said.get("ResponseMetadata"), said.get("headers")):
        if isinstance(place, dict) and (found := _first(place, _REQUEST_ID_KEYS)):
            return found
    return None


def _message_id(response: object) -> str | None:
    found = _text(getattr(getattr(_first_generation(response), "message", None), "id", None))
    return None if found is None or found.startswith(_LANGCHAIN_ID_PREFIXES) else found


def _first(place: Mapping[str, object], names: Iterable[str]) -> str | None:
    for name in names:
        if name in place and (text := _text(place[name])):
            return text
    return None


def _text(value: object) -> str | None:
    """A non-empty string, once: merging chunks of a stream writes `stopstop`."""
    return _once(value) if isinstance(value, str) else None


@lru_cache(maxsize=1024)
def _once(text: str) -> str | None:
    # The names of models and reasons come again and again.
    return text[: (text + text).find(text, 1)] if text.strip() else None


def _class_name(serialized: Mapping[str, Any]) -> str | None:
    path = serialized.get("id")
    name = path[-1] if isinstance(path, list) and path else None
    return name.removeprefix("Chat").lower() if isinstance(name, str) else None


def _endpoint(settings: Mapping[str, Any]) -> str | None:
    for name, value in settings.items():
        if (
            isinstance(name, str)
            and name.endswith(("base", "url", "endpoint"))
            and (host := _host(value))
        ):
            return host
    return None


def _host(url: object) -> str | None:
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        return None
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _versions(versions: object) -> dict[str, str]:
    return {
        name: version
        for name, version in _mapping(versions).items()
        if isinstance(name, str) and isinstance(version, str)
    }


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
