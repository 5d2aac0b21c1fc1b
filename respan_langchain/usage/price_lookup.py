"""The providers and names under which to look a model up in a price list.

Pure. LangChain names packages and classes (`amazon_bedrock`, `mistralai`), price lists name
providers (`aws`, `mistral`); gateways put a provider before the model (`anthropic/claude-...`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address

from respan_langchain.usage.model_info import ModelInfo

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


@dataclass(frozen=True, slots=True)
class PriceLookup:
    """One way to look a model up."""

    model: str
    provider: str | None = None
    """Who sells it; None leaves that to the model's name, which is a guess."""


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


def get_lookup_names(facts: ModelInfo) -> list[str]:
    """List what the model may be called, the best name first: as it stands, then without a path."""
    served, requested = facts.served, facts.requested
    names = [name for name in (served, requested) if name]
    if served and requested and served in requested and get_price_provider(facts.provider) == "aws":
        # Amazon's inference profile says the region, and so the price; the answer does not.
        names.reverse()
    return list(dict.fromkeys(form for name in names for form in (name, _strip_path(name))))


def split_prefixed_names(names: list[str]) -> Iterator[PriceLookup]:
    """Read `anthropic/claude-sonnet-4-5` as LiteLLM and gateways mean it: provider, then model."""
    for name in names:
        provider, slash, model = name.partition("/")
        if slash and model:
            yield PriceLookup(model, get_price_provider(provider))


def is_self_hosted_name(name: str) -> bool:
    """Whether the name is how one's own server calls an open model: `llama3:8b`, `org/model`."""
    return ":" in name or "/" in name


def _strip_path(name: str) -> str:
    if name.startswith("arn:"):
        name = name.rpartition("/")[2]
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return name.replace("@", "-")
