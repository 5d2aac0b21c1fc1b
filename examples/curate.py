"""Rules over rows that are stored already: capture everything first, decide later.

python curate.py
respan-langchain curate questions --rules curate:rules --dry-run
respan-langchain curate questions --rules curate:rules --as sample
"""

from langchain_core.runnables import RunnableLambda

from respan_langchain import RespanDatasetCallbackHandler
from respan_langchain.rules import Rules, error_anywhere, everything, keep

rules = Rules(
    keep(error_anywhere, to="failures"),
    keep(everything, rate=0.1),
)


def answer(question: str) -> str:
    """Answer a question; some have no answer."""
    if "moon" in question:
        raise LookupError("no such topic")
    return "Within 30 days."


if __name__ == "__main__":
    questions = [f"Can I return {thing} {n}?" for n in range(50) for thing in ("shoe", "moon")]
    with RespanDatasetCallbackHandler("questions", base_url="sqlite:///respan.db") as handler:
        chain = RunnableLambda(answer)
        chain.batch(questions, {"callbacks": [handler]}, return_exceptions=True)
    print(f"{handler.stats.delivered} rows in questions")
