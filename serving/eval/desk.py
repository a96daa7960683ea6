"""The desk's own figures, by the command that anybody can run."""

import json
import os
import subprocess
import sys
from pathlib import Path

from serving.eval.bars import Figures

COMMAND = Path(sys.executable).parent / "shopdesk"


def retrieval(files: dict[str, Path], embedder: str, limit: int | None) -> Figures:
    """`files`: knowledge, questions and maybe train. Raises RuntimeError with what the command says."""
    options = [part for kind, path in files.items() for part in (f"--{kind}", str(path))]
    return _run(["retrieval", *options], embedder, limit)


def ranking(questions: Path, embedder: str, limit: int | None) -> Figures:
    return _run(["rank", "--questions", str(questions)], embedder, limit)


def _run(arguments: list[str], embedder: str, limit: int | None) -> Figures:
    sized = ["--limit", str(limit)] if limit else []
    done = subprocess.run(
        [COMMAND, "eval", *arguments, "--embedder", embedder, *sized, "--json"],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip() or f"shopdesk eval ended with {done.returncode}")
    found: Figures = json.loads(done.stdout)
    return found
