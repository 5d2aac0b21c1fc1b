"""The faults, each with the app's part in it; used by the tests and by the scoreboard.

Letters as in the comparison of SDKs that this suite was made after.
"""

import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.hosting import App, client
from tests.faults.server import FaultServer, Listing, Mood, Request, healthy

QUICK = {"probe_interval": 1.0, "lookup_delays": (0.5, 1.0, 2.0)}
"""So that a recovery takes seconds instead of minutes."""


def answers(status: int, content: Any = b"", **headers: str) -> Mood:
    return lambda request: request.say(status, content, **headers)


def failing(status: int, times: int, content: Any = b"", **headers: str) -> list[Mood]:
    return [answers(status, content, **headers)] * times


def hang(request: Request) -> None:
    request.hang()


def header_drip(request: Request) -> None:
    request.drip(b"HTTP/1.1 201 Created\r\n" + b"X-Slow: yes\r\n" * 1000)


def body_drip(request: Request) -> None:
    request.drip(b"HTTP/1.1 201 Created\r\nContent-Length: 1000\r\n\r\n" + b" " * 1000)


def store_and_reset(request: Request) -> None:
    request.store()
    request.reset()


def store_and_fail(request: Request) -> None:
    request.store()
    request.say(500, {"detail": "internal"})


def store_and_truncate(request: Request) -> None:
    request.store()
    request.send(b'HTTP/1.1 201 Created\r\nContent-Length: 200\r\n\r\n{"success_count": 8')
    request.reset()


def store_and_hang(request: Request) -> None:
    request.store()
    request.hang()


def reset(request: Request) -> None:
    request.reset()


def html(request: Request) -> None:
    request.say(200, b"<html>Please log in to the hotel's network</html>")


def another_api(request: Request) -> None:
    request.say(200, {"message": "Logs are being imported"})


def refuse_poison(request: Request) -> None:
    if b"poison" in request.body:
        request.say(422, {"detail": "a row is not valid"})
    else:
        request.accept()


def keep_some_and_refuse(request: Request) -> None:
    """Keeps what stands before the row that it does not like, and says nothing of it."""
    logs = json.loads(request.body)["logs"]
    before = [b"poison" in json.dumps(log).encode() for log in logs].index(True)
    request.store(request.ids[:before])
    request.say(400, {"detail": "a row is not valid"})


def reject_two(request: Request) -> None:
    request.accept({0: "input is required", 57: "output is too strange"})


def fail_two_in_passing(request: Request) -> None:
    request.accept({0: "internal timeout", 57: "please try again"})


def name_one_of_five(request: Request) -> None:
    ids = request.ids
    request.store(ids[5:])
    errors = [{"index": 0, "error": "input is required"}]
    request.say(201, {"success_count": len(ids) - 5, "error_count": 5, "errors": errors})


def limited(most: int) -> Mood:
    def take_if_small(request: Request) -> None:
        if len(request.body) > most:
            request.say(413, {"detail": "too large"})
        else:
            request.accept()

    return take_if_small


def slow(seconds: float) -> Mood:
    def take_slowly(request: Request) -> None:
        request.hang(seconds)
        request.accept()

    return take_slowly


def redirect(status: int) -> Callable[[FaultServer], Mood]:
    def to_there(other: FaultServer) -> Mood:
        return answers(status, Location=f"{other.url}/api/datasets/d1/logs/bulk/")

    return to_there


def later_date(request: Request) -> None:
    """Too many, until a moment by the server's clock, which is an hour off."""
    from email.utils import formatdate

    skewed = time.time() + 3600
    request.say(
        429, Date=formatdate(skewed, usegmt=True), Retry_After=formatdate(skewed + 3, usegmt=True)
    )


@dataclass(frozen=True)
class Case:
    """One fault."""

    name: str
    act: str = "emit_and_flush"
    count: int = 80
    moods: tuple[Mood, ...] = ()
    mood: Mood = healthy
    redirected: Callable[[FaultServer], Mood] | None = None
    """Moods that need a second host to lead to."""
    listing: Listing = Listing()  # noqa: RUF009  # it is frozen
    task: dict[str, Any] = field(default_factory=dict)
    limits: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    level: str = "memory"
    then: str = ""
    """An act of a second process, in the same place."""


@dataclass
class Outcome:
    """What came of it."""

    said: dict[str, Any]
    stored: int
    doubled: int
    seconds: float
    """From the last word of the app to the end of its process."""
    posts: int
    outputs: str
    code: int
    elsewhere: int
    after: dict[str, Any] = field(default_factory=dict)


def play(case: Case) -> Outcome:
    """Run the case in a process of its own."""
    with FaultServer(mood=case.mood, listing=case.listing) as server, FaultServer() as other:
        server.moods = [*case.moods, *([case.redirected(other)] if case.redirected else [])]
        with tempfile.TemporaryDirectory() as place:
            said, app = run_act(case, case.act, server, Path(place))
            after = run_act(case, case.then, server, Path(place))[0] if case.then else {}
        return Outcome(
            said,
            len(server.stored),
            server.doubled,
            app.ended - said.get("left", app.ended),
            len(server.posts),
            app.outputs,
            app.code,
            len(other.requests),
            after,
        )


def play_after_kill(task: dict[str, Any], place: Path) -> dict[str, Any]:
    """The process that comes after one that was killed; what it says."""
    with client({**task, "act": "adopt"}, place):
        pass
    return json.loads(Path(task["report"]).read_text())


