"""A passage as rows of Milvus, and back: our tokens as sparse vectors of our own weights, so that no analyser counts.

A passage has one row for each phrasing or vector, whichever are more; the first also carries the passage itself.
"""

import base64
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import msgspec
import numpy as np

from bot.knowledge.passages import Passage
from bot.knowledge.searching.counts import Counts, Tally
from bot.knowledge.searching.engine import Entry, Rows, Terms
from bot.knowledge.searching.rows import features, words_of_passage
from bot.knowledge.tokens import is_identifier

SATURATION, LENGTH = 1.2, 0.75  # BM25's k1 and b
IDENTIFIER_WEIGHT = 6.0  # or the single characters of a Chinese question outvote the article number in it
TERMS = 2**32 - 2  # Milvus numbers the terms of a sparse vector with 32 bits, the last of them left out
NOTHING = {0: 1e-6}  # some servers refuse a sparse vector without terms; no word has the number 0
LONGEST = 65_535  # bytes of a text in Milvus

Sparse = dict[int, float]
Row = dict[str, Any]  # as pymilvus takes and gives it; goes no further than the files beside this one


class _Kept(msgspec.Struct, frozen=True):
    """What is needed to make the Entry again, beside its passage and vectors."""

    terms: Terms
    meant: int  # rows of each kind of vector
    learned: int


@dataclass(frozen=True, slots=True)
class Lengths:
    """Distinct words of the average phrasing and passage of one language."""

    asked: float
    whole: float


def lengths(counts: Mapping[str, Counts]) -> dict[str, Lengths]:
    return {
        language: Lengths(
            known.in_phrasings.total / max(known.phrasings, 1),
            known.in_passages.total / max(known.passages, 1),
        )
        for language, known in counts.items()
    }


def term(word: str) -> int:
    """The number of a word: the same in every process and release."""
    return 1 + int.from_bytes(blake2b(word.encode(), digest_size=8).digest()) % TERMS


def weights_of(words: Iterable[str], average: float) -> Sparse:
    """What a document contributes to BM25; a word counts once, for who repeats it says nothing more."""
    distinct = set(words)
    length = len(distinct) / average if average else 1.0
    weight = (SATURATION + 1) / (1 + SATURATION * (1 - LENGTH + LENGTH * length))
    return {term(word): weight for word in distinct} or NOTHING


def rarities(words: Iterable[str], known: Tally, of: int) -> Sparse:
    """What a question contributes: words that no passage has are left out."""
    found, distinct = {}, list(set(words))
    for word, times in zip(distinct, known.times_of(distinct), strict=True):
        if times:
            rarity = float(np.log1p((of - times + 0.5) / (times + 0.5)))
            found[term(word)] = rarity * (IDENTIFIER_WEIGHT if is_identifier(word) else 1.0)
    return found


def rows_of(place: int, one: Entry, average: Mapping[str, Lengths], dimensions: Mapping[str, int]) -> list[Row]:
    """`dimensions` names the vectors that the collection has. Raises ValueError for a passage that is too long."""
    passage, words = one.passage, words_of_passage(one.passage)
    vectors = {"meant": one.meant, "learned": one.learned}
    counted = {name: 0 if rows is None else len(rows) for name, rows in vectors.items()}
    usual = average.get(passage.language, Lengths(0, 0))
    same = {"passage_id": passage.id, "place": place, "language": passage.language, "kind": passage.kind}
    rows: list[Row] = []
    for part in range(max(len(words.asked), *counted.values(), 1)):
        row = {"key": f"{passage.id}#{part}", "part": part, "passage": "", "kept": "", "whole": NOTHING, **same}
        asked = words.asked[part] if part < len(words.asked) else []
        row["asked"] = weights_of(features(asked), usual.asked)
        for name, size in dimensions.items():
            given = vectors[name]
            row[name] = given[part] if given is not None and part < len(given) else np.zeros(size, np.float32)
        rows.append(row)
    rows[0]["whole"] = weights_of(words.whole, usual.whole)
    rows[0]["passage"] = _fitting(msgspec.json.encode(passage), passage)
    rows[0]["kept"] = _fitting(_packed(_Kept(one.terms, counted["meant"], counted["learned"])), passage)
    return rows


def passage_of(row: Row) -> Passage:
    return msgspec.json.decode(row["passage"], type=Passage)


def entries_of(rows: Sequence[Row]) -> list[Entry]:
    """Of all rows of some passages, in any order."""
    by_passage: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: int(row["part"])):
        by_passage.setdefault(row["passage_id"], []).append(row)
    return [_entry(parts) for parts in by_passage.values() if parts[0]["part"] == 0]


def _entry(parts: Sequence[Row]) -> Entry:
    kept = msgspec.msgpack.decode(zlib.decompress(base64.b85decode(parts[0]["kept"])), type=_Kept)
    meant, learned = _stacked(parts, "meant", kept.meant), _stacked(parts, "learned", kept.learned)
    return Entry(passage_of(parts[0]), kept.terms, meant, learned)


def _stacked(parts: Sequence[Row], name: str, count: int) -> Rows | None:
    if not count or name not in parts[0] or len(parts) < count:
        return None
    return np.array([row[name] for row in parts[:count]], np.float32)


def _packed(kept: _Kept) -> bytes:
    return base64.b85encode(zlib.compress(msgspec.msgpack.encode(kept), 6))


def _fitting(content: bytes, passage: Passage) -> str:
    if len(content) > LONGEST:
        raise ValueError(f"The passage {passage.id} is too long for Milvus: split it by headings.")
    return content.decode()
