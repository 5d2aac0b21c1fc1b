"""The HTTP transport under the client. Only it and `embedded/transport.py` import httpx."""
