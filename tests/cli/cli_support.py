"""What the tests of the command line put into a platform."""

import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def row(number: int, **more: Any) -> dict[str, Any]:
    """One row of a chat."""
    return {
        "input": [{"role": "user", "content": f"question {number}"}],
        "output": {"role": "assistant", "content": f"answer {number}"},
        "metadata": {
            "log_type": "chat", "model": "gpt-4o-mini", "status": "success",
            "custom_identifier": f"run-{number}", "span_unique_id": f"span-{number}",
        },
        "metrics": {
            "prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12, "cost": 0.001,
            "latency": 0.5, "timestamp": "2026-11-23T03:20:12.540Z",
        },
        **more,
    }  # fmt: skip


def shell(line: str) -> subprocess.CompletedProcess[str]:
    """Run a line of the shell in which `{}` stands for the command."""
    return subprocess.run(
        ["/bin/bash", "-o", "pipefail", "-c", line.format(f"{sys.executable} -m respan_langchain")],
        capture_output=True, text=True, check=False, timeout=60,
        env={
            "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(Path.cwd()),
            "RESPAN_BASE_URL": "sqlite:///respan.db",
        },
    )  # fmt: skip
