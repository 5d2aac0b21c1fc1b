"""Counts retries and fallbacks, of LangChain and of middleware, when a run starts.

`with_retry` tags its attempts. `with_fallbacks` is recognized by its name. Middleware calls a model
or a tool again under the same run, with the same content: the same model is a retry, another model
is a fallback. LangGraph runs a node or a task with a retry policy again as the same task.
"""

from typing import Final

from respan_langchain.tracing.run import Run

RETRY_TAG: Final = "retry:attempt:"


def count_attempt(run: Run, parent: Run) -> None:
    """Count a run that starts, if it is a retry or a fallback."""
    totals, failed = run.trace.totals, parent.failed_child
    _count_attempt_at_task(run)
    is_tagged = run.has_tag(RETRY_TAG)
    totals.retries += is_tagged
    if failed is None:
        return
    if parent.is_fallbacks:
        totals.fallbacks += 1
    elif is_tagged:
        return
    elif run.kind == "tool" and _is_same_call(run, failed):
        totals.retries += 1
    elif run.kind in ("chat", "llm") and _has_same_prompt(run, failed):
        same = _model_name(run) == _model_name(failed)
        totals.retries += same
        totals.fallbacks += not same


def graph_task(run: Run) -> str | None:
    """Return the task of a graph that a node's run carries out; None for any other run."""
    task = run.metadata.get("langgraph_checkpoint_ns") if is_node(run) else None
    return task if type(task) is str else None


def is_node(run: Run) -> bool:
    """Whether it is a node of a graph, and not a step in one."""
    node = run.metadata.get("langgraph_node")
    return type(node) is str and node == run.name


def _count_attempt_at_task(run: Run) -> None:
    trace = run.trace
    task = graph_task(run) if trace.failed_tasks else None
    if task is not None and task in trace.failed_tasks:
        trace.failed_tasks.remove(task)
        trace.totals.retries += 1
        trace.totals.node_errors -= run.is_root_node


def _is_same_call(run: Run, failed: Run) -> bool:
    return run.call_id is not None and failed.kind == "tool" and run.call_id == failed.call_id


def _has_same_prompt(run: Run, failed: Run) -> bool:
    """Whether two models got the same prompt: the same last message, or the same text."""
    if failed.kind != run.kind:
        return False
    before = failed.prompt_end
    return before is not None and _last(run.inputs) is before


def _last(prompt: object) -> object:
    return prompt[-1] if isinstance(prompt, list) and prompt else prompt


def record_failure(run: Run, parent: Run) -> None:
    """Remember which run failed last, with the last message of its prompt."""
    release_failed_child(parent)
    parent.failed_child = run
    run.prompt_end = _last(run.inputs) if run.kind in ("chat", "llm") else None


def release_failed_child(parent: Run) -> None:
    """Release the prompt of the run that failed last; its row may wait for the trace's end."""
    if parent.failed_child is not None:
        parent.failed_child.prompt_end = None
        parent.failed_child = None


def _model_name(run: Run) -> object:
    return run.metadata.get("ls_model_name") or run.name
