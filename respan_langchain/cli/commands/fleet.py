"""`fleet`: the rows of all processes that deliver through Redis."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from rich.console import RenderableType
from rich.text import Text

from respan_langchain._display import format_bytes, format_count, format_duration
from respan_langchain.cli.command import EXIT_OK, EXIT_PROBLEMS, command, new_group
from respan_langchain.cli.fleet_options import ViaOption, open_broker
from respan_langchain.cli.formatting import pluralize
from respan_langchain.cli.platform import CliContext
from respan_langchain.cli.tables import Column, number_column, render_pairs, table_of

if TYPE_CHECKING:
    from respan_langchain.fleet.status import FleetStatus

ENDED: Final = Text("ended", style="red")

group = new_group(
    "fleet", "Look at processes that deliver through Redis.", examples=["fleet status"]
)


@command("status", examples=["fleet status --json"], group=group)
def status(ctx: CliContext, via: ViaOption = None) -> int:
    """Count the rows of all processes, those that ended included.

    The exit code is 1 where Redis cannot be reached, or rows wait and no forwarder runs.
    """
    with open_broker(ctx.settings_without_key(via=via)) as broker:
        from respan_langchain.fleet.status import read_status

        found = read_status(broker)
    ctx.output(
        found.model_dump()
        | {"in_producers": found.in_producers, "sent_directly": found.sent_directly},
        *_render(found),
    )
    is_served = any(each.is_alive for each in found.forwarders)
    return EXIT_OK if is_served or not found.rows else EXIT_PROBLEMS


def _render(found: "FleetStatus") -> Iterator[RenderableType]:
    yield render_pairs(_summarize(found))
    yield ""
    if not found.forwarders:
        yield "No forwarder runs: see `respan-langchain forward`."
        return
    yield table_of(
        found.forwarders,
        [
            (Column("forwarder", is_kept=True), lambda each: each.name),
            (number_column("rows"), lambda each: format_count(each.rows)),
            (Column("state"), lambda each: "running" if each.is_alive else ENDED),
        ],
    )


def _summarize(found: "FleetStatus") -> Iterator[tuple[str, str | Text]]:
    counts = found.counts
    oldest = "" if found.oldest is None else f", the oldest for {format_duration(found.oldest)}"
    direct = f", {format_count(found.sent_directly)} more directly" if found.sent_directly else ""
    rejected, unconfirmed = format_count(counts.rejected), format_count(counts.unconfirmed)
    dropped = format_count(counts.dropped + found.dropped_by_producers)
    yield "captured", pluralize(found.captured, "row")
    yield "in processes", pluralize(found.in_producers, "row")
    yield "in Redis", f"{format_count(found.rows)} ({format_bytes(found.bytes)}){oldest}"
    yield "delivered", f"{format_count(counts.delivered)}{direct}"
    yield "not delivered", f"{rejected} rejected, {unconfirmed} unconfirmed, {dropped} dropped"
    if found.vanished:
        lost = pluralize(found.vanished, "row")
        yield "vanished", Text(f"{lost}, lost in Redis: see `doctor`", style="red")
    yield "dead letters", format_count(found.dead)
    yield "interrupted", pluralize(found.interrupted, "trace")
    wait = found.rate_limit_wait
    yield "next request", f"in {format_duration(wait)}" if wait else "at once"
    running = sum(each.is_alive for each in found.producers)
    ended = sum(each.idle is not None for each in found.producers) - running
    yield "processes", f"{format_count(running)} running, {format_count(ended)} ended"
