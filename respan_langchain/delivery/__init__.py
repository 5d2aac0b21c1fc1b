"""At-least-once delivery of encoded rows: queue, scheduler, sender thread, retry, status.

Generic in what it delivers: it knows bytes, ids and a transport, neither LangChain nor HTTP.
"""
