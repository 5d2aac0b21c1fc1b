"""Replay a dataset against a runnable, with recorded tools, and compare it with what was recorded.

The public names are `respan_langchain.replay` and `respan_langchain.scorers`. The package is not
named `replay`, because `respan_langchain.replay` is the function.
"""
