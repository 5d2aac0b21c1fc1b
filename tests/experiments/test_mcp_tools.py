"""What a live replay does with the tools of a real MCP server."""

import asyncio
import sys

import pytest

from respan_langchain import replay

MCP_SERVER = """
import sys
from pathlib import Path

from mcp.server.fastmcp import FastMCP
from mcp.types import ToolAnnotations

server = FastMCP("shop")

def leave_a_file(order: str) -> str:
    (Path(sys.argv[1]) / "ran").write_text(order)
    return "sent"

for name, hints in {
    "read": {"readOnlyHint": True},
    "write": {"readOnlyHint": False, "destructiveHint": False},
    "delete": {"destructiveHint": True},
}.items():
    server.add_tool(leave_a_file, name=name, annotations=ToolAnnotations(**hints))
server.run()
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "allow", "status"),
    [
        ("read", [], "answered"),
        ("write", [], "diverged"),
        ("write", ["write"], "answered"),
        ("delete", ["delete"], "diverged"),
    ],
)
def test_an_mcp_tool_runs_if_it_is_read_only_and_never_if_it_is_destructive(
    name, allow, status, recorded, folder, tmp_path
):
    clients = pytest.importorskip("langchain_mcp_adapters.client")
    server = tmp_path / "server.py"
    server.write_text(MCP_SERVER)
    command = {"command": sys.executable, "args": [str(server), str(folder)], "transport": "stdio"}
    found = asyncio.run(clients.MultiServerMCPClient({"shop": command}).get_tools())
    [tool] = [tool for tool in found if tool.name == name]
    rows = list(recorded(1))

    def call(state):
        return asyncio.run(tool.ainvoke({"order": "1"}))

    result = replay(rows, call, on_divergence="live", allow=allow)

    assert result.statuses == {status: 1}
    assert (folder / "ran").exists() == (status == "answered")
