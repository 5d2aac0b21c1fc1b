"""The dataset HTTP API, typed: requests as values, one request flow, a sync and an async client."""
