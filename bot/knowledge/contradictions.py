"""What the texts say twice and not alike: a figure in two places, in two languages of one entry, or beside the shop's
settings. Only what is very likely wrong is told: whoever is warned too often reads no warning."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Literal

import msgspec

from bot.knowledge.figures import Figure, figures
from bot.knowledge.reading.drafts import Draft
from bot.knowledge.statements import Statement, content, statements
from bot.knowledge.topics import topics

# How alike the words of two statements must be, 0 to 1: where all their topics are the same, where the titles speak
# against it, and where one touches more topics than the other. At these, 109 of the 294 pairs of places of the demo's
# texts that state the same fact are known as such, and none of 1,821 that state different ones.
ALIKE, ALIKE_ELSEWHERE, ALIKE_IN_PART = 0.15, 0.3, 0.4
COMMON = 0.03  # of all statements: a word in more of them leads to no partner by itself
SHOWN = 5  # places that say the same
NUMBERED = re.compile(r":\d+$")  # the id of a piece of a page that has no names
# what the rules of a shop are about: their names among the facts, unit, topics
RULES = {
    "return_days": ("day", ("return", "退货")),
    "exchange_days": ("day", ("exchange", "换货")),
    "refund_days": ("working day", ("refund", "退款")),
    "posting_days": ("day", ("post", "寄出")),
}
LONGEST_VALUE = 30  # characters: a fact that is a figure, not a sentence
UNITS_OF_NAMES = {"days": ("day", "working day"), "hours": ("hour",), "minutes": ("minute",), "years": ("month",)}

Kind = Literal["texts", "languages", "settings"]


class Place(msgspec.Struct, frozen=True):
    where: str  # "en/faq/returns.md:12", "shop.toml"
    id: str  # of the entry; the name of a setting
    sentence: str
    said: str  # the figure in it


class Contradiction(msgspec.Struct, frozen=True):
    kind: Kind
    one: Place
    others: tuple[Place, ...]

    def __str__(self) -> str:
        first, *more = self.others
        also = ", ".join(f'{place.where} ({place.id}) "{place.said}"' for place in more[:SHOWN])
        left = f" and {len(more) - SHOWN} more" if len(more) > SHOWN else ""
        return f"{_shown(self.one)}\n  but {_shown(first)}" + (f"\n  as {also}{left}" if more else "")


class Bindable(msgspec.Struct, frozen=True):
    """A figure that is written out, where a name would keep it right."""

    place: Place
    fact: str

    def __str__(self) -> str:
        return f'{self.place.where} ({self.place.id}) says "{self.place.said}": write {{{{ {self.fact} }}}} there'


class Findings(msgspec.Struct, frozen=True):
    contradictions: tuple[Contradiction, ...] = ()
    bindable: tuple[Bindable, ...] = ()


class _Said(msgspec.Struct, frozen=True):
    draft: Draft
    statement: Statement
    words: frozenset[str]  # of its part of the sentence, and of the title
    topics: frozenset[str]
    title_topics: frozenset[str]

    @property
    def figure(self) -> Figure:
        return self.statement.figure

    @property
    def place(self) -> Place:
        return Place(self.draft.place, self.draft.passage.id, self.statement.sentence, self.figure.said)


class _Subject(msgspec.Struct, frozen=True):
    """What a setting is about: one topic, or words of which all are said."""

    fact: str
    units: tuple[str, ...]
    figure: Figure
    topics: tuple[str, ...] = ()
    words: frozenset[str] = frozenset()


def findings(drafts: Sequence[Draft], facts: Mapping[str, str]) -> Findings:
    """Of all texts that are published together, as they were written: with the names of facts still in them."""
    texts = [draft for draft in drafts if draft.passage.kind != "product"]  # one product is not another
    said = [one for draft in texts for one in _statements_of(draft, facts)]
    settings = list(_against_settings(said, list(_subjects(facts))))
    wrong = [one for one in settings if isinstance(one, Contradiction)]
    kinds = (wrong, _between_texts(said, _Weights(texts)), _between_languages(said))
    found = tuple(each for kind in kinds for each in _gathered(kind))
    return Findings(found, tuple(one for one in settings if isinstance(one, Bindable)))


def _shown(place: Place) -> str:
    sentence = f": {place.sentence}" if place.sentence != place.said else ""
    return f'{place.where} ({place.id}) says "{place.said}"{sentence}'


def _statements_of(draft: Draft, facts: Mapping[str, str]) -> list[_Said]:
    title, of_title = content(draft.passage.title), topics(draft.passage.title)
    return [
        _Said(draft, statement, statement.words | title, statement.topics or of_title, of_title)
        for statement in statements(draft.passage.text, facts)
    ]


# --- the same thing in two places ----------------------------------------------------------------------------------


def _between_texts(said: Sequence[_Said], weights: "_Weights") -> Iterator[Contradiction]:
    groups: dict[tuple[str, str], list[_Said]] = defaultdict(list)
    for one in said:
        if one.topics:
            groups[one.draft.passage.language, one.figure.unit].append(one)
    for group in groups.values():
        for one, other in _partners(group):
            if _differ(one, other) and _are_alike(one, other, weights):
                yield Contradiction("texts", one.place, (other.place,))


def _partners(group: Sequence[_Said]) -> Iterator[tuple[_Said, _Said]]:
    """Those that share words which not everybody has."""
    holders: dict[str, list[int]] = defaultdict(list)
    for number, one in enumerate(group):
        for word in one.words:
            holders[word].append(number)
    most = max(50, COMMON * len(group))
    pairs = {pair for numbers in holders.values() if len(numbers) <= most for pair in combinations(numbers, 2)}
    for first, second in sorted(pairs):
        yield group[first], group[second]


def _differ(one: _Said, other: _Said) -> bool:
    """A passage may state several figures, and two facts are two things."""
    if one.draft.passage.id == other.draft.passage.id or (one.figure.fact and other.figure.fact):
        return False
    return one.figure.value != other.figure.value and one.figure.least == other.figure.least


def _are_alike(one: _Said, other: _Said, weights: "_Weights") -> bool:
    if not (one.topics <= other.topics or other.topics <= one.topics):
        return False
    likeness = weights.likeness(one.words, other.words)
    titles_agree = not one.title_topics or not other.title_topics or bool(one.title_topics & other.title_topics)
    if one.topics != other.topics:
        return titles_agree and likeness >= ALIKE_IN_PART
    if titles_agree:
        return likeness >= ALIKE
    return (likeness + weights.likeness(one.statement.around, other.statement.around)) / 2 >= ALIKE_ELSEWHERE


class _Weights:
    """Rare words say more of what a text is about."""

    def __init__(self, drafts: Sequence[Draft]) -> None:
        words = [content(f"{draft.passage.title} {draft.passage.text}") for draft in drafts]
        counts = Counter(word for each in words for word in each)
        self._rarest = math.log(1 + len(words))
        self._weights = {word: math.log(1 + len(words) / count) for word, count in counts.items()}

    def likeness(self, one: frozenset[str], other: frozenset[str]) -> float:
        """Weighted Jaccard."""
        return self._sum(one & other) / (self._sum(one | other) or 1.0)

    def _sum(self, words: Iterable[str]) -> float:
        return sum(self._weights.get(word, self._rarest) for word in words)


# --- one entry in two languages ------------------------------------------------------------------------------------


def _between_languages(said: Sequence[_Said]) -> Iterator[Contradiction]:
    entries: dict[tuple[str, str], dict[str, list[_Said]]] = defaultdict(lambda: defaultdict(list))
    for one in said:
        passage = one.draft.passage
        if not NUMBERED.search(passage.id):
            name = passage.id.replace(f":{passage.language}", "", 1)
            entries[name, one.figure.unit][passage.language].append(one)
    for languages in entries.values():
        for here, there in combinations(languages.values(), 2):
            yield from _unmatched(here, there)


def _unmatched(one: Sequence[_Said], other: Sequence[_Said]) -> Iterator[Contradiction]:
    """Where both state as many different figures of a unit, and not the same; a figure left out says nothing."""
    here, there = {x.figure.value: x for x in one}, {x.figure.value: x for x in other}
    if len(here) != len(there):
        return
    only_here = [here[value] for value in here if value not in there]
    only_there = [there[value] for value in there if value not in here]
    for mine, theirs in zip(only_here, only_there, strict=True):
        if not (mine.figure.fact and theirs.figure.fact):
            yield Contradiction("languages", mine.place, (theirs.place,))


# --- texts and settings --------------------------------------------------------------------------------------------


def _against_settings(said: Sequence[_Said], subjects: Sequence[_Subject]) -> Iterator[Contradiction | Bindable]:
    values = {(unit, subject.figure.value) for subject in subjects for unit in subject.units}
    for one in said:
        about = [] if one.figure.fact else [subject for subject in subjects if _is_about(one, subject)]
        equal = [subject for subject in about if subject.figure.value == one.figure.value]
        if equal:
            yield Bindable(one.place, equal[0].fact)
        elif len(about) == 1 and (one.figure.unit, one.figure.value) not in values:  # else it means another of them
            said_there = about[0].figure.said
            setting = Place("shop.toml", about[0].fact, said_there, said_there)
            yield Contradiction("settings", one.place, (setting,))


def _is_about(one: _Said, subject: _Subject) -> bool:
    if one.figure.unit not in subject.units or one.figure.least != subject.figure.least:
        return False
    if subject.topics:
        titles_agree = not one.title_topics or bool(one.title_topics & set(subject.topics))
        return len(one.topics) == 1 and one.topics <= set(subject.topics) and titles_agree
    return subject.words <= one.words and bool(subject.words & one.statement.words)


def _subjects(facts: Mapping[str, str]) -> Iterator[_Subject]:
    for name, value in facts.items():
        last = name.rpartition("_")[2]
        units = UNITS_OF_NAMES.get(last, ())
        found = figures(f"{value} {last}" if units else value)
        if len(found) != 1 or "{" in value or len(value) > LONGEST_VALUE:
            continue
        if name in RULES:
            unit, about = RULES[name]
            yield _Subject(name, (unit,), found[0], topics=about)
        elif len(words := content(name.replace("_", " "))) > 1:
            yield _Subject(name, units or (found[0].unit,), found[0], words=words)


def _gathered(found: Iterable[Contradiction]) -> Iterator[Contradiction]:
    """Whoever contradicts most others is told of once, with all of them."""
    partners: dict[Place, dict[Place, Contradiction]] = defaultdict(dict)
    for each in found:
        for other in each.others:
            partners[each.one][other] = partners[other][each.one] = each
    while partners:
        one = max(partners, key=lambda place: len(partners[place]))
        others = partners.pop(one)
        if others:
            yield Contradiction(next(iter(others.values())).kind, one, tuple(others))
        for other in others:
            partners[other].pop(one, None)
