"""Starts vLLM on this machine's GPU with the flags that Shopdesk wants: `make serve-model`, `make serve-embeddings`."""

import argparse
import math
import os
import shlex
import subprocess
import sys
from pathlib import Path

from serving.launch import (
    EMBEDDINGS,
    EMBEDDINGS_GB,
    GPU_SHARE,
    Launch,
    command,
    known_options,
    largest_for,
    pooling_command,
    servable_models,
)

OWN_ENVIRONMENT = Path(".venv-gpu/bin/python")


class NotReady(Exception):
    """Something that is needed is not here; the text says what to do."""


def gpu_memory() -> int:
    """MiB of the largest GPU. Raises NotReady."""
    query = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    try:
        found = subprocess.run(query, capture_output=True, text=True, timeout=30, check=True).stdout.split()
    except (OSError, subprocess.SubprocessError):
        found = []
    sizes = [int(size) for size in found if size.isdigit()]
    if not sizes:
        raise NotReady(
            "No NVIDIA GPU answers here (nvidia-smi finds none): serve the model on a machine that has one and set "
            "SHOPDESK_MODEL_URL to its address, or leave it unset, and Shopdesk answers without a model."
        )
    return max(sizes)


def vllm_options(python: str) -> frozenset[str]:
    """What the installed vLLM can be told. Raises NotReady."""
    asked = [python, "-m", "vllm.entrypoints.openai.api_server", "--help=all"]
    try:
        answer = subprocess.run(asked, capture_output=True, text=True, timeout=300)
    except (OSError, subprocess.SubprocessError) as error:
        raise NotReady(f"{python} cannot be run: {error}") from error
    known = known_options(answer.stdout)
    if "--model" not in known:
        last = (answer.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise NotReady(
            f"vLLM does not start with {python} ({last}): python3 -m venv .venv-gpu && "
            ".venv-gpu/bin/pip install -r serving/requirements-gpu.txt"
        )
    return known


def own_python() -> str:
    return str(OWN_ENVIRONMENT) if OWN_ENVIRONMENT.exists() else sys.executable


def choose(model: str, memory: int) -> Launch:
    """What to start: a model of the table by its name, any other as given, or "auto". Raises NotReady."""
    python = own_python()
    listed = {each.name: each for each in servable_models()}
    found = largest_for(memory) if model == "auto" else listed.get(model)
    if model == "auto" and found is None:
        raise NotReady(f"No model of serving/models.toml fits a GPU of {memory} MiB; name one that does with MODEL=...")
    if found is None:
        return Launch(python, model)
    return Launch(python, found.name, max_model_len=found.max_model_len, tool_parser=found.tool_parser)


def choose_embeddings(model: str, memory: int) -> Launch:
    """A model of embeddings, or one that ranks, under its own name: knowledge remembers with which it was published."""
    name = EMBEDDINGS if model == "auto" else model
    share = min(GPU_SHARE, math.ceil(EMBEDDINGS_GB * 1e9 / (memory * 2**20) * 100) / 100)
    return Launch(own_python(), name, served_name=name, port=8002, gpu_share=share)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="auto", help="its name, a folder, or auto: the largest that fits this GPU")
    parser.add_argument("--embeddings", action="store_true", help="serve a model of embeddings, or one that ranks")
    parser.add_argument("--dry-run", action="store_true", help="print the command and start nothing")
    options, more = parser.parse_known_args()
    try:
        if options.embeddings:
            launch = choose_embeddings(options.model, gpu_memory())
            line = pooling_command(launch) + more
        else:
            launch = choose(options.model, gpu_memory())
            line = command(launch, vllm_options(launch.python)) + more
    except NotReady as error:
        parser.exit(1, f"{error}\n")
    print(shlex.join(line))  # noqa: T201
    what, url = "EMBEDDING" if options.embeddings else "MODEL", f"http://{launch.host}:{launch.port}/v1"
    print(f"When it is up: SHOPDESK_{what}_URL={url} SHOPDESK_{what}_NAME={launch.served_name}")  # noqa: T201
    sys.stdout.flush()
    if not options.dry_run:
        os.execvp(line[0], line)


if __name__ == "__main__":
    main()
