"""What is known of a model call without content or keys: models, finish reason, tier, parameters.

Pure; never raises. Start and end event together make one ModelInfo; sampling parameters and tools
are read in `model_params.py`.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from respan_langchain._untyped_values import as_mapping, first_text, read_text
from respan_langchain.usage.finish import is_refused, read_finish_reason
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
_REQUEST_ID_KEYS = ("request_id", "RequestId", "x-request-id", "request-id", "id", "generation_id")
_REQUEST_ID_PLACES = ("ResponseMetadata", "headers")
_REQUEST_ID_FIELDS = frozenset(_REQUEST_ID_KEYS + _REQUEST_ID_PLACES)
_LANGCHAIN_ID_PREFIXES = ("run-", "lc_", "lc-")
"""How ids begin that LangChain made up for a message that came without one."""
_USAGE_KEYS = ("usage", "token_usage")
"""Reports with more than counts: Anthropic's has the tier and the speed that were served."""
_NESTED_PARAMS = ("model_kwargs", "extra_body", "web_search_options")
_PRICE_CONTEXT = {
    "speed": {"standard"},
    "inference_geo": {"global", "not_available"},
    "search_context_size": set[str](),
}
"""What prices depend on besides model and tier, with the values that do not change them."""
_PRICE_KEYS = {*_PRICE_CONTEXT, "service_tier", "serviceTier"}
METADATA_KEYS = ("ls_provider", "ls_model_name", "lc_versions", *LANGSMITH_PARAM_NAMES)
"""The keys that are read of a run's metadata; the others are the user's own."""
CONTENT_PARAMS = frozenset({"tools", "tool_choice", "response_format", "stop", "logit_bias"})
"""Parameters that are content."""
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
    native_finish_reason: str | None = None
    """Where a router translates it, the reason in the words of the provider behind it."""
    refused: bool = False
    """Whether the model or its provider declined to answer."""
    request_id: str | None = None
    """The provider's id of this answer, as its support asks for it."""
    system_fingerprint: str | None = None
    service_tier: str | None = None
    """The tier that served the call; the requested one where the answer names none."""
    price_context: Mapping[str, str] = _NONE
    """What else the price depends on: `speed`, `inference_geo`, `search_context_size`."""
    versions: Mapping[str, str] = _NONE
    """Of langchain-core and the provider's package."""
    params: Mapping[str, object] = _NONE
    """By the platform's names: temperature, max_tokens, stop, tools, response_format, ..."""

    @property
    def name(self) -> str | None:
        """The model that answered, else the requested one."""
        return self.served or self.requested

    def request_metadata(self) -> dict[str, str]:
        """Return the metadata that the start event gives, which is the same at every call."""
        fields = {
            "model": self.requested,
            "model_requested": self.requested,
            "provider_id": self.provider,
            "endpoint": self.endpoint,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def response_metadata(self) -> dict[str, str | bool]:
        """Return the metadata that the end event adds."""
        fields = {
            "model": self.served or self.requested,
            "provider_id": self.provider,
            "finish_reason": self.finish_reason,
            "native_finish_reason": self.native_finish_reason,
            "refused": self.refused or None,
            "request_id": self.request_id,
            "system_fingerprint": self.system_fingerprint,
            "service_tier": self.service_tier,
            **self.price_context,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def params_metadata(self, *, content: bool) -> Mapping[str, object]:
        """Return the parameters; tools and schemas count as content."""
        if content:
            return self.params
        return {name: value for name, value in self.params.items() if name not in CONTENT_PARAMS}


def parse_request(
    serialized: Mapping[str, Any] | None,
    metadata: Mapping[str, Any] | None,
    invocation_params: Mapping[str, Any] | None,
    options: Mapping[str, Any] | None,
) -> ModelInfo:
    """Read the model of a start event; all four arguments as LangChain passes them."""
    settings = as_mapping(as_mapping(serialized).get("kwargs"))
    metadata, invocation_params = as_mapping(metadata), as_mapping(invocation_params)
    nested = map(as_mapping, map(invocation_params.get, _NESTED_PARAMS))
    given = (invocation_params, *nested, settings)
    return ModelInfo(
        provider=read_text(metadata.get("ls_provider")) or _class_name(as_mapping(serialized)),
        requested=read_text(metadata.get("ls_model_name"))
        or first_text(invocation_params, _REQUESTED_MODEL_KEYS)
        or first_text(settings, _REQUESTED_MODEL_KEYS),
        endpoint=_endpoint(settings),
        service_tier=_service_tier(given),
        price_context=_price_context(given),
        versions=_versions(metadata.get("lc_versions")),
        params=parse_params(as_mapping(options), invocation_params, settings, metadata),
    )


def parse_response(
    request: ModelInfo, message: object, reported: Mapping[str, object]
) -> ModelInfo:
    """Add what the answer of the end event tells to what the start event told.

    Args:
        request: What the start event told.
        message: The first candidate's message (`get_message`).
        reported: What the provider reported beside it (`get_reported_fields`).
    """
    provider, served = request.provider, first_text(reported, _SERVED_MODEL_KEYS)
    if "lc_gateway_metadata" in reported:
        # LangSmith's gateway may route to another model than the requested one.
        gateway = as_mapping(reported["lc_gateway_metadata"])
        provider = read_text(gateway.get("provider")) or provider
        served = read_text(gateway.get("model")) or served
    tier, context = request.service_tier, request.price_context
    places = (reported, *map(as_mapping, map(reported.get, _USAGE_KEYS)))
    if not all(map(_PRICE_KEYS.isdisjoint, places)):
        tier, context = _service_tier(places) or tier, _price_context(places, context)
    reason = read_finish_reason(reported)
    return ModelInfo(
        provider=provider,
        requested=request.requested,
        served=served,
        endpoint=request.endpoint,
        finish_reason=reason,
        native_finish_reason=read_text(reported.get("native_finish_reason")),
        refused=is_refused(message, reported, reason),
        request_id=_request_id(reported) or _message_id(message),
        system_fingerprint=read_text(reported.get("system_fingerprint")),
        service_tier=tier,
        price_context=context,
        versions=request.versions,
        params=request.params,
    )


def get_reported_fields(response: object) -> dict[str, object]:
    """Collect what a provider reports beside the message of an LLMResult.

    response_metadata wins over generation_info, and both win over llm_output.
    """
    generation = _first_generation(response)
    message = getattr(generation, "message", None)
    return {
        **as_mapping(getattr(response, "llm_output", None)),
        **as_mapping(getattr(generation, "generation_info", None)),
        **as_mapping(getattr(message, "response_metadata", None)),
    }


def get_message(response: object) -> object:
    """Return the first candidate's message of an LLMResult; None for text models."""
    return getattr(_first_generation(response), "message", None)


def _first_generation(response: object) -> object:
    prompts = getattr(response, "generations", None)
    for each in prompts if isinstance(prompts, list) else ():
        if isinstance(each, list) and each:
            return each[0]
    return None


def _service_tier(places: Iterable[Mapping[str, object]]) -> str | None:
    for place in places:
        if "service_tier" in place and (tier := read_text(place["service_tier"])):
            return tier
        if "serviceTier" in place:  # Bedrock wraps it as {"type": "priority"}
            return read_text(as_mapping(place["serviceTier"]).get("type"))
    return None


def _price_context(
    places: Iterable[Mapping[str, object]], requested: Mapping[str, str] = _NONE
) -> Mapping[str, str]:
    """Read what the price depends on; values of the answer replace those of the request."""
    found: dict[str, str] = {}
    for place in places:
        if place.keys().isdisjoint(_PRICE_CONTEXT):
            continue
        for name in _PRICE_CONTEXT:
            if name in place and (value := read_text(place[name])):
                found.setdefault(name, value)
    if not found:
        return requested or {}
    context = {**requested, **found}
    return {name: context[name] for name in context if context[name] not in _PRICE_CONTEXT[name]}


def _request_id(fields: Mapping[str, object]) -> str | None:
    if _REQUEST_ID_FIELDS.isdisjoint(fields):
        return None
    for place in (fields, *map(fields.get, _REQUEST_ID_PLACES)):
        if isinstance(place, dict) and (found := first_text(place, _REQUEST_ID_KEYS)):
            return found
    return None


def _message_id(message: object) -> str | None:
    found = getattr(message, "id", None)
    if not isinstance(found, str) or found.startswith(_LANGCHAIN_ID_PREFIXES):
        return None
    return read_text(found)


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
        for name, version in as_mapping(versions).items()
        if isinstance(name, str) and isinstance(version, str)
    }
