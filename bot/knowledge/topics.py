"""What a shop's sentences can be about, kept as data: so that a figure for returns is not held against one for
exchanges."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bot.knowledge.tokens import is_chinese, tokens

FOLDER = Path(__file__).parent / "words" / "topics"
# when a time begins is not what it is for: "within 30 days of delivery"
SINCE = re.compile(
    r"\b(?:of|after|from|since|following|upon)\s(?:the\s|your\s|its\s)?(?:delivery|receipt|receiving|arrival|purchase|order\sdate)"
    r"|(?:送达|签收|收货|收到(?:商品|货物|包裹)?|到货|下单|付款)(?:之日起|当日起|日起|之后|以后|后|起)"
)


@dataclass(frozen=True, slots=True)
class _Name:
    said: str  # Chinese, as it is written; else stems with a space around each
    topic: str
    chinese: bool


def topics(text: str) -> frozenset[str]:
    """Names of the topics that a text touches, in any words."""
    plain = SINCE.sub(" ", unicodedata.normalize("NFKC", text).lower())
    stems = f" {' '.join(tokens(plain))} "
    return frozenset(name.topic for name in _names() if name.said in (plain if name.chinese else stems))


def _named(said: str, topic: str) -> _Name:
    chinese = is_chinese(said)
    return _Name(said if chinese else f" {' '.join(tokens(said))} ", topic, chinese)


@cache
def _names() -> tuple[_Name, ...]:
    found = []
    for file in sorted(FOLDER.glob("*.txt")):
        for line in file.read_text("utf-8").splitlines():
            names = [] if line.startswith("#") else [name.strip() for name in line.split(",") if name.strip()]
            found += [_named(name, names[0]) for name in names]
    return tuple(found)
