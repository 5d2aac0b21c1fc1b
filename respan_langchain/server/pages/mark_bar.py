"""The bar below the rows: what can be done with the rows that are marked."""

from respan_langchain.server import layout
from respan_langchain.server.html import Html, dataset_link, element

SCORES = (("1", "Good"), ("0.5", "So-so"), ("0", "Bad"))


def mark_bar(dataset_id: str, *, can_write: bool) -> Html:
    """Build the bar, as a part of the form that has the marks."""
    compare = element("button", "Compare", type="submit", class_="primary", data_key="compare")
    clear = element("button", "Clear", type="button", class_="quiet", data_action="unmark")
    return element(
        "div",
        element("span", "Mark rows to compare or move them", class_="hint", aria_live="polite"),
        compare,
        *(_actions(dataset_link(dataset_id, "bulk")) if can_write else []),
        clear,
        class_="mark-bar",
    )


def _actions(address: str) -> list[Html]:
    """Build the menus that change rows; they send the form to an address of their own."""
    target = element("input", name="target", placeholder="golden", autocomplete="off")
    tag = element("input", name="tag", placeholder="to discuss", autocomplete="off")
    score = layout.select("score", SCORES)
    menus = [
        ("Add to dataset", "Dataset, new or not", target, "Add the rows", "add"),
        ("Tag", "Tag", tag, "Add the tag", "tag"),
        ("Score", "Score by you", score, "Save the scores", "score"),
        ("Delete", None, None, "Delete the marked rows", "delete"),
    ]
    return [_menu(address, *menu) for menu in menus]


def _menu(
    address: str, title: str, label: str | None, control: Html | None, button: str, action: str
) -> Html:
    box = element(
        "div",
        layout.field(label, control) if label and control else None,
        element(
            "button",
            button,
            type="submit",
            name="action",
            value=action,
            formaction=address,
            formmethod="post",
            class_="primary",
        ),
        class_="popover",
    )
    return layout.menu(title, box, "menu-up")
