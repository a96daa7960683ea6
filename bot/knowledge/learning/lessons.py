"""What a version has learned from its own passages: the static embedding, and from where on it can be trusted."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bot.knowledge.embedding.embedder import Embedder
from bot.knowledge.embedding.static import StaticEmbedding
from bot.knowledge.learning.aside import aside
from bot.knowledge.learning.phrasings import trials
from bot.knowledge.learning.thresholds import Thresholds, fit
from bot.knowledge.learning.trials import Heard, absent, observe
from bot.knowledge.passages import Passage
from bot.knowledge.searching.engine import Rows
from bot.knowledge.searching.ranking import Signals
from bot.knowledge.searching.rows import learned_texts

FILE, STATIC = "lessons.json", "static"
LEAST_TRIED = 20  # questions; fitted to a handful, a border is as low as the hardest of them happens to be
MOST_TRIED = 20_000  # passages


class Fitted(msgspec.Struct, frozen=True):
    """The thresholds for questions of one language that are looked for by these signals."""

    language: str
    signals: Signals
    thresholds: Thresholds


class Lessons(msgspec.Struct, frozen=True):
    embedder: str  # the name of the one that made the rows; "" for none
    learned: bool  # whether anything was: a version that is put up in a hurry has not
    fitted: tuple[Fitted, ...] = ()

    def thresholds(self, language: str, signals: Signals) -> Thresholds | None:
        """None where nothing was fitted."""
        return next((one.thresholds for one in self.fitted if (one.language, one.signals) == (language, signals)), None)


@dataclass(frozen=True, slots=True)
class Learned:
    lessons: Lessons
    static: StaticEmbedding | None


def untaught(embedder: Embedder | None) -> Learned:
    return Learned(Lessons(embedder.name if embedder else "", learned=False), None)


async def learn_from(passages: Sequence[Passage], meant: Sequence[Rows | None], embedder: Embedder | None) -> Learned:
    """Trains and fits; seconds for a shop's FAQ. Raises EmbedderFailed.

    Of a large catalogue some passages at even distances are tried: what can be believed shows in them just as well.
    """
    some = slice(None, None, 1 + len(passages) // MOST_TRIED)
    sample, rows_of_sample = passages[some], meant[some]
    tried = await aside(lambda: trials(sample))
    understood = [one for one in tried if embedder and embedder.understands(one.meaning)]
    heard_as: dict[int, Rows] = {}
    if embedder and understood:
        rows = await embedder.of_questions([one.meaning for one in understood])
        heard_as = {id(one): row for one, row in zip(understood, rows, strict=True)}
    heard = [Heard(one, heard_as.get(id(one))) for one in tried]
    name = embedder.name if embedder else ""
    pairs = [(text, passage.id) for passage in passages for text in learned_texts(passage)]
    return await aside(lambda: _learn(pairs, sample, rows_of_sample, heard, name))


def _learn(
    pairs: Sequence[tuple[str, str]],
    passages: Sequence[Passage],
    meant: Sequence[Rows | None],
    heard: Sequence[Heard],
    embedder: str,
) -> Learned:
    """Trained on (phrasing, entry) pairs twice: without the questions that it is tried with, and with everything."""
    left_out = {(one.trial.entry, text) for one in heard for text in one.trial.left_out}
    away = absent(heard)
    unheard = [(text, entry) for text, entry in pairs if (entry, text) not in left_out and entry not in away]
    seen = observe(passages, meant, heard, _trained(unheard))
    fitted = [
        Fitted(language, signals, fit(some)) for (language, signals), some in seen.items() if len(some) >= LEAST_TRIED
    ]
    return Learned(Lessons(embedder, learned=True, fitted=tuple(fitted)), _trained(pairs))


def _trained(pairs: Sequence[tuple[str, str]]) -> StaticEmbedding | None:
    """None where no entry has two phrasings to learn from."""
    entries = [entry for _, entry in pairs]
    if len(entries) - len(set(entries)) < 2:
        return None
    static = StaticEmbedding.train(pairs)
    return None if static.is_empty else static


def write_lessons(folder: Path, learned: Learned) -> None:
    (folder / FILE).write_bytes(msgspec.json.encode(learned.lessons))
    if learned.static is not None:
        (folder / STATIC).mkdir()
        learned.static.save(folder / STATIC)


def read_borders(folder: Path) -> Lessons:
    """Without the static embedding, which takes megabytes. Raises OSError."""
    return msgspec.json.decode((folder / FILE).read_bytes(), type=Lessons)


def read_lessons(folder: Path) -> Learned:
    lessons = read_borders(folder)
    return Learned(lessons, StaticEmbedding.load(folder / STATIC) if (folder / STATIC).is_dir() else None)
