"""The lines of Python that fill a dataset, for pages without rows."""

from respan_langchain.embedded.store.store import Store
from respan_langchain.server.html import Html, element, visible_text


def handler_lines(store: Store, dataset: str = "support-bot") -> Html:
    """Show how rows get into a dataset of this file."""
    url = "sqlite:///respan.db" if store.in_memory else f"sqlite:///{store.path}"
    lines = [
        "from respan_langchain import RespanDatasetCallbackHandler",
        f"handler = RespanDatasetCallbackHandler(dataset={dataset!r}, base_url={url!r})",
        'chain.invoke(question, config={"callbacks": [handler]})',
    ]
    return element("pre", element("code", visible_text("\n".join(lines))), tabindex="0")
