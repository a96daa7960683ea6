"""Words in tantivy, cut by us: finds the places of passages that share words with a question."""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import tantivy
from tantivy import Occur, Query

from bot.knowledge.linking import link_or_copy
from bot.knowledge.passages import Passage
from bot.knowledge.searching.engine import Asked, Words
from bot.knowledge.searching.entry_book import Placed
from bot.knowledge.searching.rows import features, is_code

TANTIVY = "tantivy"
ASKED, WHOLE = "asked", "whole"  # one known phrasing of the question; everything that the passage says
CANDIDATES = {ASKED: 20, WHOLE: 10}  # twice as many find nothing more on any set that was measured
MOST_CODES = 8  # article and order numbers of one question
WRITER_BYTES = 60_000_000  # a quarter of it makes four times as many segments, and a search takes half as long again
CODE_WEIGHT = 6.0  # less, and the single characters of a Chinese question outvote the article number in it
SEGMENT = tuple("0123456789abcdef")  # its files begin with its number, and are never written again


@contextmanager
def new_words(folder: Path) -> Iterator["Adding"]:
    """A new index in an existing folder, whole when the block is left."""
    (folder / TANTIVY).mkdir()
    with _writing(tantivy.Index(_schema(), str(folder / TANTIVY))) as adding:
        yield adding


def change_words(source: Path, folder: Path, removed: Sequence[int], added: Iterable[Placed]) -> None:
    """The index of `source` without some places and with others, in another existing folder."""
    (folder / TANTIVY).mkdir()
    for file in (source / TANTIVY).iterdir():
        if file.name.startswith(SEGMENT):
            link_or_copy(file, folder / TANTIVY / file.name)
        elif file.suffix == ".json":
            shutil.copyfile(file, folder / TANTIVY / file.name)
    with _writing(tantivy.Index.open(str(folder / TANTIVY))) as adding:
        for place in removed:
            adding.remove(place)
        for one in added:
            adding.add(*one)


@contextmanager
def _writing(index: tantivy.Index) -> Iterator["Adding"]:
    writer = _register(index).writer(WRITER_BYTES, 1)
    yield Adding(writer, index.schema)
    writer.commit()
    writer.wait_merging_threads()


class Adding:
    """Takes passages one by one, so that they need not be in memory."""

    def __init__(self, writer: tantivy.IndexWriter, schema: tantivy.Schema) -> None:
        self._writer, self._schema = writer, schema

    def remove(self, place: int) -> None:
        self._writer.delete_documents_by_term("place", place)

    def add(self, place: int, passage: Passage, words: Words) -> None:
        same = {"place": place, "kind": passage.kind}
        ways = [(ASKED, sorted(features(asked))) for asked in words.asked]
        for field, text in [*ways, (WHOLE, words.whole)]:
            said = " ".join(_of_language(passage.language, word) for word in text)
            self._writer.add_document(tantivy.Document.from_dict({field: said, **same}, self._schema))


def _of_language(language: str, word: str) -> str:
    """With a filter tantivy would weigh every passage that has any of the words, and not only the best."""
    return f"{language}:{word}"


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for field in (ASKED, WHOLE):
        builder.add_text_field(field, tokenizer_name="ours", index_option="freq")
    builder.add_text_field("kind", tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("place", fast=True, indexed=True)
    return builder.build()


def _register(index: tantivy.Index) -> tantivy.Index:
    analyzer = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    index.register_tokenizer("ours", analyzer)
    return index


class LexicalIndex:
    """Reads one. Raises OSError or ValueError when it is not whole."""

    def __init__(self, folder: Path) -> None:
        self._index = _register(tantivy.Index.open(str(folder / TANTIVY)))
        self._index.config_reader(reload_policy="manual")  # a version never changes: nothing to watch for
        self._searcher = self._index.searcher()

    def nearest(self, asked: Asked) -> list[int]:
        """Places, each once."""
        places = self._candidates(ASKED, self._spelt(asked), asked) + self._candidates(WHOLE, set(asked.words), asked)
        for code in list(dict.fromkeys(filter(is_code, asked.words)))[:MOST_CODES]:  # all that is said of that thing
            places += self._candidates(WHOLE, [code], asked)
        return list(dict.fromkeys(places))

    def _spelt(self, asked: Asked) -> frozenset[str]:
        """Its features. Where vectors look for it, too, those in letter groups of words that some phrasing has find
        nothing more, and take three times as long as all the rest; without vectors they are worth a point or two."""
        if asked.meant is None and asked.learned is None:
            return asked.features
        known = [word for word in asked.words if self._searcher.doc_freq(ASKED, _of_language(asked.language, word))]
        return features(set(asked.words).difference(known)).union(known)

    def _candidates(self, field: str, words: Iterable[str], asked: Asked) -> list[int]:
        """Asked for by terms, so that no sign a customer writes is taken for an instruction."""
        query = Query.boolean_query([(Occur.Should, self._weighed(field, word, asked.language)) for word in words])
        if asked.kind:
            kind = Query.const_score_query(self._term("kind", asked.kind, "basic"), 0.0)
            query = Query.boolean_query([(Occur.Must, query), (Occur.Must, kind)])
        hits = self._searcher.search(query, CANDIDATES[field], count=False).hits
        places = self._searcher.fast_field_values("place", [address for _, address in hits])
        return [int(place or 0) for place in places]

    def _weighed(self, field: str, word: str, language: str) -> Query:
        found = self._term(field, _of_language(language, word), "freq")
        return Query.boost_query(found, CODE_WEIGHT) if is_code(word) else found

    def _term(self, field: str, value: str, option: str) -> Query:
        return Query.term_query(self._index.schema, field, value, option)
