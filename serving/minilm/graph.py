"""The computation of a BERT sentence encoder as an ONNX graph in 8 bit: embeddings, layers, mean, length one.

The architecture: Devlin et al. 2019 (https://arxiv.org/abs/1810.04805), with post-layer normalisation; the mean over
the tokens: Reimers & Gurevych 2019 (https://arxiv.org/abs/1908.10084).
"""

import math
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from serving.minilm.eight_bit import BLOCK, in_blocks, in_rows
from serving.minilm.weights import Weights

OPSET = 20
MICROSOFT = "com.microsoft"  # onnxruntime's own operators
MASKED = -1e9  # added to the attention of what only fills a row up


def sentence_encoder(weights: Weights) -> onnx.ModelProto:
    """Takes input_ids and attention_mask (int64, texts by tokens), gives vectors (float32, one row a text)."""
    return _Drawing(weights).model()


class _Drawing:
    """The graph while it is drawn; a name stands for a value, `node` gives the name of what it computes."""

    def __init__(self, weights: Weights) -> None:
        self._weights, self._shape = weights.arrays, weights.shape
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}

    def model(self) -> onnx.ModelProto:
        hidden = self._embedded()
        unmasked = self.node("Cast", "attention_mask", to=TensorProto.FLOAT)
        by_key = self.node("Unsqueeze", unmasked, self.whole_numbers(1, 2))
        one = self.constant("one", np.float32(1))
        bias = self.node("Mul", self.node("Sub", one, by_key), self.constant("masked", np.float32(MASKED)))
        for layer in range(self._shape.num_hidden_layers):
            hidden = self._layer(hidden, bias, f"encoder.layer.{layer}")
        self._pooled(hidden, unmasked)
        tokens = [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["texts", "tokens"])
            for name in ("input_ids", "attention_mask")
        ]
        vectors = helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["texts", self._shape.hidden_size])
        graph = helper.make_graph(self._nodes, "sentence_encoder", tokens, [vectors], list(self._constants.values()))
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(MICROSOFT, 1)]
        model = helper.make_model(graph, opset_imports=opsets)
        model.ir_version = 9  # the newest that every onnxruntime we admit can read
        onnx.checker.check_model(model)
        return model

    def node(self, kind: str, *inputs: str, output: str = "", domain: str = "", **attributes: Any) -> str:
        name = output or f"{kind}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [name], name=name, domain=domain, **attributes))
        return name

    def constant(self, name: str, value: NDArray[np.generic] | np.generic) -> str:
        if name not in self._constants:
            self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(value).reshape(value.shape), name)
        return name

    def whole_numbers(self, *values: int) -> str:
        return self.constant("numbers_" + "_".join(map(str, values)), np.array(values, np.int64))

    def weight(self, name: str) -> str:
        return self.constant(name, self._weights[name])

    def _embedded(self) -> str:
        table, scales = in_rows(self._weights["embeddings.word_embeddings.weight"])
        words = self.node("Gather", self.constant("words", table), "input_ids")
        scale = self.node("Gather", self.constant("words.scales", scales), "input_ids")
        words = self.node("Mul", self.node("Cast", words, to=TensorProto.FLOAT), scale)
        length = self.node("Slice", self.node("Shape", "input_ids"), self.whole_numbers(1), self.whole_numbers(2))
        # every token is of the first of BERT's two kinds of sentence: the same row is added to each place
        of_kind = self._weights["embeddings.token_type_embeddings.weight"][0]
        places = self.constant("places", self._weights["embeddings.position_embeddings.weight"] + of_kind)
        places = self.node("Slice", places, self.whole_numbers(0), length, self.whole_numbers(0))
        return self._normalised(self.node("Add", words, places), "embeddings.LayerNorm")

    def _layer(self, hidden: str, bias: str, name: str) -> str:
        attended = self._linear(
            self._attended(hidden, bias, f"{name}.attention.self"), f"{name}.attention.output.dense"
        )
        hidden = self._normalised(self.node("Add", attended, hidden), f"{name}.attention.output.LayerNorm")
        wide = self.node("Gelu", self._linear(hidden, f"{name}.intermediate.dense"), approximate="none")
        return self._normalised(
            self.node("Add", self._linear(wide, f"{name}.output.dense"), hidden), f"{name}.output.LayerNorm"
        )

    def _attended(self, hidden: str, bias: str, name: str) -> str:
        heads = self._shape.num_attention_heads
        size = self._shape.hidden_size // heads
        split, joined = self.whole_numbers(0, 0, heads, size), self.whole_numbers(0, 0, heads * size)
        query, key, value = (
            self.node("Reshape", self._linear(hidden, f"{name}.{part}"), split) for part in ("query", "key", "value")
        )
        query = self.node("Transpose", query, perm=[0, 2, 1, 3])
        key = self.node("Transpose", key, perm=[0, 2, 3, 1])
        value = self.node("Transpose", value, perm=[0, 2, 1, 3])
        scale = self.constant("scale", np.float32(1 / math.sqrt(size)))
        scores = self.node("Add", self.node("Mul", self.node("MatMul", query, key), scale), bias)
        mixed = self.node("MatMul", self.node("Softmax", scores, axis=-1), value)
        return self.node("Reshape", self.node("Transpose", mixed, perm=[0, 2, 1, 3]), joined)

    def _linear(self, hidden: str, name: str) -> str:
        weights = self._weights[f"{name}.weight"]
        wide, deep = weights.shape
        blocks, scales = in_blocks(weights)
        product = self.node(
            "MatMulNBits",
            hidden,
            self.constant(f"{name}.blocks", blocks),
            self.constant(f"{name}.scales", scales),
            domain=MICROSOFT,
            N=wide,
            K=deep,
            bits=8,
            block_size=BLOCK,
            accuracy_level=4,  # int8
        )
        return self.node("Add", product, self.weight(f"{name}.bias"))

    def _normalised(self, hidden: str, name: str) -> str:
        scale, bias = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        return self.node("LayerNormalization", hidden, scale, bias, axis=-1, epsilon=self._shape.layer_norm_eps)

    def _pooled(self, hidden: str, unmasked: str) -> None:
        tokens = self.whole_numbers(1)
        by_token = self.node("Unsqueeze", unmasked, self.whole_numbers(2))
        total = self.node("ReduceSum", self.node("Mul", hidden, by_token), tokens, keepdims=0)
        mean = self.node("Div", total, self.node("ReduceSum", by_token, tokens, keepdims=0))
        self.node("Div", mean, self.node("ReduceL2", mean, tokens, keepdims=1), output="vectors")
