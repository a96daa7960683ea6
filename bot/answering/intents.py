"""What a customer wants, told by likeness to example sentences that are kept as data; no model."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from math import log

import msgspec

from bot.answering.entities import EMAIL
from bot.knowledge.fillers import fillers
from bot.knowledge.tokens import is_identifier, tokens

SURE = 0.62  # likeness from which a sentence counts as meant; the examples themselves have 1.0
FILLER_WEIGHT = 0.3  # "what is the capital of Mongolia" is not like "what is the status of my order"
PERSON, HUMAN = "person", "human"  # the table of words, and the intent that they mean
ORDER_STATUS, WHEREABOUTS = "order_status", "whereabouts"  # the intent, and the table of phrases that mean it
LIKELY = 0.8  # likeness of a message that holds such a phrase beside much else
CHATTER = "chatter"  # the table of words that say nothing beside a courtesy
COURTESIES = ("goodbye", "thanks", "greeting", "ok")  # of several in a row the first of these counts
ANY_WORD = re.compile(r"\w")
LETTER = re.compile("[A-Za-z0-9]")
BORDER, END = "(?<![a-z])", "(?![a-z])"
BRIEF = 60  # signs; courtesies are
SHORT = 90  # signs; in a longer message a person is mostly somebody else
BETWEEN = r"[^.,;!?。，；！？\n]{0,20}?"  # what stands between wanting and the person, in one clause


class Intent(msgspec.Struct, frozen=True):
    name: str
    likeness: float  # 0..1

    @property
    def meant(self) -> str:
        """The name where it is likely enough, else ""."""
        return self.name if self.likeness >= SURE else ""


class PersonWords:
    """Words that, said together in one clause, want a person: "get me ... manager", "someone ... talk to"."""

    def __init__(self, words: Mapping[str, Sequence[str]]) -> None:
        wanting, talking, who = (one_of(words[name]) for name in ("wanting", "talking", "who"))
        wants = rf"(?:{wanting}|{talking}){BETWEEN}{who}|{who}{BETWEEN}{talking}"
        self._wants = compiled(wants)
        self._something_else = compiled(one_of(words["something_else"]))

    def want_one(self, text: str) -> bool:
        return len(text) <= SHORT and bool(self._wants.search(text)) and not self.mean_something_else(text)

    def mean_something_else(self, text: str) -> bool:
        """A tent for two persons, or the question whether the desk is one."""
        return bool(self._something_else.search(text))


class Courtesies:
    """Told by the examples said in a row, and nothing else: "lol ok cool thx bye" is a goodbye."""

    def __init__(self, wanted: Mapping[str, Sequence[str] | Mapping[str, Sequence[str]]]) -> None:
        chatter = wanted.get(CHATTER)
        words = list(chatter["words"]) if isinstance(chatter, Mapping) else []
        said = {name: [*wanted.get(name, ())] for name in COURTESIES}
        every = sorted({one for some in (*said.values(), words) for one in some}, key=len, reverse=True)
        # what is taken is never given back: 哈, 哈哈 and 哈哈哈 make up one long laugh in millions of ways
        self._only = compiled(rf"\W*+(?>{one_of(every)}\W*+)++") if every else None
        self._each = {name: compiled(one_of(some)) for name, some in said.items() if some}

    def meant(self, text: str) -> str:
        """One of COURTESIES; "" where anything else is said. Marks alone call for attention, or nod."""
        if text.strip() and not ANY_WORD.search(text):
            return "greeting" if "?" in text or "？" in text else "ok"
        if self._only is None or len(text) > BRIEF or not self._only.fullmatch(text):
            return ""
        return next((name for name, pattern in self._each.items() if pattern.search(text)), "")


class Intents:
    """The examples of one language, and in the table "person" the words that want one."""

    def __init__(self, wanted: Mapping[str, Sequence[str] | Mapping[str, Sequence[str]]]) -> None:
        person = wanted.get(PERSON)
        self._person = PersonWords(person) if isinstance(person, Mapping) else None
        self._courtesies = Courtesies(wanted)
        whereabouts = wanted.get(WHEREABOUTS)
        said = whereabouts["phrases"] if isinstance(whereabouts, Mapping) else ()
        self._whereabouts = [compiled(BETWEEN.join(map(whole, phrase.split("…")))) for phrase in said]
        examples = [(name, text) for name, texts in wanted.items() if not isinstance(texts, Mapping) for text in texts]
        known = [(name, frozenset(_words(text))) for name, text in examples]
        self._seen, self._many = Counter(word for _, words in known for word in words), len(known)
        self._examples = [(name, words, self._mass(words)) for name, words in known]

    def likeliest(self, text: str) -> Intent:
        """The best match, however weak; order numbers and e-mails in the text play no part."""
        if self._person and self._person.want_one(text):
            return Intent(HUMAN, 1.0)
        if courtesy := self._courtesies.meant(text):
            return Intent(courtesy, 1.0)
        nobody = self._person is not None and self._person.mean_something_else(text)
        asked = frozenset(_words(text))
        whole, best = self._mass(asked), Intent("", 0.0)
        for name, words, mass in self._examples:
            if name == HUMAN and nobody:
                continue
            # Dice's coefficient, rare words weighing more
            if (shared := asked & words) and (likeness := 2 * self._mass(shared) / (whole + mass)) > best.likeness:
                best = Intent(name, likeness)
        if best.likeness < LIKELY and any(phrase.search(text) for phrase in self._whereabouts):
            return Intent(ORDER_STATUS, LIKELY)
        return best

    def _mass(self, words: frozenset[str]) -> float:
        return sum(map(self._weight, words))

    def _weight(self, word: str) -> float:
        rarity = log(1 + self._many / max(1, self._seen[word]))
        return rarity * FILLER_WEIGHT if word in fillers() else rarity


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Capitals or not. Kept for good: a desk has more patterns than `re` remembers, and some several times."""
    return re.compile(pattern, re.IGNORECASE)


def one_of(words: Sequence[str]) -> str:
    """Whole words where the script has spaces between them."""
    return f"(?:{'|'.join(map(whole, words))})"


def whole(words: str) -> str:
    """A pattern for these words, however far apart; those in letters are not found inside of others."""
    spelt = r"\s+".join(map(re.escape, words.split()))
    return f"{BORDER if LETTER.match(words[:1]) else ''}{spelt}{END if LETTER.match(words[-1:]) else ''}"


def _words(text: str) -> list[str]:
    return [token for token in tokens(EMAIL.sub(" ", text)) if not is_identifier(token)]
