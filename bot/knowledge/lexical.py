"""One built index: tantivy over our own tokens finds candidates, their phrasings decide between them."""

import os
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec
import tantivy
from tantivy import Occur, Query

from bot.knowledge.confidence import ANSWER, Counts, Phrasing, Question, count, features, phrasing
from bot.knowledge.meanings import meanings
from bot.knowledge.passages import Found, Kind, Passage
from bot.knowledge.tokens import tokens, without_dashes

PASSAGES, WORDS, COUNTS, TANTIVY = "passages.jsonl", "words.jsonl", "counts.json", "tantivy"
ASKED, WHOLE = "asked", "whole"  # one known phrasing of the question; everything that the passage says
CANDIDATES = {ASKED: 20, WHOLE: 10}  # twice as many find nothing more on any set that was measured
WRITER_BYTES = 15_000_000
LONGEST_QUERY = 1000  # characters; who pastes a book asks no question


class Words(msgspec.Struct, frozen=True):
    """The tokens of one passage."""

    asked: list[list[str]]  # each phrasing
    whole: list[str]


def build(folder: Path, passages: Sequence[Passage]) -> None:
    """Write the whole index into an existing empty folder."""
    words = [_words_of(passage) for passage in passages]
    _write(folder / PASSAGES, _lines(passages))
    _write(folder / WORDS, _lines(words))
    _write(folder / COUNTS, msgspec.json.encode(_count(passages, words)))
    (folder / TANTIVY).mkdir()
    index = _register(tantivy.Index(_schema(), str(folder / TANTIVY)))
    writer = index.writer(WRITER_BYTES, 1)
    for place, (passage, said) in enumerate(zip(passages, words, strict=True)):
        same = {"place": place, "language": passage.language, "kind": passage.kind}
        ways = [(ASKED, sorted(features(asked))) for asked in said.asked]
        for field, text in [*ways, (WHOLE, said.whole)]:
            writer.add_document(tantivy.Document.from_dict({field: " ".join(text), **same}, index.schema))
    writer.commit()
    writer.wait_merging_threads()


def _words_of(passage: Passage) -> Words:
    asked = (passage.title, *passage.questions)
    return Words([_words(text) for text in asked], _words("\n".join((passage.topic, *asked, passage.text))))


def _words(text: str) -> list[str]:
    return [without_dashes(token) for token in tokens(text)] + meanings(text)


@lru_cache(maxsize=64)
def _asked(query: str) -> tuple[str, ...]:
    """One turn looks for the same words several times: among entries, policies and products."""
    return tuple(_words(query[:LONGEST_QUERY]))


def _count(passages: Sequence[Passage], words: Sequence[Words]) -> dict[str, Counts]:
    by_language: dict[str, list[tuple[list[list[str]], list[str]]]] = {}
    for passage, said in zip(passages, words, strict=True):
        by_language.setdefault(passage.language, []).append((said.asked, said.whole))
    return {language: count(said) for language, said in by_language.items()}


def _write(path: Path, content: bytes) -> None:
    """On the disk when it returns, for the version is made current right after."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _lines(rows: Sequence[msgspec.Struct]) -> bytes:
    return b"".join(msgspec.json.encode(row) + b"\n" for row in rows)


def read_passages(folder: Path) -> list[Passage]:
    """The passages that an index was built from, whatever release has built it."""
    return msgspec.json.Decoder(Passage).decode_lines((folder / PASSAGES).read_bytes())


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for field in (ASKED, WHOLE):
        builder.add_text_field(field, tokenizer_name="ours", index_option="freq")
    for field in ("language", "kind"):
        builder.add_text_field(field, tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("place", fast=True)
    return builder.build()


def _register(index: tantivy.Index) -> tantivy.Index:
    analyzer = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    index.register_tokenizer("ours", analyzer)
    return index


class LexicalIndex:
    """Reads one built folder; a Retriever. Raises OSError when the folder is not whole."""

    def __init__(self, folder: Path) -> None:
        self._passages = read_passages(folder)
        self._words = msgspec.json.Decoder(Words).decode_lines((folder / WORDS).read_bytes())
        self._counts = msgspec.json.decode((folder / COUNTS).read_bytes(), type=dict[str, Counts])
        self._by_id = {passage.id: passage for passage in self._passages}
        self._ways: dict[int, tuple[list[Phrasing], frozenset[str]]] = {}
        self._index = _register(tantivy.Index.open(str(folder / TANTIVY)))
        self._searcher = self._index.searcher()

    def search(self, query: str, language: str, at_most: int = 5, kind: Kind | None = None) -> list[Found]:
        """From another language only what answers it, when nothing in the customer's own does."""
        words = _asked(query)
        found = self._ranked(words, language, kind)
        if not found or found[0].confidence < ANSWER:
            others = [other for other in self._counts if other != language]
            foreign = [
                each for other in others for each in self._ranked(words, other, kind) if each.confidence >= ANSWER
            ]
            found = sorted(foreign, key=lambda each: -each.score) + found
        return found[:at_most]

    @property
    def passages(self) -> list[Passage]:
        return self._passages

    def passage(self, passage_id: str) -> Passage | None:
        return self._by_id.get(passage_id)

    def all(self, kind: Kind, language: str) -> list[Passage]:
        """In the order in which they were published."""
        return [passage for passage in self._passages if passage.kind == kind and passage.language == language]

    def _ranked(self, words: Sequence[str], language: str, kind: Kind | None) -> list[Found]:
        if not words or language not in self._counts:
            return []
        question = Question(words, self._counts[language])
        limits = [self._term("language", language, "basic"), *([self._term("kind", kind, "basic")] if kind else [])]
        filters = [(Occur.Must, Query.const_score_query(term, 0.0)) for term in limits]
        places = self._candidates(ASKED, question.features, filters) + self._candidates(WHOLE, question.words, filters)
        found = [self._found(question, place) for place in dict.fromkeys(places)]
        return sorted(found, key=lambda each: -each.score)

    def _candidates(self, field: str, asked: Iterable[str], filters: list[tuple[Occur, Query]]) -> list[int]:
        """Asked for by terms, so that no sign a customer writes is taken for an instruction."""
        said = Query.boolean_query([(Occur.Should, self._term(field, term, "freq")) for term in asked])
        query = Query.boolean_query([(Occur.Must, said), *filters])
        hits = self._searcher.search(query, CANDIDATES[field], count=False).hits
        places = self._searcher.fast_field_values("place", [address for _, address in hits])
        return [int(place or 0) for place in places]

    def _term(self, field: str, value: str, option: str) -> Query:
        return Query.term_query(self._index.schema, field, value, option)

    def _found(self, question: Question, place: int) -> Found:
        phrasings, whole = self._ways_to(place)
        score = question.score(phrasings, whole)
        return Found(self._passages[place], score, min(1.0, score))

    def _ways_to(self, place: int) -> tuple[list[Phrasing], frozenset[str]]:
        if place not in self._ways:
            words, counts = self._words[place], self._counts[self._passages[place].language]
            self._ways[place] = [phrasing(asked, counts) for asked in words.asked], frozenset(words.whole)
        return self._ways[place]
