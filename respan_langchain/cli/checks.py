"""Single checks of `doctor`: each looks at one thing and says what it saw."""

from collections import Counter
from dataclasses import dataclass
from typing import Final, Literal

from respan_langchain.cli.looks import counted
from respan_langchain.cli.spool import folder_of
from respan_langchain.dataset import Dataset
from respan_langchain.delivery.disk.spool_tools import spool_files
from respan_langchain.settings import Settings

LOOKED_AT: Final = 1_000
"""Rows that are looked at for their prices, the newest."""


@dataclass(frozen=True)
class Check:
    """What one check found."""

    name: str
    state: Literal["ok", "found", "note"]
    words: str


def prices_of(rows: Dataset) -> Check:
    """Tell which models' calls have tokens and no cost."""
    calls = [log for log in rows.latest(LOOKED_AT) if log.total_tokens and log.model]
    unknown = Counter(log.model for log in calls if log.cost is None)
    models = {log.model for log in calls}
    if not calls:
        return Check("prices", "note", "no row with a model and tokens yet")
    if not unknown:
        return Check(
            "prices",
            "ok",
            f"known for {counted(len(models), 'model', 'models')}"
            f" in the newest {counted(len(calls), 'call', 'calls')}",
        )
    named = ", ".join(
        f"{model} ({counted(number, 'row', 'rows')})" for model, number in unknown.most_common(10)
    )
    return Check("prices", "found", f"none known for {named}: give the handler prices={{...}}")


def spool_of(settings: Settings) -> Check:
    """Tell what waits on disk for delivery, and what was refused."""
    files = spool_files(folder_of(settings))
    waiting = sum(file.waiting + file.sent for file in files)
    dead = sum(file.dead for file in files)
    damaged = sum(file.damaged for file in files)
    told = []
    if dead:
        told.append(f"{counted(dead, 'row was', 'rows were')} refused: `spool export` shows why")
    if damaged:
        told.append(f"{counted(damaged, 'file is', 'files are')} damaged: see `spool list`")
    if told:
        return Check("spool", "found", "; ".join(told))
    if waiting:
        words = counted(waiting, "row waits", "rows wait")
        return Check("spool", "note", f"{words} for a process that sends them")
    if settings.delivery == "memory":
        words = "rows wait in memory only; RESPAN_DELIVERY=spill keeps them on disk"
        return Check("spool", "note", words)
    return Check("spool", "ok", "nothing waits on disk")
