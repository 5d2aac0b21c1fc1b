"""Creating, renaming and deleting datasets on the pages."""

import sqlite3
from typing import Any

import orjson

from respan_langchain._display import format_count
from respan_langchain.embedded.endpoints import datasets
from respan_langchain.embedded.http import HttpError, Response
from respan_langchain.embedded.store.schema import SAVED_LOGS
from respan_langchain.server import layout
from respan_langchain.server.html import Html, dataset_link, element, strip_invisible
from respan_langchain.server.page_request import PageRequest


def create_form() -> Html:
    """Build the menu that creates a dataset."""
    name = element("input", name="name", required=True, autocomplete="off", placeholder="golden")
    form = element(
        "form.popover",
        layout.field("Name", name),
        element("button.primary", "Create", type="submit"),
        method="post",
        action="/",
    )
    return layout.menu("New dataset", form, "menu-right")


def create(asked: PageRequest) -> Response:
    """Create a dataset, and show it."""
    name = asked.form.get("name", "")
    created = datasets.create(asked.store, {"name": name, "is_empty": True})
    dataset_id = orjson.loads(created.body)["id"]
    return Response(303, headers={"location": dataset_link(dataset_id)})


def settings_menu(dataset: sqlite3.Row) -> Html | None:
    """Build the menu that renames or deletes a dataset; None for the virtual one."""
    if dataset["id"] == SAVED_LOGS:
        return None
    shown = strip_invisible(dataset["name"])
    name = element("input", name="name", value=shown, required=True, autocomplete="off")
    about = element(
        "textarea", strip_invisible(dataset["description"]), name="description", rows="2"
    )
    rows = f"{format_count(dataset['log_count'])} rows"
    form = element(
        "form.popover",
        layout.field("Name", name),
        layout.field("Description", about),
        element("button.primary", "Save", name="action", value="rename", type="submit"),
        element(
            "details",
            element("summary.danger", "Delete the dataset"),
            element("button.danger", f"Delete it and its {rows}", name="action", value="delete",
                    type="submit"),
        ),
        method="post",
        action=dataset_link(dataset["id"], "settings")
    )  # fmt: skip
    return layout.menu("Settings", form, "menu-right")


def change(asked: PageRequest) -> Response:
    """Rename or delete a dataset.

    Raises:
        HttpError: 400, when the form is not valid.
    """
    form = asked.form
    match form.get("action"):
        case "rename":
            known: dict[str, Any] = {
                name: form[name] for name in ("name", "description") if name in form
            }
            datasets.update(asked.store, asked.dataset_id, known)
            return Response(303, headers={"location": dataset_link(asked.dataset_id)})
        case "delete":
            datasets.delete(asked.store, asked.dataset_id)
            return Response(303, headers={"location": "/"})
        case _:
            raise HttpError.for_field("action", "must be rename or delete")
