"""Questions with a known answer, put to an index that has never heard them: what thresholds are fitted to."""

import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from bot.knowledge.embedding.static import StaticEmbedding
from bot.knowledge.learning.phrasings import Trial
from bot.knowledge.learning.thresholds import Observed
from bot.knowledge.passages import Passage
from bot.knowledge.searching.counts import counted
from bot.knowledge.searching.engine import Rows
from bot.knowledge.searching.local import LocalEngine, Placeable, write_local
from bot.knowledge.searching.ranking import Ranked, Ranking, Signals, ask, signals_of
from bot.knowledge.searching.rows import learned_texts, meant_texts, words_of_passage


@dataclass(frozen=True, slots=True)
class Heard:
    """A trial with its question as the embedder hears it; none where there is none or it does not know the script."""

    trial: Trial
    meant: Rows | None


Observations = dict[tuple[str, Signals], list[Observed]]  # by language, and by what was looked for


def observe(
    passages: Sequence[Passage], meant: Sequence[Rows | None], heard: Sequence[Heard], static: StaticEmbedding | None
) -> Observations:
    """Puts each question to the passages as they would be without it. `static` has not heard the questions either."""
    left_out: dict[str, set[str]] = defaultdict(set)
    for one in heard:
        left_out[one.trial.entry] |= one.trial.left_out
    away = absent(heard)
    items = [
        _without(left_out[one.id], one, rows, static)
        for one, rows in zip(passages, meant, strict=True)
        if one.id not in away
    ]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:  # tantivy may take a lock in it once more
        write_local(Path(folder), items)
        engine = LocalEngine(Path(folder))
        ranking = Ranking(counted((one.passage.language, words_of_passage(one.passage)) for one in items))
        by_id = {passage.id: passage for passage in passages}
        found: Observations = defaultdict(list)
        for one in heard:
            _observe(one, by_id[one.trial.entry], engine, ranking, static, found)
        engine.close()
    return found


def absent(heard: Sequence[Heard]) -> frozenset[str]:
    """The passages that must not be there while the questions are tried."""
    return frozenset().union(*(one.trial.without for one in heard))


def _observe(
    one: Heard,
    entry: Passage,
    engine: LocalEngine,
    ranking: Ranking,
    static: StaticEmbedding | None,
    found: Observations,
) -> None:
    """Once with all that there is, and once as if the embedder were away."""
    question = one.trial.question
    learned = static.encode([question])[0] if static else None
    for meant in {id(rows): rows for rows in (one.meant, None)}.values():
        asked = ask(question, entry.language, entry.kind, meant, learned)
        ranked = ranking.ranked(asked, engine.find(asked))
        others = [each for each in ranked if each.entry.passage.id not in one.trial.same]
        right = bool(ranked) and ranked[0].entry.passage.id in one.trial.same
        seen = Observed(_evidence(ranked), right, _evidence(others), made_up=not one.trial.left_out)
        found[entry.language, signals_of(asked)].append(seen)


def _evidence(ranked: Sequence[Ranked]) -> float:
    return ranked[0].evidence if ranked else 0.0


def _without(texts: set[str], passage: Passage, rows: Rows | None, static: StaticEmbedding | None) -> Placeable:
    """The passage as if nobody had ever asked for it in these ways."""
    kept = msgspec.structs.replace(passage, questions=tuple(one for one in passage.questions if one not in texts))
    if rows is not None:
        kept_rows = [row for text, row in zip(meant_texts(passage), rows, strict=True) if text not in texts]
        rows = np.stack(kept_rows) if kept_rows else None
    learned = static.encode(learned_texts(kept)) if static else None
    return Placeable(kept, rows, learned)
