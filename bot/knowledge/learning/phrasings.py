"""Questions with a known answer: phrasings that are held out, and where there are too few of them, made up ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from bot.knowledge.learning.made_up import pseudo_questions
from bot.knowledge.passages import Passage
from bot.knowledge.searching.rows import learned_texts

HELD_OUT = 0.3  # of the phrasings of each entry that has two or more, and not one more
MOST_TRIALS = 600  # for each language
ENOUGH_HELD_OUT = 60  # for each language; with fewer, questions are made up beside them


@dataclass(frozen=True, slots=True)
class Trial:
    question: str
    meaning: str  # what an embedder is to hear
    entry: str  # the id of the passage that answers it
    same: frozenset[str]  # all passages that answer it, `entry` among them
    left_out: frozenset[str]  # phrasings that the passage must not have while it is tried
    without: frozenset[str]  # passages that must not be there while anything is tried


def trials(passages: Sequence[Passage], seed: int = 0) -> list[Trial]:
    """At most MOST_TRIALS for each language; the same for the same passages."""
    by_language: dict[str, list[Passage]] = {}
    for passage in passages:
        by_language.setdefault(passage.language, []).append(passage)
    return [trial for some in by_language.values() for trial in _trials(some, seed)]


def _trials(passages: Sequence[Passage], seed: int) -> list[Trial]:
    found = [trial for passage in passages for trial in _held_out(passage, seed)]
    Random(seed).shuffle(found)
    if len(found) < ENOUGH_HELD_OUT:
        found += _made_up(passages, {trial.entry for trial in found}, MOST_TRIALS - len(found), seed)
    return found[:MOST_TRIALS]


def _held_out(passage: Passage, seed: int) -> list[Trial]:
    """Of an entry with few phrasings one, or none: so that of many such entries not more than HELD_OUT are missing."""
    texts = learned_texts(passage)
    asked = [text for text in texts if text != passage.title]
    chance = Random(f"{seed} {passage.id}")
    share = HELD_OUT * len(texts)
    count = int(share) or int(chance.random() < share)
    same = frozenset({passage.id})
    held = chance.sample(asked, min(count, len(asked)))
    return [Trial(text, text, passage.id, same, frozenset(held), frozenset()) for text in held]


def _made_up(passages: Sequence[Passage], heard: set[str], most: int, seed: int) -> list[Trial]:
    """Rather for what is written to be asked for than for products; none of those `heard` lends its words."""
    asked_for = [passage for passage in passages if passage.kind != "product" and passage.id not in heard]
    made = pseudo_questions(asked_for, most, seed)
    if not made.questions:
        made = pseudo_questions([passage for passage in passages if passage.id not in heard], most, seed)
    same: dict[str, set[str]] = {}
    for passage in passages:
        same.setdefault(passage.title, set()).add(passage.id)
    titles = {passage.id: passage.title for passage in passages}
    return [
        Trial(one.question, one.meaning, one.entry, frozenset(same[titles[one.entry]]), frozenset(), made.lenders)
        for one in made.questions
    ]
