"""The page's own addresses."""

from urllib.parse import quote


def dataset_link(dataset_id: str, rest: str = "", query: str = "") -> str:
    """Write the address of a dataset's page, or of one below it."""
    return f"/datasets/{quote(dataset_id, safe='')}/{rest}{_query(query)}"


def log_link(dataset_id: str, unique_id: str, rest: str = "", query: str = "") -> str:
    """Write the address of a log's page, or of one below it."""
    return dataset_link(dataset_id, f"logs/{quote(unique_id, safe='')}/{rest}", query)


def _query(query: str) -> str:
    return f"?{query}" if query else ""
