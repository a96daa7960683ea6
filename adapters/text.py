"""What our texts look like: their small Markdown is read once; what stands there, and where it is bold or a link."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import urlsplit

_UNSEEN = {  # what would turn the direction of writing, or is no letter at all: nobody's words may
    **dict.fromkeys([*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)]),
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),  # half a character can be sent to nobody
    ord("\n"): "\n",
    ord("\t"): " ",
}
_AFTER_ADDRESS = ".,;:!?，。；、：！？）】」』》”’*_"
_BARE = r"https?://[^\s*<>()\"'`，。；、：！？）】」』》”’]+"
_TOP = "com|net|org|info|biz|io|co|me|gg|app|dev|shop|store|online|site|xyz|top|club|live|link|click|ru|cn|de|uk|eu|us"
_INLINE = re.compile(
    r"\*\*(?P<bold>[^\n]+?)\*\*"
    r"|`(?P<code>[^`\n]+)`"
    r"|\[(?P<label>[^\]\n]+)\]\((?P<target>[^\s()]+)\)"
    rf"|(?P<bare>{_BARE})"
    rf"|(?<![\w@./-])(?P<host>(?:[a-z0-9-]+\.)+(?:{_TOP})(?![\w@-]|\.\w))(?P<path>(?:/[^\s<>()`，。；、！？）]*)?)",
    re.IGNORECASE,
)
_ADDRESS = re.compile(_BARE)
_UNWRITABLE = re.compile(r"[\s<>]")  # in an address, on one platform or another
_BULLET = re.compile(r"^(\s*)[-*•]\s+")
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$")
_HALF_LINK = re.compile(r"\[([^\]\n]*)(?:\]|\]\([^\s()]*)?$")
_DISCORD = re.compile(r"[\\*_~`|<\[\]]|(?m:^\s*(?:>|#|-|\+))")
_MARKS = {"bold": ("**", "**"), "code": ("`", "`")}


@dataclass(frozen=True)
class Span:
    """From `start` up to `end`, in characters of the text. A link may stand in what is bold; code in nothing."""

    start: int
    end: int
    kind: Literal["bold", "code", "link"]
    url: str = ""


@dataclass(frozen=True)
class Rich:
    """A text as it is seen, without any markup."""

    text: str
    spans: tuple[Span, ...] = ()

    def cut(self, start: int, end: int) -> "Rich":
        """The part of it between two places."""
        inside = (replace(one, start=max(one.start, start), end=min(one.end, end)) for one in self.spans)
        spans = (replace(one, start=one.start - start, end=one.end - start) for one in inside if one.start < one.end)
        return Rich(self.text[start:end], tuple(spans))


@dataclass(frozen=True)
class Entity:
    """A span counted in UTF-16 units."""

    kind: Literal["bold", "code", "link"]
    offset: int
    length: int
    url: str


def read(markdown: str, home: str = "", unfinished: bool = False) -> Rich:
    """Paragraphs, lists, headings, bold, code and links. `home` is the public address of the shop's own pages.

    Only what leads there becomes a link: a model may have been told to send people elsewhere. A foreign address stays
    readable, as code, which no platform makes a link of. `unfinished`: the text is still being written.
    """
    text = markdown.translate(_UNSEEN)
    text = re.sub(r"\n{3,}", "\n\n", _finished(text) if unfinished else text)
    return joined((_line(line, home) for line in text.split("\n")), "\n", keep_empty=True)


def plain(text: str) -> Rich:
    """The words of a person, or a sentence of ours: nothing is markup, every address is a link."""
    shown = text.translate(_UNSEEN)
    found = ((match.start(), _address(match)) for match in _ADDRESS.finditer(shown))
    return Rich(shown, tuple(Span(start, start + len(url), "link", url) for start, url in found))


def bold(text: str) -> Rich:
    shown = text.translate(_UNSEEN)
    return Rich(shown, (Span(0, len(shown), "bold"),) if shown else ())


def link(label: str, url: str, home: str = "") -> Rich:
    """The label, leading there; without an address, or one on our own pages whose place is not known, a label only."""
    shown, target = label.translate(_UNSEEN), _on_web(url, home)
    return Rich(shown, (Span(0, len(shown), "link", target),) if target and shown else ())


def joined(pieces: Iterable[Rich], between: str = "\n\n", keep_empty: bool = False) -> Rich:
    text, spans, first = "", list[Span](), True
    for piece in pieces:
        if not piece.text and not keep_empty:
            continue
        text += "" if first else between
        first = False
        spans += (replace(one, start=one.start + len(text), end=one.end + len(text)) for one in piece.spans)
        text += piece.text
    return Rich(text, tuple(spans))


def utf16(text: str) -> int:
    """How many UTF-16 units it takes: what lies beyond the first 65,536 characters takes two, as emoji do."""
    return len(text) + sum(one > "\uffff" for one in text)


def as_entities(rich: Rich) -> list[Entity]:
    return [
        Entity(one.kind, utf16(rich.text[: one.start]), utf16(rich.text[one.start : one.end]), one.url)
        for one in rich.spans
    ]


def as_discord(rich: Rich) -> str:
    """In Discord's Markdown, where every character of the text means itself. No link shows a preview."""
    return "".join(_discord_pieces(rich))


