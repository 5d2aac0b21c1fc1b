"""Makes the pictures of the web pages in docs/images. The rows are made up and always the same.

`PYTHONPATH=tests python tests/server/browser/screenshots.py`
"""

import random
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from support.evaluations import wait_for_evaluations

from respan_langchain.embedded.endpoints import datasets, evaluations
from respan_langchain.embedded.store import datasets_table, logs_table
from respan_langchain.embedded.store.log_columns import parse_log
from respan_langchain.embedded.store.scores_table import Score, upsert
from respan_langchain.embedded.store.store import Store
from respan_langchain.server.asgi import serving

IMAGES = Path(__file__).parents[3] / "docs" / "images"
QUALITY = 80
BEGIN = 1_793_523_600
"""1 November 2026."""

POLICY = """You can return them **within 30 days**:

1. Open a return in your account
2. Print the label
3. Drop the box off

| Reason | Fee |
|---|---|
| Too small | none |
| Changed my mind | 4.90 |"""
QUESTIONS = [
    ("How do I return shoes?", POLICY),
    ("And without the box?", "Sorry, the box is needed: it goes back to the shelf."),
    ("Where is my order A-1042?", "It is on its way and should be with you on Thursday."),
    ("Is delivery free above 50?", "No, delivery is free above 60; below that it costs 4.90."),
    ("A seam has opened after a year. Who pays?", "We do: soles and seams have a warranty."),
    ("Can I pay by invoice?", "Yes, you have 14 days to pay an invoice."),
    ("Do you ship to Greenland?", None),
]


def build_rows() -> list[dict]:
    numbers = random.Random(7)  # noqa: S311  # the same rows every time
    rows = []
    for number in range(140):
        question, answer = QUESTIONS[number % len(QUESTIONS)]
        thread = f"chat-{number // 3}"
        metadata = {
            "span_name": "support", "log_type": "agent", "thread_identifier": thread,
            "customer_identifier": numbers.choice(["ada", "ben", "cleo", "dara"]),
            "model": numbers.choice(["gpt-4o-mini", "claude-haiku-4-5"]),
            "status": "success" if answer else "error",
        }  # fmt: skip
        metadata |= {} if answer else {"error_message": "the model did not answer in 30 seconds"}
        tokens = numbers.randint(60, 400)
        metrics = {
            "cost": tokens / 1e6, "latency": round(numbers.lognormvariate(0, 0.6), 3),
            "prompt_tokens": tokens, "completion_tokens": tokens // 4,
            "timestamp": BEGIN + number * 7200 + numbers.randint(0, 5000),
        }  # fmt: skip
        messages = [{"role": "user", "content": question}]
        row = {"input": messages, "metadata": metadata, "metrics": metrics}
        output = {"output": {"role": "assistant", "content": answer}} if answer else {}
        rows.append(row | output)
    return rows


def fill(store: Store) -> str:
    with store.writing() as connection:
        dataset_id = datasets_table.insert(connection, "support-bot")
        dataset = datasets_table.get_seq(connection, dataset_id)
        logs_table.insert(connection, dataset, [parse_log(row) for row in build_rows()])
        upsert(
            connection,
            [Score(seq, "human", (seq % 3) / 2, True, "", "Ann") for seq in range(1, 60)],
        )
    datasets.create(store, {"name": "golden", "is_empty": True})
    names = ["contains:30 days", "latency_limit:2", "cost_limit:0.0003"]
    evaluations.create(store, dataset_id, {"evaluator_ids": names}, evaluations.AccessPolicy())
    wait_for_evaluations()
    return dataset_id


def take(folder: Path) -> list[Path]:
    """Write the pictures into a folder, and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        store = Store(Path(place) / "respan.db")
        dataset = f"/datasets/{fill(store)}/"
        with serving(store) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
            )
            page = browser.new_page(
                base_url=address,
                viewport={"width": 1280, "height": 800},
                locale="en-GB",
                timezone_id="UTC",
            )
            pictures = {
                "rows": dataset,
                "thread": f"{dataset}thread?id=chat-0",
                "review": f"{dataset}review",
                "evaluations": f"{dataset}evaluations?evaluator=contains:30+days"
                "&evaluator=latency_limit:2",
            }
            taken = [_take(page, folder, name, place) for name, place in pictures.items()]
            page.emulate_media(color_scheme="dark")
            taken.append(_take(page, folder, "rows-dark", dataset))
            browser.close()
        store.close()
    return taken


def _take(page: Page, folder: Path, name: str, address: str) -> Path:
    page.goto(address)
    page.wait_for_load_state("networkidle")
    path = folder / f"{name}.jpg"
    page.screenshot(path=path, type="jpeg", quality=QUALITY, animations="disabled")
    return path


if __name__ == "__main__":
    for taken in take(IMAGES):
        sys.stdout.write(f"{taken} {taken.stat().st_size:,} bytes\n")
