"""Rows without names: consent, pseudonyms, and a customer who wants to be forgotten."""

from langchain_core.language_models import FakeListChatModel

from respan_langchain import RespanDatasetCallbackHandler
from respan_langchain.datasets.dataset import Dataset

handler = RespanDatasetCallbackHandler(
    dataset="support-bot",
    base_url="sqlite:///respan.db",
    redact=["secrets", "personal"],
    pseudonym_key="keep this like a password",
    consent=lambda run: run.metadata.get("may_be_evaluated") is True,
)
model = FakeListChatModel(responses=["We will call you back."])


def ask(question: str, customer: str, *, agreed: bool) -> None:
    """Ask as a customer, who agreed or did not agree to the use of the answer."""
    metadata = {"user_id": customer, "may_be_evaluated": agreed}
    model.invoke(question, config={"callbacks": [handler], "metadata": metadata})


ask("My number is +41 44 668 18 00.", "ann@mail.example", agreed=True)
ask("Mine is +41 44 668 18 01.", "bob@mail.example", agreed=True)
ask("Do not keep this.", "eve@mail.example", agreed=False)
handler.flush(timeout=5)

with Dataset.open("support-bot", base_url="sqlite:///respan.db") as rows:
    for row in rows:
        print(row.customer_identifier, "asks:", row.input[0]["content"])
    receipt = handler.forget(customer="ann@mail.example")
    print("forgotten:", receipt.total, "left:", len(rows), "problems:", len(receipt.problems))
