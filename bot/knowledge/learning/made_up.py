"""Questions made up from the passages themselves, for knowledge of which nobody knows how customers ask.

A customer uses a few words of the title, a smaller share of a longer one; says the rest in words that the passage does
not have; and greets, thanks and explains. The other words are taken from passages that are left out of the index while
the questions are tried, the lenders: so as many of them are unknown as in a real question.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import rjieba

from bot.knowledge.fillers import fillers
from bot.knowledge.passages import Passage
from bot.knowledge.tokens import CHINESE, is_chinese, tokens

LEADS = Path(__file__).parent.parent / "words" / "leads"
PIECE = re.compile(rf"[{CHINESE}]+|[^\s{CHINESE}]+")
LENT, MOST_LENDERS = 0.2, 60  # titles
LEAST_TITLES = 10  # fewer have nothing to lend to each other

MOST_KEPT = 0.8  # of the telling words of a title: any share up to it
SHORT, SHORTER = 6, 0.7  # of a title with more telling words the share falls with this power of their number
OTHER_WORDS, OTHER_SHARE = 1.0, 0.5  # how many on average: so many, and as many more as this share of the telling words
LEADS_SAID, LEADS_SAID_IN = 1.0, {"zh": 2.0}  # on average; a Chinese question has more words that say little
UNDERSTOOD = 0.45  # of the words that are said otherwise: an embedder knows that they mean the same


@dataclass(frozen=True, slots=True)
class MadeUp:
    question: str
    meaning: str  # what an embedder would understand by it
    entry: str  # the id of the passage that answers it


@dataclass(frozen=True, slots=True)
class Pretence:
    questions: list[MadeUp]
    lenders: frozenset[str]  # ids of the passages that must not be in the index while the questions are tried


def pseudo_questions(passages: Sequence[Passage], most: int, seed: int = 0) -> Pretence:
    """At most so many, for passages of one language; the same for the same. None for fewer than LEAST_TITLES.

    Measured: the share of real questions that reach what 95 % of the made up ones do, by words / by words and MiniLM,
    with one title a passage and no other phrasing. StackFAQ .968 / 1.000; ShoppingBench .977 / .961; one phrasing each
    of BANKING77 .971 / .98 and of CLINC150 .95 / .93. The demo's titles .67 / .62, in Chinese .72: its customers ask
    for details that no title names. ECom-Bench .750: its twenty questions are whole stories of 270 words.
    """
    titles = sorted({passage.title for passage in passages if tokens(passage.title)})
    if len(titles) < LEAST_TITLES:
        return Pretence([], frozenset())
    chance = np.random.default_rng(seed)
    mixed = chance.permutation(len(titles))[: min(MOST_LENDERS, int(LENT * len(titles)))]
    lent = {titles[at] for at in mixed}
    others = [word for title in sorted(lent) for word in _telling(_words(title))]
    known = set(titles) - lent
    tried = [passage for passage in passages if passage.title in known]
    order = chance.permutation(len(tried))[:most]
    made = [_made_up(tried[order[at % len(order)]], others, chance) for at in range(most)]
    return Pretence(made, frozenset(passage.id for passage in passages if passage.title in lent))


def _made_up(passage: Passage, others: Sequence[str], chance: np.random.Generator) -> MadeUp:
    words = _words(passage.title)
    telling = [place for place, word in enumerate(words) if _tells(word)] or [*range(len(words))]
    share = chance.uniform(0, MOST_KEPT) * min(1.0, (SHORT / len(telling)) ** SHORTER)
    kept = {place for place in telling if chance.random() < share} or {int(chance.choice(telling))}
    understood = {place for place in range(len(words)) if chance.random() < UNDERSTOOD}
    instead = _some(others, OTHER_WORDS + OTHER_SHARE * len(telling), chance)
    leads = _some(_leads(passage.language), LEADS_SAID_IN.get(passage.language, LEADS_SAID), chance)
    at, before = chance.random(len(instead)).tolist(), int(chance.integers(len(leads) + 1))
    said, meant = (
        _phrased([words[place] for place in sorted(places)], instead, at, leads[:before], leads[before:])
        for places in (kept, kept | understood)
    )
    joint = "" if passage.language == "zh" else " "
    return MadeUp(joint.join(said), joint.join(meant), passage.id)


def _phrased(
    own: Sequence[str], instead: Sequence[str], at: Sequence[float], before: Sequence[str], after: Sequence[str]
) -> list[str]:
    """The other words stand somewhere between the title's own, in the same places whichever of these are there."""
    found = list(own)
    for word, place in zip(instead, at, strict=True):
        found.insert(round(place * len(found)), word)
    return [*before, *found, *after]


def _some(among: Sequence[str], mean: float, chance: np.random.Generator) -> list[str]:
    count = int(chance.poisson(mean)) if among else 0
    return [among[at] for at in chance.integers(len(among), size=count)] if count else []


def _words(text: str) -> list[str]:
    pieces = PIECE.findall(text)
    cut = [word for piece in pieces for word in (rjieba.cut(piece) if is_chinese(piece) else [piece])]
    return [word for word in cut if tokens(word)]


def _telling(words: Sequence[str]) -> list[str]:
    return [word for word in words if _tells(word)]


def _tells(word: str) -> bool:
    return not fillers().issuperset(tokens(word))


@cache
def _leads(language: str) -> tuple[str, ...]:
    """What customers say around a question, whatever it is about; a language without a list has none."""
    file = LEADS / f"{language}.txt"
    return tuple(file.read_text("utf-8").splitlines()) if file.exists() else ()
