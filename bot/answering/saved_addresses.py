"""Whether an address that is saved is meant. A number that it lacks makes it another one."""

import re
from collections.abc import Mapping, Sequence

from bot.answering.address_reading import destination, looks_like_one
from bot.answering.intents import one_of
from bot.knowledge.fillers import fillers
from bot.knowledge.tokens import IS_CHINESE, tokens
from bot.shop.records import Address

FIGURES = re.compile(r"\d+")
CHINESE_NUMBER = re.compile(r"[\d#]")
STREETS = re.compile("[路街道巷弄里村号]")


class SavedAddresses:
    """In one language."""

    def __init__(self, names: Mapping[str, Sequence[str]], quiet: frozenset[str]) -> None:
        """`names` are words for what shops call an address; `quiet` are words that name no place."""
        self._names = {name: re.compile(one_of(words), re.IGNORECASE) for name, words in names.items()}
        self._quiet = quiet | fillers()

    def meant(self, text: str, addresses: Sequence[Address], by_city: bool = True) -> Address | None:
        """The one that is named by its id, its street or, where nothing else is said, its city."""
        said = destination(text)
        fit = [one for one in addresses if _figures(said) <= _figures(_whole(one))]
        for is_named in (self._by_id, self._by_street, self._by_city if by_city else None):
            named = [one for one in fit if is_named and is_named(said, one)]
            if len(named) == 1:
                return named[0]
        return None

    def _by_id(self, said: str, one: Address) -> bool:
        words = self._names.get(one.id)
        named = one.id.lower() in re.findall(r"[\w-]+", said.lower()) or bool(words and words.search(said))
        return named and not looks_like_one(said)

    def _by_street(self, said: str, one: Address) -> bool:
        if IS_CHINESE.search(one.line1):
            street = re.split(CHINESE_NUMBER, one.line1)[0].replace(" ", "")
            named = len(street) > 1 and street in said.replace(" ", "")
        else:
            words = frozenset(tokens(FIGURES.sub(" ", one.line1)))
            named = 2 * len(words & frozenset(tokens(said))) > len(words)
        return named and (self._says_nothing_else(said, one) or not (FIGURES.search(said) or looks_like_one(said)))

    def _by_city(self, said: str, one: Address) -> bool:
        city = one.city.removesuffix("市")
        named = city in said if IS_CHINESE.search(city) else frozenset(tokens(city)) <= frozenset(tokens(said))
        if IS_CHINESE.search(said):
            return named and not STREETS.search(said) and not FIGURES.search(said)
        return named and self._says_nothing_else(said, one)

    def _says_nothing_else(self, said: str, one: Address) -> bool:
        return frozenset(tokens(said)) - self._quiet <= frozenset(tokens(_whole(one)))


def is_same_place(one: Address, other: Address) -> bool:
    return all(
        _bare(getattr(one, part)) == _bare(getattr(other, part)) for part in ("line1", "postcode", "city", "country")
    )


def _bare(text: str) -> str:
    return re.sub(r"[\W_]", "", text).casefold()


def _whole(one: Address) -> str:
    return " ".join((one.id, one.line1, one.line2, one.city, one.region, one.postcode, one.country))


def _figures(text: str) -> frozenset[str]:
    return frozenset(FIGURES.findall(text))
