"""The small LangChain app that `respan-langchain demo` runs, with a fake model."""
