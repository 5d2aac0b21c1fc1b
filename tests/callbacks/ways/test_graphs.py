"""However a graph or an agent is run, it gives the rows that `invoke` gives."""

import asyncio

import pytest
from support.graphs import GRAPHS
from support.rows import picture, roots
from support.ways import THIRD_VERSION, TWICE, WAYS, drained

MODES = {
    "values": {"stream_mode": "values"},
    "updates": {"stream_mode": "updates"},
    "messages": {"stream_mode": "messages"},
    "all": {"stream_mode": ["values", "updates", "messages", "custom", "debug"], "subgraphs": True},
}
STREAMS = {
    **{
        f"stream {name}": lambda app, asked, config, mode=mode: list(
            app.stream(asked, config, **mode)
        )
        for name, mode in MODES.items()
    },
    **{
        f"astream {name}": lambda app, asked, config, mode=mode: asyncio.run(
            drained(app.astream(asked, config, **mode))
        )
        for name, mode in MODES.items()
    },
}
EVERY_WAY = {**WAYS, **THIRD_VERSION, **STREAMS}


@pytest.mark.parametrize("construct", GRAPHS)
@pytest.mark.parametrize("way", [way for way in EVERY_WAY if way != "invoke"])
def test_the_rows_are_those_of_invoke(way, construct, rows_by):
    make, asked = GRAPHS[construct]
    expected = rows_by(WAYS["invoke"], make(), asked)
    got = rows_by(EVERY_WAY[way], make(), asked)

    times = 2 if way in TWICE else 1
    assert (len(roots(expected)), len(roots(got))) == (1, times)
    assert picture(got) == picture([*expected] * times)
