"""A chain captured in a local file, without a key; `respan-langchain serve` shows its rows."""

from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate

from respan_langchain import RespanDatasetCallbackHandler

# A fake model, so that this runs without a key; it has no price. Rows of a model with a price, such
# as ChatOpenAI(model="gpt-4o-mini"), have a cost, too.
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
