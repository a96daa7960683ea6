"""Which words of a text can name a thing, and which names things have. One shared sign of Chinese names nothing."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

from bot.knowledge.fillers import fillers
from bot.knowledge.tokens import CHINESE, IS_CHINESE, is_chinese, tokens
from bot.shop.records import Product, Variant

Sold = Mapping[str, tuple[Product, Variant]]  # by SKU
CHUNK = re.compile(rf"[{CHINESE}]{{2,}}")
WORD = re.compile(r"[A-Za-z][A-Za-z'-]+")
UNITS = frozenset("号码版色升片装支个")  # how a name may end that says nothing
BEFORE = "把的个只件条双盏顶副退换改成要和跟与那这些"
AFTER = "的了吧和跟换改成要太坏不"


def spoken_words(text: str) -> frozenset[str]:
    """What a text may name things by: 袜 of 袜子 and 红 of 红色, but not 路 of 文三路."""
    plain = unicodedata.normalize("NFKC", text).lower()
    return frozenset(word for word in tokens(plain) if not _is_sign(word) or _stands_alone(word, plain))


def name_words(name: str) -> frozenset[str]:
    """All words by which this may be called; of Chinese names also the last sign, which says what it is."""
    chunks = CHUNK.findall(unicodedata.normalize("NFKC", name))
    words = {word for word in tokens(name) if not _is_sign(word)}
    return frozenset(words.union(chunks, (chunk[-1] for chunk in chunks if chunk[-1] not in UNITS)))


def contained(text: str, names: Iterable[frozenset[str]]) -> frozenset[str]:
    """Chinese words of the names that stand in the text, however it is cut into words."""
    plain = unicodedata.normalize("NFKC", text)
    return frozenset(word for words in names for word in words if len(word) > 1 and is_chinese(word) and word in plain)


def absent(text: str, fitting: Iterable[str], sold: Sold, quiet: frozenset[str]) -> str:
    """The word for a kind of thing that the shop sells and that none of the fitting SKUs is; "" where there is none."""
    plain = unicodedata.normalize("NFKC", text)
    spoken = {word: frozenset(tokens(word)) for word in WORD.findall(plain)} if sold else {}
    spoken |= {word: frozenset((word,)) for word in tokens(plain) if is_chinese(word) and len(word) > 1}
    heads = _heads({product.id: product for product, _ in sold.values()}.values()) - quiet - fillers()
    there = [" ".join(sold[sku][0].name.values()) for sku in fitting if sku in sold]
    have = frozenset(word for name in there for word in tokens(name))
    meant = [(word, cut) for word, cut in spoken.items() if cut & heads or _kind(word) in heads]
    fits = any(
        cut & have or any(part in name for name in there for part in (word, _kind(word) or word)) for word, cut in meant
    )
    return meant[0][0] if meant and not fits else ""


def _heads(products: Iterable[Product]) -> frozenset[str]:
    """What kind of thing the products are: "lamp" of "Retired Lighthouse Desk Lamp", 台灯 and 灯 of 退休灯塔台灯."""
    found = set()
    for name in (name for product in products for name in product.name.values()):
        if IS_CHINESE.search(name):
            found.update({name[-1]}.union(word for word in tokens(name) if len(word) > 1 and name.endswith(word)))
        elif words := tokens(re.split(r",| of ", name)[0]):
            found.add(words[-1])
    return frozenset(found)


def _kind(word: str) -> str:
    """袜 of 袜子."""
    return word[0] if len(word) == 2 and word[1] == "子" else ""


def _is_sign(word: str) -> bool:
    return len(word) == 1 and is_chinese(word)


def _stands_alone(sign: str, text: str) -> bool:
    begins, ends = rf"(?:(?<![{CHINESE}])|(?<=[{BEFORE}]))", rf"(?:(?=[{AFTER}])|(?![{CHINESE}]))"
    return re.search(rf"{begins}{sign}{ends}|{sign}[子色]", text) is not None
