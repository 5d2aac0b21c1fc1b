"""What went wrong inside: counted by cause and said once, never with what the app said."""

import logging

logger = logging.getLogger(__name__)


class Faults(dict[str, int]):
    """How often each cause came; a cause is an error's class and the place that it comes from."""

    def add(self, problem: BaseException) -> None:
        """Count one, and log the first of its cause."""
        frame = problem.__traceback__
        while frame is not None and frame.tb_next is not None:
            frame = frame.tb_next
        place = "" if frame is None else f"{frame.tb_frame.f_code.co_name}:{frame.tb_lineno}"
        cause = f"{type(problem).__name__} in {place}"
        self.count(cause, f"A run could not be captured as it is: {cause}.")

    def count(self, cause: str, line: str) -> None:
        """Count one, and log the line for the first of its cause."""
        self[cause] = self.get(cause, 0) + 1
        if self[cause] == 1:
            logger.warning("%s It is counted; the app is not affected.", line)