def _discord_pieces(rich: Rich) -> Iterator[str]:
    opens, closes = dict[int, list[str]](), dict[int, list[str]]()
    whole = {one.start: one for one in rich.spans if one.kind == "code" or one.url == rich.text[one.start : one.end]}
    for one in sorted(rich.spans, key=lambda span: (span.start, -span.end)):
        before, after = _MARKS.get(one.kind) or ("[", f"](<{one.url}>)")
        if one.kind == "link" and one.start in whole:
            before, after = "<", ">"
        opens.setdefault(one.start, []).append(before)
        closes.setdefault(one.end, []).insert(0, after)
    places = sorted({0, len(rich.text), *opens, *closes})
    line_begins = True
    for start, end in zip(places, [*places[1:], len(rich.text)], strict=True):
        ended, begun = closes.get(start, []), opens.get(start, [])
        if ended[-1:] == begun[:1] == ["**"]:  # "****" is no mark
            ended, begun = ended[:-1], begun[1:]
        yield from (*ended, *begun)
        piece = rich.text[start:end]
        within = any(one.start <= start < one.end for one in whole.values())
        yield piece if within else _escaped(piece, line_begins)
        line_begins = piece.endswith("\n") if piece else line_begins


def _escaped(piece: str, line_begins: bool) -> str:
    def escape(match: re.Match[str]) -> str:
        found = match[0]
        at_line = len(found) > 1 or found in ">#-+"
        if at_line and match.start() == 0 and not line_begins:
            return found
        return f"{found[:-1]}\\{found[-1]}"

    return _DISCORD.sub(escape, piece)


def _line(line: str, home: str) -> Rich:
    if heading := _HEADING.match(line):
        return bold(_inline(heading[1], home).text)
    return _inline(_BULLET.sub(r"\1• ", line), home)


def _inline(line: str, home: str) -> Rich:
    return joined(_inline_pieces(line, home), "")


def _inline_pieces(line: str, home: str) -> Iterator[Rich]:
    end = 0
    for match in _INLINE.finditer(line):
        yield Rich(line[end : match.start()])
        end = match.end()
        if match["bold"]:
            yield _made_bold(_inline(match["bold"], home))
        elif match["code"]:
            yield _code(match["code"])
        elif match["label"]:
            yield link(match["label"], _known(match["target"], home), home)
        elif match["host"]:  # some platforms make a link of it by themselves
            ours = match["host"].lower() == (_parts(home) or ("", "", ""))[1]
            yield Rich(match[0]) if ours else _code(match[0])
        else:
            url = _address(match)
            yield link(url, url) if _known(url, home) else _code(url)
            yield Rich(match["bare"][len(url) :])
    yield Rich(line[end:])


def _made_bold(inner: Rich) -> Rich:
    """Code cannot be bold on every platform: it is left out."""
    spans, start = list[Span](), 0
    for code in (*(one for one in inner.spans if one.kind == "code"), Span(len(inner.text), 0, "code")):
        if start < code.start:
            spans.append(Span(start, code.start, "bold"))
        start = code.end
    return Rich(inner.text, (*spans, *inner.spans))


def _code(text: str) -> Rich:
    return Rich(text, (Span(0, len(text), "code"),))


def _address(match: re.Match[str]) -> str:
    """What follows an address in a sentence is no part of it."""
    return match[0].rstrip(_AFTER_ADDRESS)


def _known(target: str, home: str) -> str:
    """The address where it is one of the shop's own pages, else "". A query could carry things away."""
    on_web, ours = _on_web(target, home), _parts(home)
    there = _parts(on_web)
    return on_web if on_web and there and ours and there[:2] == ours[:2] and not there[2] else ""


def _on_web(target: str, home: str) -> str:
    if target.startswith("/") and not target.startswith(("//", "/\\")):
        return home.rstrip("/") + target if home and not _UNWRITABLE.search(target) else ""
    parts = _parts(target)
    usable = parts and parts[0] in ("http", "https") and "@" not in parts[1] and not _UNWRITABLE.search(target)
    return target if usable else ""


def _parts(url: str) -> tuple[str, str, str] | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return (parts.scheme.lower(), parts.netloc.lower(), parts.query) if parts.netloc else None


def _finished(text: str) -> str:
    """Closes what is open at the end, so that no half markup is seen for a moment."""
    *before, last = text.split("\n")
    last = _HALF_LINK.sub(r"\1", last)
    if last.count("**") % 2:
        last = last.removesuffix("*") if last.endswith("***") else last
        last = last.removesuffix("**") if last.endswith("**") else f"{last.removesuffix('*')}**"
    if last.count("`") % 2:
        head, _, tail = last.rpartition("`")
        last = head + tail
    return "\n".join([*before, last])
