"""Finds a model in genai-prices' list: by which provider and name it is listed there.

Pure. LangChain names packages and classes (`amazon_bedrock`, `mistralai`), price lists name
providers (`aws`, `mistral`); gateways put a provider before the model (`anthropic/claude-...`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from respan_langchain.usage.model_info import ModelInfo
from respan_langchain.usage.price_corrections import CORRECTIONS

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo as ListedModel
    from genai_prices.types import Provider

_PROVIDER_BY_WORD = (
    # Resellers first: `anthropic-bedrock` is paid to Amazon, `anthropicvertex` to Google.
    ("bedrock", "aws"),
    ("mantle", "aws"),
    ("azure", "azure"),
    ("vertex", "google"),
    ("google", "google"),
    ("gemini", "google"),
    ("mistral", "mistral"),
    ("moonshot", "moonshotai"),
    ("codex", "openai"),
)
_PROVIDER_BY_NAME = {"xai": "x-ai"}
_LOCAL_PROVIDERS = {
    "ollama", "llamacpp", "llamafile", "gpt4all", "huggingfacepipeline", "mlx", "mlxpipeline",
    "ctransformers", "vllm", "lmstudio",
}  # fmt: skip
_LOCAL_HOSTS = (".local", ".internal", ".localhost", ".lan")
_PREFIXES = ("models/", "accounts/fireworks/models/")


@dataclass(frozen=True, eq=False)
class PricedModel:
    """A model in the price list of one provider."""

    provider: "Provider"
    model: "ListedModel"
    name: str
    """The name under which it was found."""
    is_certain: bool
    """False: the provider was guessed from the model's name."""

    @cached_property
    def steps(self) -> tuple[int, ...]:
        """Sizes of the input beyond which other prices hold, the smallest first."""
        model = self.model
        prices = model.prices if isinstance(model.prices, list) else [model]
        tables: list[Mapping[str, Any]] = [
            *(each.prices.__dict__ for each in (*prices, *(model.price_variants or ()))),
            *(each.prices for each in CORRECTIONS if each.provider == self.provider.id),
        ]
        listed = [price for table in tables for price in table.values()]
        return tuple(sorted({tier.start for each in listed for tier in getattr(each, "tiers", ())}))

    @property
    def is_own(self) -> bool:
        """Whether the provider lists the model itself.

        Azure and Google sell others' models by the maker's list, without its tiers and tools.
        """
        return any(self.model is model for model in self.provider.models)


@lru_cache(maxsize=256)
def get_price_provider(provider: str | None) -> str | None:
    """Translate LangChain's name of a provider into the price list's.

    >>> [get_price_provider(name) for name in ("amazon_bedrock", "anthropicvertex", "groq")]
    ['aws', 'google', 'groq']
    """
    if provider is None:
        return None
    name = provider.lower()
    part = next((listed for word, listed in _PROVIDER_BY_WORD if word in name), None)
    return part or _PROVIDER_BY_NAME.get(name, name)


def is_local_provider(provider: str | None) -> bool:
    """Whether the model runs on the user's own machine, or is a fake: no provider sells it."""
    return provider is not None and (
        provider.lower() in _LOCAL_PROVIDERS or "fake" in provider.lower()
    )


def is_private_host(host: str | None) -> bool:
    """Whether only the user's own network reaches the host: a proxy, or a model of their own."""
    if host is None:
        return False
    if host.endswith(_LOCAL_HOSTS) or ("." not in host and ":" not in host):
        return True
    try:
        return ip_address(host).is_private
    except ValueError:
        return False


def _lookup_names(model: ModelInfo) -> list[str]:
    """List the names of a model, the best first; each unchanged, then without its path."""
    served, requested = model.served, model.requested
    names = [name for name in (served, requested) if name]
    if served and requested and served in requested and get_price_provider(model.provider) == "aws":
        # Amazon's inference profile says the region, and so the price; the answer does not.
        names.reverse()
    return list(dict.fromkeys(form for name in names for form in (name, _strip_path(name))))


def _strip_path(name: str) -> str:
    if name.startswith("arn:"):
        name = name.rpartition("/")[2]
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return name.replace("@", "-")


def find_first_model(
    snapshot: "DataSnapshot",
    provider: str | None,
    served: str | None,
    requested: str | None,
    endpoint: str | None,
) -> PricedModel | None:
    """Find a model by the most certain lookup that succeeds; none that runs locally is sold."""
    if is_local_provider(provider):
        return None
    info = ModelInfo(provider=provider, served=served, requested=requested, endpoint=endpoint)
    return next(_find_models(snapshot, info), None)


def _find_models(snapshot: "DataSnapshot", info: ModelInfo) -> Iterator[PricedModel]:
    """Try every lookup, the most certain first."""
    names, private = _lookup_names(info), is_private_host(info.endpoint)
    url = None if info.endpoint is None else f"https://{info.endpoint}/"
    host = _find_provider(snapshot, None, url)
    provider = host or get_price_provider(info.provider)
    if private and provider == "openai":
        # A user's own server speaks OpenAI's protocol, and calls open models `llama3:8b`, `org/m`.
        names = [name for name in names if ":" not in name and "/" not in name]
    if provider is not None:
        for name in names:
            yield from _look_up(snapshot, name, provider, is_certain=not private)
    # Only gateways put the name of the provider behind them before the model.
    gateway = info.endpoint is not None and host is None
    is_listed = provider != "litellm" and _find_provider(snapshot, provider, None) is not None
    for name in names:
        prefix, _, model = name.partition("/")
        if model:
            behind = get_price_provider(prefix)
            is_certain = not private and (gateway or not is_listed)
            yield from _look_up(snapshot, model, behind, is_certain=is_certain)
    for name in names:
        yield from _look_up(snapshot, name, None, is_certain=False)


def _look_up(
    snapshot: "DataSnapshot", name: str, seller: str | None, *, is_certain: bool
) -> Iterator[PricedModel]:
    """Look up a name; without a seller the list guesses it from the name."""
    try:
        provider, model = snapshot.find_provider_model(name, None, seller, None)
    except LookupError:
        return
    yield PricedModel(provider, model, name.lower(), is_certain)


def _find_provider(snapshot: "DataSnapshot", name: str | None, url: str | None) -> str | None:
    try:
        return snapshot.find_provider(None, name, url).id
    except LookupError:
        return None
