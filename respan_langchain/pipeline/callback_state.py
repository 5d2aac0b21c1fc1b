"""What callbacks remember of a run until it ends: the tokens of its stream, whether it is a root.

The app's threads write it; the thread that processes events forgets runs that have ended.
"""

from uuid import UUID


class CallbackState:
    """State of the open runs of one handler."""

    def __init__(self) -> None:
        # By the number of a run's id: hashing a UUID costs three times as much.
        self._awaiting_first_token: dict[int, None] = {}
        self._tokens: dict[int, list[object]] = {}
        self._stream_usage: dict[int, tuple[object, object]] = {}
        self._inner_roots: dict[int, None] = {}

    def expect_first_token(self, run_id: UUID) -> None:
        """Remember that a model was called and has not answered."""
        self._awaiting_first_token[run_id.int] = None

    def expects_first_token(self, run_id: UUID) -> bool:
        """Whether a model has not answered yet."""
        return run_id.int in self._awaiting_first_token

    def start_tokens(self, run_id: UUID, token: object) -> list[object]:
        """Remember that a model began to answer; return the list to which tokens are added."""
        self._awaiting_first_token.pop(run_id.int, None)
        tokens = self._tokens[run_id.int] = [] if token is None else [token]
        return tokens

    def add_token(self, run_id: UUID, token: object) -> bool:
        """Keep a token of a stream that began; return whether its chunk matters, too.

        It does until the first token, and for streams whose chunks carry a usage. Called for each
        token, so that what was read is known if the stream gets no end. LangChain holds the tokens
        until the stream ends, too.
        """
        number = run_id.int
        tokens = self._tokens.get(number)
        if tokens is None:
            return number in self._awaiting_first_token
        tokens.append(token)
        return bool(self._stream_usage) and number in self._stream_usage

    def watch_usage(self, run_id: UUID, usage: object) -> None:
        """Remember the first and the latest usage that the chunks of a stream carry."""
        first, _ = self._stream_usage.get(run_id.int, (usage, usage))
        self._stream_usage[run_id.int] = (first, usage)

    def end_stream(self, run_id: UUID) -> tuple[tuple[object, object], ...]:
        """Forget the tokens of a stream that has ended; return its usages as event details."""
        if not (self._tokens or self._stream_usage):
            return ()
        self._tokens.pop(run_id.int, None)
        usages = self._stream_usage.pop(run_id.int, None)
        return () if usages is None else (usages,)

    def mark_inner_root(self, run_id: UUID) -> None:
        """Remember that a run is a root, although it has a parent that was not captured."""
        self._inner_roots[run_id.int] = None

    def is_inner_root(self, run_id: UUID) -> bool:
        """Whether a run was marked as a root below a parent that was not captured."""
        return bool(self._inner_roots) and run_id.int in self._inner_roots

    def discard(self, run_id: UUID) -> None:
        """Discard what is remembered of a run, because it has ended."""
        self._awaiting_first_token.pop(run_id.int, None)
        self._tokens.pop(run_id.int, None)
        if self._stream_usage:
            self._stream_usage.pop(run_id.int, None)
        if self._inner_roots:
            self._inner_roots.pop(run_id.int, None)

    def clear(self) -> None:
        """Forget all runs, in a child process: its parent captures them."""
        self._awaiting_first_token.clear()
        self._tokens.clear()
        self._stream_usage.clear()
        self._inner_roots.clear()
