"""A model that answers with given messages, and agents and graphs around it."""

from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult


class Script(BaseChatModel):
    """Answers with its messages, one after the other; an exception among them is raised."""

    answers: list[Any]
    model: str = "gpt-4o-mini"

    @property
    def _llm_type(self) -> str:
        return "script"

    def _get_ls_params(self, stop: Any = None, **kwargs: Any) -> Any:
        return {**super()._get_ls_params(stop=stop, **kwargs), "ls_model_name": self.model}

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self

    def _generate(self, *_args: Any, **_kwargs: Any) -> ChatResult:
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        message = AIMessage(answer) if isinstance(answer, str) else answer
        return ChatResult(generations=[ChatGeneration(message=message)])


def calls(name: str, call_id: str = "c1", **args: Any) -> AIMessage:
    """An answer that asks for one tool call."""
    return AIMessage("", tool_calls=[{"name": name, "args": args, "id": call_id}])


def said(role: str, text: str) -> dict[str, str]:
    """One turn, as a row has it."""
    return {"role": role, "content": text}
