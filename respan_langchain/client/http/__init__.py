"""The HTTP transport under the client. The only package that imports httpx."""
