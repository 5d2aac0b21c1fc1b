"""The 18 endpoints: a request in, a response out."""
