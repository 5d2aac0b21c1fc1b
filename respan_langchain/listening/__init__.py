"""HALL.

LangChain's side of the handler: its events are written down here, on the app's own threads.
"""
