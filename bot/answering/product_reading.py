"""Which products a question is about, and what it asks of them."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache

import msgspec

from bot.answering.ground import Ground
from bot.answering.intents import compiled, one_of
from bot.answering.turn import Turn
from bot.knowledge.fillers import fillers
from bot.knowledge.passages import Found, Passage
from bot.knowledge.searching.aspects import aspects
from bot.knowledge.tokens import IS_CHINESE, identifiers, tokens
from bot.shop.records import Product

SHOWN = 3
BRIEF = 12  # tokens; who wants to see products says little else
PART_OF_A_NAME = 2  # words, of which no other has so many: "puddle boots"
STOCK = "stock"
SOLD = "sold"  # asks for products whatever else the shop has to say on the word
CHEAPEST, DEAREST, COMPARED = "cheapest", "dearest", "compared"  # asks for some of several
AMONG_SEVERAL = (CHEAPEST, DEAREST, COMPARED)
NEVER = r"(?!)"
SHORT = 10  # signs of a Chinese question
CLEARLY = 1.25  # so much more confident than the next product means this one
SAYS_MORE = re.compile(r",| of ")  # in a name, what stands before says what it is
NUMBER = r"(\d{1,6}(?:\.\d{1,2})?)"


class Meant(msgspec.Struct, frozen=True):
    """What a question may mean among the products."""

    found: tuple[Found, ...]  # the best first
    named: bool  # the question holds the whole name of the best one
    asked: str  # a name of [product] in prompts/*/intents.toml: "price", "sold", "stock" ...; or ""
    of_a_kind: bool  # the question names a kind of product, or asks what is sold at all
    rest: str  # the question without that name and without the words that ask: what else it may be about
    several: int = 0  # so many of the first are named whole: "the Moss Lantern or the Harbour Lantern?"
    told: bool = False  # the one that is named says what is asked: "is the Two Otter Tent waterproof?"
    among_others: bool = False  # a kind of product is named beside other words: "a warm blanket for the sofa"

    @property
    def confidence(self) -> float:
        return self.found[0].confidence if self.found else 0.0

    @property
    def one(self) -> bool:
        """Whether the best is clearly the one that is meant."""
        if self.several > 1 or (self.asked in AMONG_SEVERAL and not self.named):
            return False
        return self.named or len(self.found) == 1 or self.confidence >= CLEARLY * self.found[1].confidence


class ProductWords:
    """What is asked of a product, told by words that stand in the question, in one language."""

    def __init__(self, table: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        """`table` is the whole of prompts/*/intents.toml."""
        self._patterns = {asked: re.compile(one_of(said), re.IGNORECASE) for asked, said in table["product"].items()}
        self.quiet = fillers() | words_of(" ".join(table["quiet"]["words"]))
        self.presents = words_of(" ".join(table["quiet"]["presents"]))
        self._budgets = _budgets(table["budget"])
        left_out = table["follow_up"]["leaves_it_out"]
        self._of_it = compiled(rf"{one_of(left_out)}\W*$" if left_out else NEVER)
        self._refers = re.compile(one_of(table["follow_up"]["refers"]), re.IGNORECASE)

    def read(self, text: str) -> tuple[str, str]:
        """What is asked, "" for nothing in particular, and the text without the words that ask it."""
        for asked, pattern in self._patterns.items():
            if pattern.search(text):
                return asked, pattern.sub(" ", text)
        return "", text

    def budget(self, text: str) -> tuple[Decimal | None, str]:
        """The most that it may cost, in the shop's currency, and the text without it."""
        for pattern in self._budgets:
            if found := pattern.search(text):
                return Decimal(found.group(1)), f"{text[: found.start()]} {text[found.end() :]}"
        return None, text

    def leaves_it_out(self, text: str) -> bool:
        """Whether it may ask of a thing that it does not name, as 防水吗 does."""
        return bool(self._of_it.search(text))

    def refers(self, text: str) -> bool:
        """Whether it holds "it" or the like."""
        return bool(self._refers.search(text))


def _budgets(words: Mapping[str, Sequence[str]]) -> list[re.Pattern[str]]:
    """ "Under $30", "30 dollars or less"; a number that is of no money has to end the clause: not "within 30 days"."""
    money, at_most, or_less = (one_of(words[name]) for name in ("money", "at_most", "or_less"))
    sums = (rf"[$€£]\s?{NUMBER}", rf"{NUMBER}\s?(?:[$€£]|{money})", rf"{NUMBER}(?=\s*(?:[?!.,]|$))")
    spelt = [rf"{at_most}\s*{one}" for one in sums] + [rf"{one}\s*{or_less}" for one in sums[:2]]
    return [re.compile(one, re.IGNORECASE) for one in spelt]


class ProductReading:
    def __init__(self, ground: Ground) -> None:
        self._store, self._retriever = ground.store, ground.retriever
        tables = {language: ground.prompts.table(language, "intents.toml") for language in ground.prompts.languages}
        self._words = {language: ProductWords(table) for language, table in tables.items()}
        nothing = frozenset[str]()
        self._options = "", nothing, nothing  # of which version, the colours and sizes, and their words

    async def read(self, turn: Turn) -> Meant:
        words, language = self._words[turn.language], turn.language
        asked, text = words.read(turn.text)
        budget, text = words.budget(text)
        said = frozenset(tokens(text)) - words.quiet
        if exact := await self._by_sku(turn):
            return Meant((exact,), True, asked, False, text)
        if before := await self._talked_of(turn, said, asked):
            of_options = said and not asked and await self._names_options(turn.text, said)
            told = _tells(before, said)
            return Meant((certain(before),), True, STOCK if of_options else asked, False, text, told=told)
        if not said or ((asked == SOLD or budget) and said <= words.presents):
            return await self._of_no_kind(asked, text, budget, language)
        brief = len(tokens(turn.text)) <= BRIEF
        if brief and (kind := await self._of_kind(said, language)):
            some = await self._affordable(kind, budget)
            asked = asked if some else CHEAPEST
            return Meant(tuple(map(certain, some or kind)), len(kind) == 1, asked, True, text)
        found = await self._found(text, language)
        named = [one for one in found if said.issuperset(words_of(one.passage.title) - words.quiet)]
        if not named and asked and (kind := await self._like(said, language)):
            kind = await self._affordable(kind, budget) or kind
            by_name = len(kind) == 1 and len(said & words_of(kind[0].title)) >= PART_OF_A_NAME
            return Meant(tuple(map(certain, kind)), by_name, asked, False, text, among_others=True)
        rest = _without(text, named[0].passage.title) if named else text
        ordered = [*named, *(one for one in found if one not in named)]
        told = bool(named) and _tells(named[0].passage, frozenset(tokens(rest)) - words.quiet)
        return Meant(tuple(ordered), bool(named), asked, False, rest, several=len(named), told=told)

    async def _talked_of(self, turn: Turn, said: frozenset[str], asked: str) -> Passage | None:
        """The product that was described right before: "how much is it?", "and in blue?", "is it waterproof?"."""
        if not turn.session.about:
            return None
        if asked in (SOLD, *AMONG_SEVERAL) or (not said and not asked):
            return None
        words, passage = self._words[turn.language], await self.passage(turn.session.about, turn.language)
        if not said or words.refers(turn.text) or await self._names_options(turn.text, said):
            return passage
        of_it = passage and len(turn.text) <= SHORT and words.leaves_it_out(turn.text) and _tells(passage, said)
        return passage if of_it else None

    async def _names_options(self, text: str, said: frozenset[str]) -> bool:
        """Whether it says nothing but colours and sizes that there are; read once for each import."""
        catalogue = await self._store.catalogue()
        if self._options[0] != catalogue.version:
            options = [variant.options for _, variant in catalogue.by_sku.values()]
            each = frozenset(value for one in options for words in one.values() for value in words.values())
            self._options = catalogue.version, each, words_of(" ".join(sorted(each)))
        _, values, words = self._options
        chinese = len(text) <= SHORT and any(len(one) > 1 and IS_CHINESE.search(one) and one in text for one in values)
        return chinese or said <= words

    async def _of_no_kind(self, asked: str, text: str, budget: Decimal | None, language: str) -> Meant:
        """ "What do you sell?", "the cheapest thing you have", "anything under $30": all there is."""
        if budget is None and asked not in (CHEAPEST, DEAREST):
            return Meant((), False, asked, asked == SOLD, text)
        some = await self._affordable(await self._retriever.all("product", language), budget)
        return Meant(tuple(map(certain, some)), False, asked or DEAREST, True, text)

    async def _affordable(self, passages: Sequence[Passage], budget: Decimal | None) -> list[Passage]:
        if budget is None:
            return list(passages)
        sold = (await self._store.catalogue()).by_id
        return [one for one in passages if (product := sold.get(product_id(one))) and lowest(product) <= budget]

    async def _found(self, text: str, language: str) -> list[Found]:
        """Each product once, in the customer's language where it is described in it."""
        by_product: dict[str, Found] = {}
        for one in await self._retriever.search(text, language, SHOWN + 2, kind="product"):
            passage = await self.passage(product_id(one.passage), language) or one.passage
            by_product.setdefault(product_id(passage), msgspec.structs.replace(one, passage=passage))
        return list(by_product.values())

    async def _of_kind(self, said: frozenset[str], language: str) -> list[Passage]:
        """Products whose name, else whose name and category, hold every word that says anything."""
        products = await self._retriever.all("product", language)
        in_name = [one for one in products if said <= words_of(one.title)]
        if in_name:
            return in_name
        kind = [one for one in products if said <= words_of(f"{one.title} {one.topic}")]
        return [one for one in kind or products if _ends_in(one.title, said, bool(kind))] or kind

    async def _like(self, said: frozenset[str], language: str) -> list[Passage]:
        """Products of a kind that one of the words names: those first that hold most of the others, too."""
        products = await self._retriever.all("product", language)
        kind = [one for one in products if said & _kinds(one.title, one.topic)]
        scores = {one.id: _score(said, one) for one in kind}
        best = max((in_name for in_name, _ in scores.values()), default=0)
        return sorted((one for one in kind if scores[one.id][0] == best), key=lambda one: -scores[one.id][1])

    async def _by_sku(self, turn: Turn) -> Found | None:
        """A SKU names its product, however little else of the question does."""
        for identifier in identifiers(turn.text):
            if sold := await self._store.by_sku(identifier.upper()):
                passage = await self.passage(sold[0].id, turn.language)
                return certain(passage) if passage else None
        return None

    async def passage(self, about: str, language: str) -> Passage | None:
        return await self._retriever.passage(f"product:{about}:{language}") if about else None


@lru_cache(maxsize=4096)
def words_of(name: str) -> frozenset[str]:
    return frozenset(tokens(name))


@lru_cache(maxsize=4096)
def _kinds(name: str, category: str) -> frozenset[str]:
    """The words for what it is: of "Puddle Inspector Rain Boots" in "Boots & socks" boots and socks."""
    if IS_CHINESE.search(name):
        return frozenset(word for word in tokens(category) if len(word) > 1) | {
            word for word in tokens(name) if len(word) > 1 and name.endswith(word)
        }
    return words_of(category) | frozenset(tokens(SAYS_MORE.split(name)[0])[-1:])


def _ends_in(name: str, said: frozenset[str], anyhow: bool) -> bool:
    """Whether every word that is said is for what a Chinese name ends in: 毯子 for 羊毛毯, and of things of a kind
    (`anyhow`) also 帐篷 for 双人帐."""
    words = [word for word in said if len(word) > 1]
    if not words or not IS_CHINESE.search(name):
        return False
    return all(name[-1] in word if anyhow else word == f"{name[-1]}子" for word in words)


def _score(said: frozenset[str], passage: Passage) -> tuple[int, int]:
    """How many of the words are in its name, and how many it says anywhere."""
    in_name = words_of(passage.title)
    return len(said & in_name), len(said & (in_name | words_of(passage.text) | words_of(passage.topic)))


def _tells(passage: Passage, words: frozenset[str]) -> bool:
    """Whether it says each of the words, or something of the same property: "heavy" where it tells a weight."""
    telling, said = [word for word in words if len(word) > 1], words_of(passage.text)
    return bool(telling) and all(word in said or aspects((word,)) & aspects(said) for word in telling)


def certain(passage: Passage) -> Found:
    return Found(passage, score=1.0, confidence=1.0)


def lowest(product: Product) -> Decimal:
    return min(variant.price for variant in product.variants)


def product_id(passage: Passage) -> str:
    """ "product:moss-lantern:en" is about moss-lantern."""
    return passage.id.split(":")[1]


def _without(text: str, name: str) -> str:
    return re.sub(re.escape(name), " ", text, flags=re.IGNORECASE)
