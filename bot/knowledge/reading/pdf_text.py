"""The lines and tables of a PDF's pages as Markdown: headings by their letters, paragraphs, lists and tables put
together again, what every page repeats left out."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from statistics import median

import msgspec

from bot.knowledge.reading.html_text import escaped, table_of
from bot.knowledge.reading.pdf_lines import Line, Table, tight

MARGIN = 0.12  # of the height of a page, above and below: there headers, footers and page numbers stand
REPEATED = 0.3  # of the pages: what more of them have at that place is one
SMALLER = 0.8  # times the letters of the running text: a header, even on a single page
LARGER = 1.12  # times the letters of the running text: a heading
LONGEST_HEADING = 160  # characters
PAGE_NUMBER = re.compile(
    r"\W*(?:page|p\.|seite|第)?\s*\d{1,4}\s*页?\W*(?:(?:/|of|von|共)\s*\d{1,4}\s*页?)?\W*", re.IGNORECASE
)
BULLET = re.compile(r"(?:[•·▪▫◦●○■□‣⁃∙*\uf0b7\uf0a7]|[-–—](?=\s))\s*")
NUMBERED = re.compile(r"(\d{1,2})[.)、]\s?(?=\S)(?!\d)")
ENDS = re.compile(r"[.!?:;。！？：；…][\"'”’）)]*$")
HYPHEN = re.compile(r"([^\W\d_]{2,})[-\u2010\u00ad]$")
WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


class Sheet(msgspec.Struct, frozen=True):
    """One page: what stands on it, in reading order."""

    number: int
    height: float
    found: list[Line | Table]


class Paged(msgspec.Struct, frozen=True):
    markdown: str
    pages: tuple[int, ...]  # of each of its lines


class _Text(msgspec.Struct):
    """A heading, paragraph or list item that is being put together."""

    sign: str  # "## ", "- ", "3. " or nothing
    last: Line
    page: int
    text: str


def markdown_of(sheets: Sequence[Sheet]) -> Paged:
    every = [one for sheet in sheets for one in sheet.found if isinstance(one, Line)]
    found = list(_without_margins(sheets, _Look(every).size if every else 0.0))
    lines = [one for one in found if isinstance(one, Line)]
    if not lines:
        return _written(_merged(found))
    return _written(_merged(list(_texts(found, _Look(lines)))))


class _Look:
    """How the running text of a document looks, and so what is a heading in it."""

    def __init__(self, lines: Sequence[Line]) -> None:
        sizes: Counter[float] = Counter()
        for line in lines:
            sizes[line.size] += len(line.text)
        self.size = sizes.most_common(1)[0][0]
        body = [line for line in lines if line.size == self.size]
        self.bold = sum(line.bold for line in body) > len(body) / 2
        gaps = [b.top - a.bottom for a, b in pairwise(body) if -2 < b.top - a.bottom < 2 * self.size]
        self.gap = median(gaps) if gaps else 0.3 * self.size
        self._edges: dict[int, list[Line]] = {}
        for line in body:
            self._edges.setdefault(line.page, []).append(line)
        heads = sorted({line.size for line in lines if self._is_larger(line)}, reverse=True)
        self._levels = {size: min(level, 5) for level, size in enumerate(heads, 1)}
        self.words = Counter(word.lower() for line in lines for word in WORD.findall(line.text))

    def level(self, line: Line, before: Line | Table | None) -> int:
        """Of a heading; 0 for anything else."""
        if line.item or len(line.text) > LONGEST_HEADING or not re.search(r"[^\W\d_]", line.text):
            return 0
        if self._is_larger(line):
            return self._levels[line.size]
        stands_out = line.bold and not self.bold and line.size >= self.size and not ENDS.search(line.text)
        short = len(line.text) <= LONGEST_HEADING / 2
        return len(set(self._levels.values())) + 1 if stands_out and short and self._is_apart(line, before) else 0

    def ended_early(self, line: Line) -> bool:
        """Far from where the lines of its column end."""
        beside = [one for one in self._edges.get(line.page, []) if one.left < line.right and line.left < one.right]
        return line.right < max((one.right for one in beside), default=0.0) - 6 * self.size

    def _is_larger(self, line: Line) -> bool:
        return line.size >= LARGER * self.size and len(line.text) <= LONGEST_HEADING

    def _is_apart(self, line: Line, before: Line | Table | None) -> bool:
        if not isinstance(before, Line) or before.page != line.page or line.top < before.top:
            return True
        return before.bold or line.top - before.bottom > self.gap + 0.2 * self.size or bool(ENDS.search(before.text))


def _without_margins(sheets: Sequence[Sheet], size: float) -> Iterator[Line | Table]:
    """`size` of the running text: what is smaller at the very top is no part of it."""
    seen: Counter[tuple[str, int]] = Counter()
    for sheet in sheets:
        seen.update({_key(one) for one in sheet.found if isinstance(one, Line) and _in_margin(one, sheet)})
    often = max(2.0, REPEATED * len(sheets))
    for sheet in sheets:
        for one in sheet.found:
            if isinstance(one, Line) and _in_margin(one, sheet):
                small = one.size < SMALLER * size and one.bottom < MARGIN * sheet.height
                if small or seen[_key(one)] >= often or PAGE_NUMBER.fullmatch(one.text):
                    continue
            yield one


def _in_margin(line: Line, sheet: Sheet) -> bool:
    return line.bottom < MARGIN * sheet.height or line.top > (1 - MARGIN) * sheet.height


def _key(line: Line) -> tuple[str, int]:
    return re.sub(r"\d+", "#", line.text), round(line.top / 4)


def _texts(found: Sequence[Line | Table], look: _Look) -> Iterator[_Text | Table]:
    held: _Text | None = None
    before: Line | Table | None = None
    for one in found:
        if isinstance(one, Table):
            if held:
                yield held
            held, before = None, one
            yield one
            continue
        level = look.level(one, before)
        if held and _goes_on(held, one, level, look):
            held.text, held.last = _continued(held.text, one.text, look), one
        else:
            if held:
                yield held
            held = _begun(one, level)
        before = one
    if held:
        yield held


def _begun(line: Line, level: int) -> _Text:
    if level:
        return _Text("#" * level + " ", line, line.page, line.text)
    if (found := BULLET.match(line.text)) or line.item:
        return _Text("- ", line, line.page, line.text[found.end() :] if found else line.text)
    if found := NUMBERED.match(line.text):
        return _Text(f"{found[1]}. ", line, line.page, line.text[found.end() :])
    return _Text("", line, line.page, line.text)


def _goes_on(held: _Text, line: Line, level: int, look: _Look) -> bool:
    last = held.last
    if (held.sign.count("#") if held.sign.startswith("#") else 0) != level or line.item:
        return False
    if BULLET.match(line.text) or (not level and NUMBERED.match(line.text)):
        return False
    if abs(line.size - last.size) > 0.6:
        return False
    if line.page != last.page or line.top < last.top:  # on the next page, or at the top of the next column
        return not level and not ENDS.search(last.text) and not line.text[:1].isupper()
    if line.top - last.bottom > look.gap + 0.4 * look.size:
        return False
    if not held.sign and line.left > last.left + 0.8 * look.size and ENDS.search(last.text):
        return False
    return not (ENDS.search(last.text) and look.ended_early(last))


def _continued(text: str, more: str, look: _Look) -> str:
    hyphen = HYPHEN.search(text)
    if hyphen and re.match(r"[^\W\d_]", more) and not more[0].isupper():
        rest = WORD.match(more)
        first, second = hyphen[1].lower(), (rest[0] if rest else "").lower().split("-")[0]
        joined, kept = look.words[first + second], look.words[f"{first}-{second}"]
        return f"{text[:-1]}{'-' if kept > joined else ''}{more}"
    return tight(f"{text} {more}")


def _merged(found: Sequence[_Text | Table | Line]) -> list[_Text | Table]:
    """A table that goes on at the top of the next page is one table; a repeated header is left out."""
    merged: list[_Text | Table] = []
    for one in found:
        last = merged[-1] if merged else None
        if isinstance(one, Line):
            merged.append(_begun(one, 0))
        elif isinstance(one, Table) and isinstance(last, Table) and _is_rest(last, one):
            rest = one.rows[1:] if one.rows[0] == last.rows[0] else one.rows
            pages = (*_pages(last), *[one.page] * len(rest))
            merged[-1] = msgspec.structs.replace(last, rows=[*last.rows, *rest], pages=pages)
        else:
            merged.append(one)
    return merged


def _is_rest(table: Table, rest: Table) -> bool:
    same_width = abs(table.left - rest.left) < 3 and abs(table.right - rest.right) < 3
    follows = rest.page == _pages(table)[-1] + 1 and len(table.rows[0]) == len(rest.rows[0])
    return follows and (same_width or not rest.ruled)


def _pages(table: Table) -> tuple[int, ...]:
    return table.pages or (table.page,) * len(table.rows)


def _written(found: Iterable[_Text | Table]) -> Paged:
    lines: list[str] = []
    pages: list[int] = []
    in_list = False
    for one in found:
        is_item = isinstance(one, _Text) and bool(one.sign) and not one.sign.startswith("#")
        if lines and not (in_list and is_item):
            lines.append("")
        in_list = is_item
        if isinstance(one, Table):
            lines += table_of([[escaped(cell) for cell in row] for row in one.rows]).split("\n")
            below = _pages(one)[1:]
            pages += [one.page] * (len(lines) - len(pages) - len(below)) + list(below)
        else:
            lines.append(one.sign + escaped(one.text))
            pages += [one.page] * (len(lines) - len(pages))
    return Paged("\n".join(lines), tuple(pages))
