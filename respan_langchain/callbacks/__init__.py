"""LangChain's side: callbacks that turn events into tuples, on the app's threads.

No I/O, no JSON and no lock that can block: what runs here runs inside the app's calls.
"""
