"""At-least-once delivery of encoded rows: queue, scheduler, sender thread, retry, status.

It sends bytes through a transport that returns an `HttpResult`. It knows HTTP statuses and the JSON
of a bulk response, but no object of LangChain.
"""
