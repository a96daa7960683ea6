"""A postal address in one message: street, postcode and city, country, apart by commas or lines. Strict on purpose."""

import re
import unicodedata
from collections.abc import Sequence

from msgspec.structs import replace

from bot.answering.entities import POSTCODE
from bot.knowledge.tokens import IS_CHINESE
from bot.shop.records import Address

PARTS = ("line1", "postcode", "city", "country")
NOTHING = Address(id="", line1="", city="", postcode="", country="")
COMMA = re.compile(r"[,，;；、\n]+")
BEFORE = re.compile(
    r"^.*(?:\b(?:address(?: is)?|to|at)\b|地址(?:改成|改为|换成|是|为)?|[送寄发]到)\s*[:：]?\s+(?=\S)|^.*[:：]",
    re.I | re.S,
)
BEFORE_CHINESE = re.compile(
    r"^.*(?:地址(?:是|为)?|[送寄发]到|[改换](?:成|为|到)|[修更变]改?[为成]|更新[为成])[:：\s]*", re.S
)
STREET = re.compile(r"^\d+\w?[ ,-]+[^\W\d]{2}|[^\W\d]{2}\.? \d+(?:[ /-]?\w{1,3})?$|\d+ ?[号弄幢栋室]")
REGION = re.compile(r"[A-Z]{2,3}")
CHINESE = re.compile(
    r"(?P<country>中国)?\s*(?P<region>\S{2,8}?(?:省|自治区))?\s*(?P<city>\S{2,8}?市)\s*(?P<line1>[^,，]+?)[,，\s]*"
    r"(?:(?:邮编)?[:：\s]*(?P<postcode>\d{6}))?"
)


def read_address(text: str, before: Address = NOTHING) -> Address:
    """What of it is there; a part that is missing stays "". What was read before is kept, and only filled up."""
    plain = unicodedata.normalize("NFKC", text).strip().rstrip(".。!！")
    chinese = _chinese(plain)
    if chinese:
        return chinese
    parts = [part.strip() for part in COMMA.split(destination(plain)) if part.strip()]
    if before.line1 and (filled := _filled(before, parts)):
        return filled
    return _read(parts)


def destination(text: str) -> str:
    """What stands behind "to" in "send it to my cabin"."""
    plain = unicodedata.normalize("NFKC", text).strip().rstrip(".。!！")
    return (BEFORE_CHINESE if IS_CHINESE.search(plain) else BEFORE).sub("", plain).strip()


def begins_with_street(text: str) -> bool:
    """Whether it names a house by its number, though the rest of the address may be missing."""
    parts = [part.strip() for part in COMMA.split(destination(text)) if part.strip()]
    return bool(parts) and STREET.search(parts[0]) is not None


def missing(address: Address) -> tuple[str, ...]:
    """The names of the parts that an address must have and this one has not."""
    return tuple(name for name in PARTS if not getattr(address, name))


def looks_like_one(text: str) -> bool:
    """Whether somebody seems to write an address, whole or not."""
    parts = [part for part in COMMA.split(text) if part.strip()]
    return len(parts) >= 2 and any(sign.isdigit() for sign in text)


def _chinese(text: str) -> Address | None:
    """Largest first and without commas, as in 浙江省杭州市獭溪路18号 310012; with 市 in it the country is known."""
    found = CHINESE.fullmatch(BEFORE_CHINESE.sub("", text)) if IS_CHINESE.search(text) else None
    if found is None:
        return None
    said = found.groupdict(default="")
    if not any(sign.isdigit() for sign in said["line1"]):
        return None
    return Address(
        id="",
        line1=said["line1"].strip(),
        city=said["city"],
        postcode=said["postcode"],
        region=said["region"],
        country=said["country"] or "中国",
    )


def _read(parts: Sequence[str]) -> Address:
    if not parts:
        return NOTHING
    at = next((at for at, part in enumerate(parts) if at and POSTCODE.search(part)), None)
    if at is None:
        last = parts[-1] if len(parts) > 2 else ""
        return _address(parts[:1], "", parts[1] if len(parts) > 1 else "", last)
    found = POSTCODE.search(parts[at])
    postcode = found.group() if found else ""
    beside, lines, after = parts[at].replace(postcode, " ").strip(" -"), list(parts[:at]), list(parts[at + 1 :])
    region = ""
    if REGION.fullmatch(beside) and len(lines) > 1:
        beside, region = lines.pop(), beside
    elif not beside:
        beside = (
            after.pop(0) if len(after) > 1 or (len(lines) == 1 and after) else lines.pop() if len(lines) > 1 else ""
        )
    return _address(lines, postcode, beside, after[-1] if after else "", region)


def _address(lines: Sequence[str], postcode: str, city: str, country: str, region: str = "") -> Address:
    country = "" if any(sign.isdigit() for sign in country) else country
    return Address(
        id="", line1=lines[0], line2=", ".join(lines[1:]), city=city, postcode=postcode, country=country, region=region
    )


def _filled(before: Address, parts: Sequence[str]) -> Address | None:
    """What was missing, in whatever order it comes; None where more is said than was missing."""
    given: dict[str, str] = {}
    left: list[str] = []
    for part in parts:
        found = POSTCODE.search(part) if "postcode" in missing(before) and "postcode" not in given else None
        if found:
            given["postcode"] = found.group()
        left += [beside for beside in [part.replace(found.group(), " ").strip(" -") if found else part] if beside]
    names = [name for name in missing(before) if name != "postcode"]
    if (
        len(left) > len(names)
        or (len(left) < len(names) and not given)
        or any(sign.isdigit() for part in left for sign in part)
    ):
        return None
    return replace(before, **given, **dict(zip(names, left, strict=False)))
