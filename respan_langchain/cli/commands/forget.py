"""`forget`: delete all rows of a customer, a thread or a run."""

from typing import Annotated

import typer

from respan_langchain.cli.command import EXIT_OK, EXIT_PROBLEMS, command
from respan_langchain.cli.formatting import pluralize
from respan_langchain.cli.options import YesOption
from respan_langchain.cli.platform import CliContext
from respan_langchain.client.subject import build_subject
from respan_langchain.pipeline.forget import forget_rows


@command("forget", examples=["forget --customer ann@mail.example", "forget --thread t-17 --yes"])
def forget(
    ctx: CliContext,
    customer: Annotated[
        str | None, typer.Option(metavar="ID", help="Rows of this customer.")
    ] = None,
    thread: Annotated[str | None, typer.Option(metavar="ID", help="Rows of this thread.")] = None,
    run: Annotated[
        str | None, typer.Option(metavar="ID", help="Rows of the trace of this root run.")
    ] = None,
    yes: YesOption = False,
) -> int:
    """Delete the rows that match all options, from every dataset, the spool and Redis."""
    build_subject(customer, thread, run)  # wrong options are refused before the question
    url = ctx.settings.base_url
    question = f"Delete these rows from every dataset of {url} and the spool?"
    ctx.confirm_deletion(question, yes=yes)
    with ctx.client():  # the platform's file must exist
        receipt = forget_rows(ctx.settings, customer=customer, thread=thread, run=run)
    on_disk, stored = sum(receipt.disk.values()), sum(receipt.platform.values())
    in_redis = "" if ctx.settings.via is None else f" and {receipt.broker} from Redis"
    rows = pluralize(stored, "row")
    ctx.output(receipt, f"Deleted {rows} from {url} and {on_disk} from the spool{in_redis}.")
    for problem in receipt.problems:
        ctx.error(problem)
    return EXIT_OK if receipt else EXIT_PROBLEMS
