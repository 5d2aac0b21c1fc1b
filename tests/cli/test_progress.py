"""Progress of a transfer, and the message when it is interrupted."""

import pytest
from typer.main import get_command

from respan_langchain.cli.app import app
from respan_langchain.cli.platform import CliContext
from respan_langchain.cli.progress import transfer_progress
from respan_langchain.datasets.transfer.transfer import TransferCounts
from respan_langchain.errors import ServerError

OUTAGE = ServerError("the platform failed", method="GET", path="/", status=503)


@pytest.mark.parametrize("problem", [KeyboardInterrupt(), OUTAGE])
@pytest.mark.parametrize(("total", "rows"), [(700, "500 of 700 rows"), (None, "500 rows")])
def test_an_interrupted_transfer_says_how_far_it_came_and_how_to_resume(
    problem, total, rows, capsys
):
    context = CliContext(get_command(app))

    def interrupted_transfer():
        with transfer_progress(context, "demo", total) as update:
            update(TransferCounts(sent=500))
            raise problem

    with pytest.raises(type(problem)):
        interrupted_transfer()

    expected = f"Interrupted after {rows}. Run the same command again to resume."
    assert context.interruption == expected
    assert capsys.readouterr().err == (f"{expected}\n" if problem is OUTAGE else "")
