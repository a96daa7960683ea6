"""The command line that starts vLLM, and which model fits which GPU. Nothing is run in here."""

import json
import re
from pathlib import Path

import msgspec

OVERHEAD_GB = 1.5  # what vLLM itself takes beside weights and cache: activations, CUDA graphs
GPU_SHARE = 0.9
EMBEDDINGS = "Qwen/Qwen3-Embedding-0.6B"
EMBEDDINGS_GB = 4.0  # of the card, for a model of half a billion parameters: 1.2 of weights, the rest while it computes


class ServableModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    gpu: int  # GiB of the smallest card it is meant for
    name: str
    weights: float  # GB
    layers: int
    kv_heads: int
    head_size: int
    max_model_len: int
    tool_parser: str

    @property
    def cache_tokens(self) -> int:
        """Tokens of all conversations together that fit beside the weights: a key and a value of 2 bytes per layer,
        head and dimension. Computed, rounded down to thousands."""
        room = self.gpu * 2**30 * GPU_SHARE - (self.weights + OVERHEAD_GB) * 1e9
        return int(room / (2 * 2 * self.layers * self.kv_heads * self.head_size)) // 1000 * 1000


class Launch(msgspec.Struct, frozen=True):
    python: str
    model: str
    served_name: str = "shopdesk"
    host: str = "127.0.0.1"
    port: int = 8001
    max_model_len: int = 8192
    tool_parser: str = "hermes"
    gpu_share: float | None = GPU_SHARE  # None: there is no GPU
    most_in_flight: int = 256  # waiting and running; one more is answered 503, and the desk answers without the model
    more: tuple[str, ...] = ()


class _Models(msgspec.Struct, frozen=True):
    models: tuple[ServableModel, ...]


def servable_models() -> tuple[ServableModel, ...]:
    """serving/models.toml, the smallest card first."""
    text = (Path(__file__).parent / "models.toml").read_bytes()
    return tuple(sorted(msgspec.toml.decode(text, type=_Models).models, key=lambda model: model.gpu))


def largest_for(gpu_mib: int) -> ServableModel | None:
    """The model for a card with this much memory. Cards show up to 8 % less than the size they are sold by."""
    fitting = [model for model in servable_models() if gpu_mib >= model.gpu * 1024 * 0.92]
    return fitting[-1] if fitting else None


def known_options(help_text: str) -> frozenset[str]:
    """The options that a version of vLLM names in its --help."""
    return frozenset(re.findall(r"--[a-z][a-z0-9-]+", help_text))


def command(launch: Launch, known: frozenset[str]) -> list[str]:
    """The arguments that start vLLM. What not every version has is left out where it is not among `known`."""
    options = {
        "--model": launch.model,
        "--served-model-name": launch.served_name,
        "--host": launch.host,
        "--port": str(launch.port),
        "--max-model-len": str(launch.max_model_len),
        "--enable-prefix-caching": "",
        "--enable-auto-tool-choice": "",
        "--tool-call-parser": launch.tool_parser,
    }
    if launch.gpu_share is not None:
        options["--gpu-memory-utilization"] = f"{launch.gpu_share:g}"
    newer = {
        "--scheduling-policy": "priority",
        "--max-num-queued-reqs": str(launch.most_in_flight),
        "--default-chat-template-kwargs": json.dumps({"enable_thinking": False}),
    }
    options |= {option: value for option, value in newer.items() if option in known}
    words = [word for option, value in options.items() for word in ([option, value] if value else [option])]
    return [launch.python, "-m", "vllm.entrypoints.openai.api_server", *words, *launch.more]


def pooling_command(launch: Launch) -> list[str]:
    """The arguments that start vLLM with a model of embeddings, or with one that ranks."""
    options = {
        "--model": launch.model,
        "--served-model-name": launch.served_name,
        "--host": launch.host,
        "--port": str(launch.port),
        "--runner": "pooling",
    }
    if launch.gpu_share is not None:
        options["--gpu-memory-utilization"] = f"{launch.gpu_share:g}"
    words = [word for pair in options.items() for word in pair]
    return [launch.python, "-m", "vllm.entrypoints.openai.api_server", *words, *launch.more]
