"""How vLLM is started on a GPU: the command line, the choice of a model, and what is said when something is missing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from serving.launch import Launch, ServableModel, command, known_options, largest_for, servable_models

ROOT = Path(__file__).parent.parent
README = (ROOT / "serving/README.md").read_text(encoding="utf-8")

HELP = """
                     [--model MODEL] [--enable-prefix-caching | --no-enable-prefix-caching]
                     [--max-num-queued-reqs MAX_NUM_QUEUED_REQS]
  --scheduling-policy {fcfs,priority}
                        The scheduling policy to use: "fcfs" means first come first served
"""


def test_the_command_has_what_the_desk_relies_on() -> None:
    line = command(Launch("python", "Qwen/Qwen3-8B-AWQ", max_model_len=8192), frozenset())
    assert line[:3] == ["python", "-m", "vllm.entrypoints.openai.api_server"]
    joined = " ".join(line)
    for part in (
        "--model Qwen/Qwen3-8B-AWQ",
        "--served-model-name shopdesk",
        "--host 127.0.0.1",
        "--max-model-len 8192",
        "--enable-prefix-caching",
        "--enable-auto-tool-choice --tool-call-parser hermes",
        "--gpu-memory-utilization 0.9",
    ):
        assert part in joined


def test_what_this_version_does_not_know_is_left_out() -> None:
    launch = Launch("python", "m", most_in_flight=99)
    old, new = command(launch, frozenset({"--model"})), command(launch, known_options(HELP))
    assert "--max-num-queued-reqs" not in old and "--scheduling-policy" not in old
    assert new[new.index("--max-num-queued-reqs") + 1] == "99"
    assert new[new.index("--scheduling-policy") + 1] == "priority"


def test_without_a_gpu_no_share_of_one_is_asked_for_and_further_options_come_last() -> None:
    line = command(Launch("python", "m", gpu_share=None, more=("--enforce-eager",)), frozenset())
    assert "--gpu-memory-utilization" not in line
    assert line[-1] == "--enforce-eager"


@pytest.mark.parametrize(
    ("mib", "gpu"),
    [
        (4096, None),
        (8188, 8),
        (12282, 12),
        (16380, 16),
        (23028, 24),
        (24564, 24),
        (46068, 48),
        (81559, 80),
        (143771, 140),
    ],
)
def test_a_card_gets_the_largest_model_that_fits_though_it_shows_less_than_it_is_sold_by(
    mib: int, gpu: int | None
) -> None:
    found = largest_for(mib)
    assert (found.gpu if found else None) == gpu


@pytest.mark.parametrize("model", servable_models(), ids=lambda model: model.name)
def test_each_model_leaves_room_for_more_than_its_longest_conversation(model: ServableModel) -> None:
    assert model.cache_tokens >= 1.9 * model.max_model_len


@pytest.mark.parametrize("model", servable_models(), ids=lambda model: model.name)
def test_the_table_of_the_readme_is_the_table_that_is_used(model: ServableModel) -> None:
    what, room = f"`{model.name}` | {model.weights:g} GB", f"{model.cache_tokens:,}"
    assert f"| {model.gpu} GB | {what} | {model.max_model_len:,} | {model.tool_parser} | {room} |" in README


def program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def serve(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder of its own, with only that folder's programs on PATH."""
    env = {**os.environ, "PATH": f"{folder / 'programs'}", "PYTHONPATH": str(ROOT)}
    line = [sys.executable, "-m", "serving.serve", *options]
    return subprocess.run(line, cwd=folder, env=env, capture_output=True, text=True, timeout=60)


def test_without_a_gpu_one_sentence_says_what_to_do(tmp_path: Path) -> None:
    done = serve(tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "No NVIDIA GPU" in done.stderr and "SHOPDESK_MODEL_URL" in done.stderr


def test_without_vllm_one_sentence_says_what_to_install(tmp_path: Path) -> None:
    program(tmp_path / "programs/nvidia-smi", "echo 24564")
    done = serve(tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "No module named 'vllm'" in done.stderr and "serving/requirements-gpu.txt" in done.stderr


def test_a_gpu_too_small_for_the_table_is_named(tmp_path: Path) -> None:
    program(tmp_path / "programs/nvidia-smi", "echo 4096")
    done = serve(tmp_path)
    assert done.returncode == 1 and "4096 MiB" in done.stderr and "MODEL=" in done.stderr


def test_it_prints_what_it_runs_and_runs_it(tmp_path: Path) -> None:
    program(tmp_path / "programs/nvidia-smi", "echo 24564; echo 16380")
    vllm = f'case "$*" in *--help*) /bin/cat <<\'END\'\n{HELP}\nEND\n;; *) echo "started: $*";; esac'
    program(tmp_path / ".venv-gpu/bin/python", vllm)
    printed, address, started = serve(tmp_path, "--tensor-parallel-size", "2").stdout.splitlines()
    assert printed.startswith(".venv-gpu/bin/python -m vllm") and "--model Qwen/Qwen3-14B-FP8" in printed
    assert "SHOPDESK_MODEL_URL=http://127.0.0.1:8001/v1 SHOPDESK_MODEL_NAME=shopdesk" in address
    assert started.removeprefix("started: ") == printed.removeprefix(".venv-gpu/bin/python ")
    assert started.endswith("--tensor-parallel-size 2")


def test_a_dry_run_starts_nothing_and_any_model_can_be_named(tmp_path: Path) -> None:
    program(tmp_path / "programs/nvidia-smi", "echo 24564")
    program(tmp_path / ".venv-gpu/bin/python", "echo '--model started'")
    done = serve(tmp_path, "--model", "./our-own", "--dry-run")
    assert "--model ./our-own" in done.stdout and "started" not in done.stdout


@pytest.mark.parametrize(("mib", "share"), [(24564, "0.16"), (8188, "0.47"), (143771, "0.03")])
def test_embeddings_are_served_under_the_models_own_name_on_a_few_gigabytes(
    tmp_path: Path, mib: int, share: str
) -> None:
    program(tmp_path / "programs/nvidia-smi", f"echo {mib}")
    printed, address = serve(tmp_path, "--embeddings", "--dry-run").stdout.splitlines()
    assert "--runner pooling" in printed and f"--gpu-memory-utilization {share}" in printed
    assert "--served-model-name Qwen/Qwen3-Embedding-0.6B" in printed
    assert "EMBEDDING_URL=http://127.0.0.1:8002/v1 SHOPDESK_EMBEDDING_NAME=Qwen/Qwen3-Embedding-0.6B" in address


def test_the_gpu_requirements_are_pinned() -> None:
    lines = (ROOT / "serving/requirements-gpu.txt").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == ["vllm==0.32.0"]
