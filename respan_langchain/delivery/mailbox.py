"""What other threads tell the loop: wake-ups, flushes, and the responses to requests."""

from enum import Enum
from queue import Empty, SimpleQueue
from typing import TypeAlias

from respan_langchain.delivery.batch import SenderResponse
from respan_langchain.delivery.flush import FlushRequest


class Signal(Enum):
    """Messages that carry nothing."""

    WAKE = "wake"
    TIMEOUT = "timeout"
    """No message arrived before the timeout."""


Message: TypeAlias = SenderResponse | FlushRequest | Signal


class Mailbox:
    """Messages in their order; leaving one takes no lock that interrupted code could hold."""

    def __init__(self) -> None:
        self._messages: SimpleQueue[Message] = SimpleQueue()

    @property
    def is_empty(self) -> bool:
        """Whether no message waits."""
        return self._messages.empty()

    def post(self, message: Message) -> None:
        """Leave a message."""
        self._messages.put(message)

    def take(self, timeout: float | None = 0.0) -> Message:
        """Remove the next message, or wait for one; None waits for ever."""
        try:
            return self._messages.get(timeout=timeout)
        except Empty:
            return Signal.TIMEOUT
