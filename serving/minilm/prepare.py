"""Converts the weights once and puts the model where the desk looks for it.

python -m serving.minilm.prepare --weights FOLDER_OF_THE_PACKAGE [--into FOLDER]
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import msgspec
import onnx

from bot.knowledge.embedding.embedder import EmbedderFailed
from bot.knowledge.embedding.minilm import MANIFEST, MODEL, NAME, TOKENIZER, Manifest, MiniLm, minilm_folder
from serving.minilm.checks import sentences, trouble
from serving.minilm.graph import sentence_encoder
from serving.minilm.weights import WrongWeights, model_folder, read_weights, sha256

LICENCE = "Apache-2.0"
SOURCE = "sentence-transformers/all-MiniLM-L6-v2, converted to ONNX and 8 bit by Shopdesk"


def prepare(package: Path, into: Path) -> Manifest:
    """Makes the folder whole or leaves it as it was. Raises WrongWeights, EmbedderFailed, OSError."""
    published = model_folder(package)
    into.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into.parent, prefix=".minilm-") as name:
        made = Path(name) / "made"
        made.mkdir()
        manifest = _convert(published, made)
        shutil.rmtree(into, ignore_errors=True)
        made.rename(into)
    return manifest


def _convert(published: Path, made: Path) -> Manifest:
    weights = read_weights(published)
    onnx.save(sentence_encoder(weights), made / MODEL)
    shutil.copyfile(published / TOKENIZER, made / TOKENIZER)
    hashes = {name: sha256(made / name) for name in (MODEL, TOKENIZER)}
    manifest = Manifest(NAME, weights.shape.hidden_size, LICENCE, SOURCE, hashes)
    (made / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")
    wrong = trouble(MiniLm(made).vectors(sentences()))
    if wrong:
        raise WrongWeights(f"The converted model does not say what the original says: {wrong}.")
    return manifest


def main() -> None:
    parser = argparse.ArgumentParser(description="Puts MiniLM in place for this environment.")
    parser.add_argument("--weights", type=Path, required=True, help="where the package with the weights was unpacked")
    parser.add_argument("--into", type=Path, default=minilm_folder())
    options = parser.parse_args()
    try:
        manifest = prepare(options.weights, options.into)
    except (WrongWeights, EmbedderFailed, OSError) as error:
        sys.exit(f"MiniLM was not put in place: {error}")
    print(f"MiniLM is in place: {manifest.name}, {manifest.dimensions} dimensions, {manifest.licence}.")  # noqa: T201


if __name__ == "__main__":
    main()
