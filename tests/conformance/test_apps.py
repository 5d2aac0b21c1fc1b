"""Apps of other packages with one handler for the process; what each row must say stands here.

Most need a package of the extra `test-apps`, and are skipped without it.
"""

import asyncio
import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from langchain.agents import create_agent
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from support.graphs import asking_graph
from support.models import FakeChat
from support.scripts import Script, calls, said

import respan_langchain

pytestmark = pytest.mark.slow

ASKED = {"messages": [("user", "help")]}
HELP = [said("user", "help")]


@pytest.fixture
def handler(platform: str) -> Iterator[Any]:
    """A handler for the process, as an app enables it once."""
    yield respan_langchain.enable("support-bot", base_url=platform)
    respan_langchain.disable(timeout=20)


@tool
def lookup(topic: str) -> str:
    """Look up."""
    return f"all about {topic}"


def test_a_deep_agent_and_its_subagent_are_one_row(handler, rows_of):
    deepagents = pytest.importorskip("deepagents")
    worker = Script(answers=[calls("lookup", "w1", topic="tea"), "Tea is a plant."])
    task = calls("task", "t1", description="find out", subagent_type="researcher")
    app = deepagents.create_deep_agent(
        model=Script(answers=[task, "It is a plant."]),
        subagents=[{
            "name": "researcher", "description": "Looks things up.", "system_prompt": "Look up.",
            "tools": [lookup], "model": worker,
        }],
    )  # fmt: skip
    app.invoke(ASKED)

    rows = rows_of(handler)
    [root] = rows.roots
    assert (root["input"], root["output"]) == (HELP, said("assistant", "It is a plant."))
    assert (root["metrics"]["llm_calls"], root["metrics"]["tool_calls"]) == (4, 2)
    steps = {step["tool"]: step["output"] for step in root["metadata"]["trajectory"]}
    assert steps == {"task": "Tea is a plant.", "lookup": "all about tea"}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_supervisor_and_its_worker_are_one_row(handler, rows_of):
    supervisor = pytest.importorskip("langgraph_supervisor")
    worker = create_agent(Script(answers=["Tea is a plant."]), [lookup], name="worker")
    boss = Script(answers=[calls("transfer_to_worker"), "As it was said."])
    app = supervisor.create_supervisor([worker], model=boss).compile()
    app.invoke(ASKED)

    [root] = rows_of(handler).roots
    assert root["metadata"]["status"] == "success"
    assert root["input"] == HELP
    assert root["output"]["content"] == "As it was said."
    assert (root["metrics"]["llm_calls"], root["metrics"]["tool_calls"]) == (3, 1)


def test_agents_of_a_swarm_that_hand_over_are_one_row_for_each_turn(handler, rows_of):
    swarm = pytest.importorskip("langgraph_swarm")
    to_bob = swarm.create_handoff_tool(agent_name="bob")
    alice = create_agent(Script(answers=[calls("transfer_to_bob")]), [to_bob], name="alice")
    bob = create_agent(Script(answers=["Bob here.", "Still Bob."]), [], name="bob")
    app = swarm.create_swarm([alice, bob], default_active_agent="alice").compile(
        checkpointer=InMemorySaver()
    )
    for text in ("help", "more"):
        app.invoke({"messages": [("user", text)]}, {"configurable": {"thread_id": "t1"}})

    first, second = rows_of(handler).roots
    assert (first["input"], first["output"]["content"]) == (HELP, "Bob here.")
    assert (second["input"][-1], second["output"]["content"]) == (
        said("user", "more"),
        "Still Bob.",
    )
    assert (first["metrics"]["llm_calls"], second["metrics"]["llm_calls"]) == (2, 1)


MCP_SERVER = """
from mcp.server.fastmcp import FastMCP
server = FastMCP("shop")
@server.tool()
def price(item: str) -> str:
    "Tell a price."
    if item == "gold":
        raise ValueError("not for sale")
    return f"{item}: 3 EUR"
server.run(transport="stdio")
"""


def test_tools_of_an_mcp_server_are_steps_with_their_text(tmp_path, handler, rows_of):
    pytest.importorskip("mcp")
    clients = pytest.importorskip("langchain_mcp_adapters.client")
    script = tmp_path / "server.py"
    script.write_text(MCP_SERVER)
    server = {"command": sys.executable, "args": [str(script)], "transport": "stdio"}

    async def run() -> None:
        tools = await clients.MultiServerMCPClient({"shop": server}).get_tools()
        answers = [calls("price", "c1", item="tea"), calls("price", "c2", item="gold"), "3 EUR."]
        await create_agent(Script(answers=answers), tools).ainvoke(ASKED)

    asyncio.run(run())

    [root] = rows_of(handler).roots
    assert root["output"] == said("assistant", "3 EUR.")
    assert (root["metrics"]["tool_calls"], root["metrics"]["tool_errors"]) == (2, 1)
    sold, refused = root["metadata"]["trajectory"]
    assert "tea: 3 EUR" in json.dumps(sold["output"])
    assert refused["status"] == "error"


