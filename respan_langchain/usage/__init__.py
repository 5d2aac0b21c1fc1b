"""Tokens, model and cost of a model call, from what LangChain and the provider report.

Pure: no I/O, no clock, no threads.
"""
