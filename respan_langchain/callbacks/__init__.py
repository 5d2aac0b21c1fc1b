"""LangChain's callbacks: on the app's threads, each becomes one event in the event queue.

No I/O, no JSON and no lock that can block, because this code runs inside the app's calls.
"""
