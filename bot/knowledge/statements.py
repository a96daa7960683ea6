"""A text's figures, each with the words around it, which say what it is a figure of."""

import re
from collections.abc import Iterator, Mapping
from functools import cache

import msgspec

from bot.knowledge.figures import Figure, placed_figures, plain
from bot.knowledge.fillers import fillers
from bot.knowledge.reading.chunks import SENTENCE
from bot.knowledge.tokens import tokens
from bot.knowledge.topics import topics

FACT = re.compile(r"\{\{\s*(\w+)\s*\}\}")
OPEN, CLOSE = "\ue000", "\ue001"  # around a fact that is filled in; no text holds them
MARKED = re.compile(rf"{OPEN}(\d+):([^{CLOSE}]*){CLOSE}")
PART = re.compile(
    r"(?<=[;；，。、:：()（）!?？！])|(?<=[,.])(?=\s)|\n|\s(?=(?:and|or|but|then|while|whereas|unless|otherwise|until)\s)"
)
UNIT_WORDS = frozenset(
    tokens("working business calendar day days week month year hour minute percent dollar euro usd eur")
    + tokens("within least most maximum minimum latest up")
    + ["工作日", "自然日", "小时", "分钟", "星期", "工作", "以内", "之内"]
)
CHINESE_FILLERS = frozenset(
    re.findall(
        r"\w+",
        "可以 我们 您的 需要 如果 之后 之前 以后 以前 以内 之内 这里 就是 就行 怎么 什么 多久 多少 一般"
        " 通常 进行 或者 以及 没有 不是 自己 时候 所有 都是 还是 已经 之间 左右 大约 最多 至少 超过"
        " 其他 一个 每个 请您 会在",
    )
)


class Statement(msgspec.Struct, frozen=True):
    """A figure in its sentence."""

    figure: Figure
    sentence: str
    words: frozenset[str]  # of the part of the sentence that it stands in
    around: frozenset[str]  # of the whole sentence
    topics: frozenset[str]  # that this part touches, or else the sentence


def statements(text: str, facts: Mapping[str, str]) -> list[Statement]:
    """Of a text whose facts are not filled in yet. Tables are left out: what a cell is about, its place says."""
    names: list[str] = []

    def mark(found: re.Match[str]) -> str:
        names.append(found[1])
        return f"{OPEN}{len(names) - 1}:{facts.get(found[1], '')}{CLOSE}"

    marked = FACT.sub(mark, "\n".join(line for line in text.split("\n") if not line.lstrip().startswith("|")))
    found: list[Statement] = []
    for block in marked.split("\n"):
        for sentence in SENTENCE.findall(block):
            found += _of_sentence(sentence.strip(), names)
    return found


def content(text: str) -> frozenset[str]:
    """The words that say what a text is about."""
    found = tokens(plain(text))
    words = (word for word in found if len(word) > 1 and not any(map(str.isdigit, word)))
    return frozenset(words) - _nothing_said()


def _of_sentence(sentence: str, names: list[str]) -> Iterator[Statement]:
    shown = MARKED.sub(lambda found: found[2], sentence)
    for part in _parts(sentence):
        said, spans = _filled_in(plain(part), names)
        found = list(placed_figures(said))
        if not found:
            continue
        words, around, about = content(said), content(shown), topics(said) or topics(shown)
        for figure, (start, end) in found:
            fact = next((name for first, last, name in spans if first < end and start < last), "")
            yield Statement(msgspec.structs.replace(figure, fact=fact), shown, words, around, about)


def _parts(sentence: str) -> list[str]:
    """Without taking a fact apart."""
    kept = [found.group() for found in MARKED.finditer(sentence)]
    number = iter(range(len(kept)))
    held = MARKED.sub(lambda _: f"{OPEN}{next(number)}{CLOSE}", sentence)
    parts = [re.sub(rf"{OPEN}(\d+){CLOSE}", lambda found: kept[int(found[1])], part) for part in PART.split(held)]
    return [part for part in parts if part.strip()]


def _filled_in(part: str, names: list[str]) -> tuple[str, list[tuple[int, int, str]]]:
    filled, spans, last = "", [], 0
    for found in MARKED.finditer(part):
        filled += part[last : found.start()]
        spans.append((len(filled), len(filled) + len(found[2]), names[int(found[1])]))
        filled += found[2]
        last = found.end()
    return filled + part[last:], spans


@cache
def _nothing_said() -> frozenset[str]:
    return fillers() | UNIT_WORDS | CHINESE_FILLERS
