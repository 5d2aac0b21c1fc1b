"""A chain, captured without a key, in a file; `respan-langchain serve` then shows its rows."""

from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate

from respan_langchain import RespanDatasetCallbackHandler

# Scripted, so that it runs without a key; a fake has no price. With ChatOpenAI(model="gpt-4o-mini")
# or any other model that is sold in its place, rows have a cost too.
answer = AIMessage(
    "Within 30 days, unworn.",
    usage_metadata={"input_tokens": 24, "output_tokens": 7, "total_tokens": 31},
    response_metadata={"model_name": "gpt-4o-mini"},
)
model = GenericFakeChatModel(messages=iter([answer]))
prompt = ChatPromptTemplate.from_messages([("system", "You sell shoes."), ("human", "{question}")])
chain = prompt | model | StrOutputParser()

# With RESPAN_API_KEY set, leave base_url out and the rows go to Respan.
handler = RespanDatasetCallbackHandler(dataset="support-bot", base_url="sqlite:///respan.db")
print(chain.invoke({"question": "Can I return shoes?"}, config={"callbacks": [handler]}))

print("delivered:", bool(handler.flush(timeout=5)))
print(handler.stats)
