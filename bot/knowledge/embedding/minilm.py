"""all-MiniLM-L6-v2 in 8 bit on the CPU: English by meaning, milliseconds a question. `make minilm` puts it in place."""

import asyncio
import re
import sys
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from bot.knowledge.embedding.embedder import EmbedderFailed, Vectors

if TYPE_CHECKING:
    from tokenizers import Tokenizer

NAME = "all-MiniLM-L6-v2 int8"
MODEL, TOKENIZER, MANIFEST = "model.onnx", "tokenizer.json", "manifest.json"
MOST_OF_A_QUESTION, MOST_OF_A_PASSAGE = 64, 256  # tokens; what is longer is cut
FEW = 8  # questions; more at once are no customer's, who would be waiting for them
STEP = 64  # texts; a second, where they are long
AT_ONCE = 1024  # tokens of a batch, with what fills its rows up; more takes more memory and is slower
CHINESE = re.compile(r"[\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


class Manifest(msgspec.Struct, frozen=True):
    """What lies in the folder beside it."""

    name: str
    dimensions: int
    licence: str
    source: str
    sha256: dict[str, str]  # by file


def minilm_folder() -> Path:
    """Where `make minilm` puts it: in the environment that this Python runs in."""
    return Path(sys.prefix) / "share" / "shopdesk" / "minilm"


def read_manifest(folder: Path) -> Manifest | None:
    """None where nothing, or nothing whole, is installed."""
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError):
        return None
    return manifest if all((folder / name).is_file() for name in (MODEL, TOKENIZER)) else None


class MiniLm:
    """An embedder. One thread computes what customers ask, and one the passages: nobody waits for an import."""

    def __init__(self, folder: Path) -> None:
        """Takes half a second. Raises EmbedderFailed where it is not whole, or the packages that run it are missing."""
        manifest = read_manifest(folder)
        if manifest is None:
            raise EmbedderFailed(f"MiniLM is not whole in {folder}: make minilm")
        self.name, self.dimensions = manifest.name, manifest.dimensions
        self._tokenizer, self._session = _opened(folder)
        self._asking = ThreadPoolExecutor(1, "minilm-questions")
        self._importing = ThreadPoolExecutor(1, "minilm-passages")

    def understands(self, text: str) -> bool:
        return CHINESE.search(text) is None

    async def of_questions(self, texts: Sequence[str]) -> Vectors:
        thread = self._asking if len(texts) <= FEW else self._importing
        return await self._in_steps(thread, texts, MOST_OF_A_QUESTION)

    async def of_passages(self, texts: Sequence[str]) -> Vectors:
        return await self._in_steps(self._importing, texts, MOST_OF_A_PASSAGE)

    async def _in_steps(self, thread: Executor, texts: Sequence[str], most_tokens: int) -> Vectors:
        """Whoever is cancelled, or ends the process, waits for one step and not for an import."""
        found, loop = np.zeros((len(texts), self.dimensions), np.float32), asyncio.get_running_loop()
        for start in range(0, len(texts), STEP):
            step = texts[start : start + STEP]
            found[start : start + STEP] = await loop.run_in_executor(thread, self.vectors, step, most_tokens)
        return found

    def vectors(self, texts: Sequence[str], most_tokens: int = MOST_OF_A_PASSAGE) -> Vectors:
        """Blocks while it computes."""
        found = np.zeros((len(texts), self.dimensions), np.float32)
        rows = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        rows = [[*ids[: most_tokens - 1], ids[-1]] if len(ids) > most_tokens else ids for ids in rows]
        for places in _batches([len(ids) for ids in rows]):
            found[places] = self._computed([rows[place] for place in places])
        return found

    def _computed(self, rows: list[list[int]]) -> Vectors:
        longest = max(map(len, rows))
        ids, mask = np.zeros((2, len(rows), longest), np.int64)
        for place, row in enumerate(rows):
            ids[place, : len(row)], mask[place, : len(row)] = row, 1
        (vectors,) = self._session.run(["vectors"], {"input_ids": ids, "attention_mask": mask})
        return np.asarray(vectors, np.float32)


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """Places of texts that are computed together: of like length, so that little is computed for nothing."""
    batches: list[list[int]] = []
    for place in sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True):
        if batches and (len(batches[-1]) + 1) * lengths[batches[-1][0]] <= AT_ONCE:
            batches[-1].append(place)
        else:
            batches.append([place])
    return batches


def _opened(folder: Path) -> "tuple[Tokenizer, Any]":
    try:
        # an extra of ours, and 100 MB in memory: loaded where it is used
        import onnxruntime  # type: ignore[import-untyped]
        from tokenizers import Tokenizer
    except ImportError as error:
        raise EmbedderFailed(f"the package {error.name} is missing: make minilm") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    try:
        session = onnxruntime.InferenceSession(folder / MODEL, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has a dozen classes for it and no common one
        raise EmbedderFailed(f"{folder / MODEL} cannot be read: make minilm ({error})") from error
    return tokenizer, session
