"""One row for a question that is asked again and again, and a mark where an answer changed."""

from langchain_core.runnables import RunnableLambda

from respan_langchain import RespanDatasetCallbackHandler
from respan_langchain.datasets.dataset import Dataset
from respan_langchain.rules import Budget, Rules, everything, keep

URL = "sqlite:///respan.db"
ANSWERS = {"1.0": "Within 30 days.", "1.1": "Within 14 days."}
rules = Rules(
    keep(everything),
    dedupe="input",
    budget=Budget(rows_per_day=1_000, usd_per_day=5),
    mark_regressions=True,
)

with RespanDatasetCallbackHandler("faq", base_url=URL, rules=rules) as handler:
    for version, answer in ANSWERS.items():
        chain = RunnableLambda(lambda _, answer=answer: answer)
        for question in ["Can I return shoes?", "can I return  shoes?"] * 10:
            config = {"callbacks": [handler], "metadata": {"app_version": version}}
            chain.invoke(question, config)
    handler.flush()
    counts = handler.stats.rules["everything"]
    print(f"saw {counts.seen}, kept {counts.kept}, folded {counts.folded}")
    print(f"used {handler.stats.budget['rows_per_day']:.1%} of the day's rows")

with Dataset.open("faq", base_url=URL) as rows:
    for row in rows:
        seen, other = row.metadata.get("seen_count", 1), row.metadata["possible_regression"]
        print(f"{row.output} seen {seen} times, other answer: {other is not None}")
