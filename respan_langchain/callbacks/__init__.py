"""LangChain's callbacks, and the public handler with its configuration and `enable`.

A callback runs inside the app's calls and appends one event to the event queue. Only above 2,000
queued events it may process some, and above 4,000 wait up to 1 s (`pipeline/backpressure.py`).
`copy="deep"` copies content, and `flush="root"` or "disk" waits for delivery, on the app's thread.
"""