def run_act(
    case: Case, act: str, server: FaultServer, place: Path, **how: Any
) -> tuple[dict[str, Any], App]:
    """Run one act of the client; return what it reported, and its process."""
    report = place / "report.json"
    task = {
        "url": server.url,
        "act": act,
        "count": case.count,
        "report": str(report),
        "settings": {"delivery": case.level, "spool_dir": str(place / "spool"), **case.settings},
        "limits": {**QUICK, **case.limits},
        **case.task,
    }
    with client(task, place, **how) as app:
        pass
    said = json.loads(report.read_text()) if report.exists() else {}
    report.unlink(missing_ok=True)
    return said, app


CASES = {
    case.name: case
    for case in (
        Case("A exit without flush", "emit_and_leave"),
        Case("B 500 for a while, then recovery", moods=tuple(failing(500, 3))),
        Case("B2 500 for ever, exit", "emit_and_leave", mood=answers(500)),
        Case("C two 503, then recovery", moods=tuple(failing(503, 2))),
        Case("D server hangs, exit", "emit_and_leave", mood=hang),
        Case("E stored, then reset", moods=(store_and_reset,)),
        Case("E2 stored, then 500", moods=(store_and_fail,)),
        Case("E3 stored, then truncated", moods=(store_and_truncate,)),
        Case("E4 stored, then hangs", moods=(store_and_hang,), limits={"request_timeout": 1.0}),
        Case("F 413 above 100 kB", mood=limited(100_000), task={"size": 5_000}),
        Case("F2 one row over the limit", count=3, mood=limited(100_000), task={"size": 200_000}),
        Case(
            "G 429 for 20 s, for ever, exit",
            "emit_and_leave",
            mood=answers(429, {"retry_after": 20}),
        ),
        Case("G2 429 for 3 s in the body, once", moods=tuple(failing(429, 1, {"retry_after": 3}))),
        Case("G2b 429 for 3 s in the header, once", moods=tuple(failing(429, 1, Retry_After="3"))),
        Case("G3 429 until a date, once", moods=(later_date,)),
        Case(
            "H 401 twice, then recovery",
            count=500,
            moods=tuple(failing(401, 2)),
            task={"patience": 20.0},
        ),
        Case("H2 401 for ever, exit", "emit_and_leave", count=500, mood=answers(401)),
        Case("I 307 to another host, then recovery", redirected=redirect(307)),
        Case("I2 302 to another host, then recovery", redirected=redirect(302)),
        Case("J headers drip, exit", "emit_and_leave", mood=header_drip),
        Case("J2 body drips, then recovery", moods=(body_drip,), limits={"request_timeout": 1.5}),
        Case("K SIGTERM, durable, then the next process", "sigterm", level="durable", then="adopt"),
        Case(
            "K2 SIGTERM while sending, durable, then the next process",
            "sigterm",
            level="durable",
            moods=(store_and_hang,),
            then="adopt",
            limits={"max_age": 0.0},
            task={"sending": True},
        ),
        Case(
            "L os._exit, durable, then the next process", "hard_exit", level="durable", then="adopt"
        ),
        Case(
            "D2 server hangs, exit, spill, then the next process",
            "emit_and_leave",
            level="spill",
            moods=(hang,),
            then="adopt",
        ),
        Case(
            "H3 401 for ever, exit, spill, then the next process",
            "emit_and_leave",
            level="spill",
            moods=tuple(failing(401, 7)),
            then="adopt",
        ),
        Case("M2 os.fork, durable", "fork", count=40, level="durable"),
        Case("M os.fork", "fork", count=40),
        Case("M3 multiprocessing child", "multiprocess", count=40),
        Case("N 200 with HTML, then recovery", moods=(html,)),
        Case("N2 another API, then recovery", moods=(another_api,)),
        Case("O reset before anything is stored", moods=(reset,)),
        Case("P 3000 events at 0.5 s a request", count=3_000, mood=slow(0.5)),
        Case("Q one event of 50 MB between small ones", count=1, task={"size": 50_000_000}),
        Case(
            "R server hangs, 150 events of 60 kB",
            "measure",
            count=150,
            mood=hang,
            task={"size": 60_000},
        ),
        Case(
            "S server hangs, 12000 events of 50 kB",
            "measure",
            count=12_000,
            mood=hang,
            task={"size": 50_000},
        ),
        Case("U 11 hostile values", "hostile", count=11),
        Case("V no thread can start", "no_threads"),
        Case("V2 no thread can start, exit", "no_threads_and_leave"),
        Case("W7 3 of 80 rows spoil their batch", "poisoned", mood=refuse_poison),
        Case(
            "W7b rows are kept before the one that spoils",
            "poisoned",
            moods=(keep_some_and_refuse,),
            mood=refuse_poison,
        ),
        Case("W8 two rows are rejected by name", moods=(reject_two,)),
        Case("W8b two rows fail in passing", moods=(fail_two_in_passing,)),
        Case("W9 one of five failed rows is named", moods=(name_one_of_five,)),
        Case("X events from __del__", "from_gc"),
        Case("Y events from a signal handler", "from_signals"),
        Case(
            "Z listing is not allowed: stored, then reset",
            moods=(store_and_reset,),
            listing=Listing(status=404),
        ),
    )
}
