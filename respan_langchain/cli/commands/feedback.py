"""`feedback`: a score, a comment and an expected output on a row that is stored."""

from typing import Annotated

import typer

from respan_langchain._clock import CLOCK
from respan_langchain.cli.command import command
from respan_langchain.cli.log_arguments import (
    ExpectedOption,
    LogArguments,
    find_in_dataset,
    read_expected,
)
from respan_langchain.cli.platform import CliContext
from respan_langchain.client.feedback import DEFAULT_NAME, build_feedback, check_feedback
from respan_langchain.client.workflows import apply_feedback


@command(
    "feedback",
    examples=["feedback demo 9f31c2aa --score 0 --comment 'wrong policy' --expected '14 days.'"],
)
def feedback(
    ctx: CliContext,
    words: LogArguments,
    score: Annotated[
        float | None, typer.Option(metavar="NUMBER", help="For instance 0 or 1.")
    ] = None,
    comment: Annotated[str | None, typer.Option(metavar="TEXT", help="The person's words.")] = None,
    expected: ExpectedOption = None,
    name: Annotated[
        str,
        typer.Option(metavar="NAME", help="Feedback of the same name is replaced."),
    ] = DEFAULT_NAME,
) -> None:
    """Add a score, a comment or an expected output to a log."""
    expected_output = None if expected is None else read_expected(expected)
    check_feedback(score, comment, expected_output, name)
    given = build_feedback(
        words[-1],
        score=score,
        comment=comment,
        expected_output=expected_output,
        name=name,
        given_at=CLOCK.time(),
    )
    with ctx.client() as client:
        dataset_id, log = find_in_dataset(ctx, client, words)
        changed = client.run(apply_feedback(client.options, dataset_id, str(log.unique_id), given))
    ctx.output(changed, f"Added feedback to {log.unique_id}.")