def test_a_client_that_disconnects_from_fastapi_leaves_an_abandoned_row(handler, rows_of):
    fastapi = pytest.importorskip("fastapi")
    responses = pytest.importorskip("fastapi.responses")
    api = fastapi.FastAPI()
    app = RunnableLambda(lambda asked: asked) | FakeChat(reply="one two three four five")

    @api.get("/ask")
    async def ask(question: str) -> Any:
        async def words() -> Any:
            async for chunk in app.astream(question):
                yield chunk.text

        return responses.StreamingResponse(words())

    async def request(leaves: bool) -> None:
        """Call the app as a server does; a client that leaves is reported after two messages."""
        sent = asyncio.Event()
        scope = {
            "type": "http", "method": "GET", "path": "/ask", "query_string": b"question=hi",
            "headers": [], "http_version": "1.1", "scheme": "http", "server": ("t", 80),
            "asgi": {"version": "3.0", "spec_version": "2.0"}, "root_path": "",
        }  # fmt: skip

        async def receive() -> dict[str, Any]:
            await (sent if leaves else asyncio.Event()).wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.body" and message["body"]:
                sent.set()
                await asyncio.sleep(0)

        await api(scope, receive, send)

    asyncio.run(request(leaves=True))
    asyncio.run(request(leaves=False))

    left, read = sorted(rows_of(handler).roots, key=lambda row: row["metadata"]["status"])
    assert (left["metadata"]["status"], left["input"]) == ("abandoned", "hi")
    assert (read["metadata"]["status"], read["output"]["content"]) == (
        "success", "one two three four five",
    )  # fmt: skip


def test_a_batch_of_interrupted_graphs_and_the_batch_of_their_resumes_are_one_row_each(
    handler, rows_of
):
    app = asking_graph()
    configs = [{"configurable": {"thread_id": f"t{number}"}} for number in range(30)]
    app.batch([{"question": str(number)} for number in range(30)], configs)
    app.batch([Command(resume=f"yes {number}") for number in range(30)], configs)

    roots = rows_of(handler).roots
    pairs = {(root["input"]["question"], *root["output"]["parts"]) for root in roots}
    assert pairs == {(str(number), f"yes {number}") for number in range(30)}


def test_a_batch_of_two_thousand_calls_gives_two_thousand_rows(handler, rows_of):
    app = RunnableLambda(lambda asked: asked) | FakeChat()
    app.batch([str(number) for number in range(2_000)], {"max_concurrency": 50})

    assert handler.flush(timeout=60)
    roots = [row for row in rows_of(handler) if "span_parent_id" not in row["metadata"]]
    assert {row["input"] for row in roots} == {str(number) for number in range(2_000)}
    assert all(row["metrics"]["prompt_tokens"] == 12 for row in roots)


SERVED_APP = """
import respan_langchain
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import interrupt

respan_langchain.enable("support-bot", base_url={url!r})


def ask(state: MessagesState):
    interrupt("sure?")
    return {{"messages": [FakeListChatModel(responses=["Done."]).invoke(state["messages"])]}}


graph = StateGraph(MessagesState).add_node("ask", ask).add_edge(START, "ask").compile()
"""


@contextlib.contextmanager
def langgraph_server(folder: Path, url: str) -> Iterator[str]:
    """Run `langgraph dev` on a free port; its address."""
    (folder / "app.py").write_text(SERVED_APP.format(url=url))
    served = {"dependencies": ["."], "graphs": {"shop": "./app.py:graph"}}
    (folder / "langgraph.json").write_text(json.dumps(served))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "langgraph_cli", "dev", "--no-browser", "--no-reload", "--port",
        str(port),
    ]  # fmt: skip
    log = (folder / "log").open("w")
    server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    try:
        with httpx.Client(transport=httpx.HTTPTransport(retries=9), timeout=60) as probe:
            assert probe.get(f"{address}/ok").is_success
        yield address
    finally:
        server.terminate()
        server.wait(timeout=30)
        log.close()


def test_an_interrupt_and_its_resume_in_langgraphs_server_are_one_row(
    tmp_path, platform, make_handler, rows_of
):
    pytest.importorskip("langgraph_api")
    sdk = pytest.importorskip("langgraph_sdk")
    with (
        langgraph_server(tmp_path, platform) as address,
        sdk.get_sync_client(url=address) as client,
    ):
        thread = client.threads.create()["thread_id"]
        asked = {"messages": [{"role": "user", "content": "help"}]}
        client.runs.wait(thread, "shop", input=asked)
        client.runs.wait(thread, "shop", command={"resume": "yes"})

    [root] = rows_of(make_handler()).roots
    assert root["metadata"]["status"] == "success"
    assert (root["input"], root["output"]) == (HELP, said("assistant", "Done."))
    assert root["metadata"]["thread_identifier"] == thread
    assert len(root["metadata"]["resumed_run_ids"]) == 1
