"""Errors of the store; the endpoints and the pages map them to HTTP in `embedded/http.py`."""


class StoreError(Exception):
    """The store does not carry out a call, and nothing was changed."""


class MissingRecordError(StoreError):
    """There is no such dataset, log or evaluation run."""


class ReadOnlyError(StoreError):
    """The file can be read, but this process cannot write it."""


class InvalidFieldError(StoreError):
    """A filter or a value cannot be used."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message
