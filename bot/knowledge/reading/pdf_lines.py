"""What stands on a page of a PDF, in the order in which a person reads it: lines of text, column after column, and
tables."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import Any

import msgspec
from pdfplumber.page import Page

SPACE = 0.15  # of the size of the letters: wider, and another word begins
WIDE = 1.2  # and this wide, another column or cell
LONGEST_CELL = 500  # characters; what holds more is a box around text
LEAST_ROWS = 3  # fewer are no table without lines, and no columns
BULLET = 0.7  # of the size of the letters: no larger is the dot that is drawn before an item
BOLD = re.compile(r"bold|black|heavy|semibold|demi", re.IGNORECASE)
CJK = r"\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\u3000-\u303f"
BESIDE_CJK = re.compile(rf"(?<=[{CJK}]) | (?=[{CJK}])")
# one sign, as a font names it, and as it is typed: parts of characters that look like the whole, and ligatures
RADICALS = "⻅⻆⻉⻋⻓⻔⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻧⻨⻩⻬⻮⻰⻳⺟⺠⻄⻁⺮⻌"
WHOLE = "见角贝车长门青韦页风飞食马骨鬼鱼鸟卤麦黄齐齿龙龟母民西虎竹辶"
LIGATURES = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "\xa0": " ", "\u200b": "", "\x00": ""}
KANGXI = {code: chr(code) for code in range(0x2F00, 0x2FD6)}


class Line(msgspec.Struct, frozen=True):
    """Lengths are in points, from the top left corner."""

    page: int
    left: float
    right: float
    top: float
    bottom: float
    size: float  # of most of its letters
    bold: bool  # all of it
    text: str
    item: bool = False  # a dot is drawn before it


class Table(msgspec.Struct, frozen=True):
    page: int
    left: float
    right: float
    top: float
    bottom: float
    rows: list[list[str]]
    ruled: bool = True
    pages: tuple[int, ...] = ()  # of each row, where they are not all on its page


Row = list[Line]  # side by side


def lines_and_tables(page: Page) -> list[Line | Table]:
    tables = list(_ruled_tables(page))
    boxes = [(table.left, table.top, table.right, table.bottom) for table in tables]
    free = [word for word in _words(page) if not any(_inside(word, box) for box in boxes)]
    found: list[Line | Table] = list(_in_order(_rows(free, page.page_number)))
    found = _with_items(found, page)
    for table in sorted(tables, key=lambda one: one.top):
        found.insert(_place_of(table, found), table)
    return found


def typed(text: str) -> str:
    return text.translate(_TYPED)


def tight(text: str) -> str:
    """Without the spaces that a page sets between Chinese characters and other signs."""
    return BESIDE_CJK.sub("", " ".join(text.split()))


def _typed() -> dict[int, str]:
    from_kangxi = {code: _whole(sign) for code, sign in KANGXI.items()}
    return from_kangxi | str.maketrans(dict(zip(RADICALS, WHOLE, strict=True)) | LIGATURES)


def _whole(radical: str) -> str:
    return unicodedata.normalize("NFKC", radical)


def _words(page: Page) -> list[dict[str, Any]]:
    once = page.dedupe_chars(tolerance=1)  # some programs make letters bold by writing them twice
    upright = once.filter(lambda thing: thing["object_type"] != "char" or thing.get("upright", True))
    return upright.extract_words(x_tolerance_ratio=SPACE, extra_attrs=["size", "fontname"])


def _inside(word: dict[str, Any], box: tuple[float, float, float, float]) -> bool:
    across, down = (word["x0"] + word["x1"]) / 2, (word["top"] + word["bottom"]) / 2
    return bool(box[0] <= across <= box[2] and box[1] <= down <= box[3])


def _ruled_tables(page: Page) -> Iterator[Table]:
    for found in page.find_tables():
        rows = [[tight(typed(cell or "")) for cell in row] for row in found.extract(x_tolerance_ratio=SPACE)]
        rows = _without_empty_columns([row for row in rows if any(row)])
        longest = max((len(cell) for row in rows for cell in row), default=0)
        if rows and len(rows[0]) > 1 and longest <= LONGEST_CELL:
            left, top, right, bottom = found.bbox
            yield Table(page.page_number, left, right, top, bottom, rows)


def _without_empty_columns(rows: list[list[str]]) -> list[list[str]]:
    kept = [place for place in range(len(rows[0])) if any(row[place] for row in rows)] if rows else []
    return [[row[place] for place in kept] for row in rows]


def _rows(words: list[dict[str, Any]], page: int) -> list[Row]:
    """Words of one height together; within them, what stands close together is one line."""
    rows: list[list[dict[str, Any]]] = []
    for word in sorted(words, key=lambda one: (one["top"] + one["bottom"]) / 2):
        middle = (word["top"] + word["bottom"]) / 2
        if rows and rows[-1][0]["top"] <= middle <= rows[-1][0]["bottom"]:
            rows[-1].append(word)
        else:
            rows.append([word])
    return [list(_segments(sorted(row, key=lambda one: float(one["x0"])), page)) for row in rows]


def _segments(words: list[dict[str, Any]], page: int) -> Iterator[Line]:
    held: list[dict[str, Any]] = []
    for word in words:
        if held and word["x0"] - held[-1]["x1"] > WIDE * max(word["size"], held[-1]["size"]):
            yield _line(held, page)
            held = []
        held.append(word)
    if held:
        yield _line(held, page)


def _line(words: list[dict[str, Any]], page: int) -> Line:
    text = words[0]["text"]
    for before, word in pairwise(words):
        apart = word["x0"] - before["x1"] > SPACE * word["size"]
        text += f" {word['text']}" if apart else word["text"]
    sizes: dict[float, int] = {}
    for word in words:
        size = round(word["size"] * 2) / 2
        sizes[size] = sizes.get(size, 0) + len(word["text"])
    return Line(
        page=page,
        left=words[0]["x0"],
        right=max(word["x1"] for word in words),
        top=min(word["top"] for word in words),
        bottom=max(word["bottom"] for word in words),
        size=max(sizes, key=lambda size: sizes[size]),
        bold=all(BOLD.search(word["fontname"]) for word in words),
        text=tight(typed(text)),
    )


def _in_order(rows: Sequence[Row]) -> Iterator[Line | Table]:
    gutter = _gutter(rows)
    if gutter is None:
        yield from _one_column(rows)
        return
    left: list[Row] = []
    right: list[Row] = []
    end = _end_of_columns(rows, gutter)
    for row in rows[:end]:
        if any(line.left < gutter < line.right for line in row):
            yield from _in_order(left)
            yield from _in_order(right)
            yield from _one_column([row])
            left, right = [], []
            continue
        left += [part] if (part := [line for line in row if line.right <= gutter]) else []
        right += [part] if (part := [line for line in row if line.left >= gutter]) else []
    yield from _in_order(left)
    yield from _in_order(right)
    yield from _in_order(rows[end:])


def _end_of_columns(rows: Sequence[Row], gutter: float) -> int:
    """Behind them, what stands apart on the left belongs to the whole page again."""
    last = max(number for number, row in enumerate(rows) if row[-1].left >= gutter)
    for number in range(last + 1, len(rows)):
        if rows[number][0].top - rows[number - 1][0].bottom > 0.8 * rows[number][0].size:
            return number
    return len(rows)


def _gutter(rows: Sequence[Row]) -> float | None:
    """Where a white stripe parts two columns of running text. Cells of a table are narrower than their columns."""
    lines = [line for row in rows for line in row]
    if len(lines) < 2 * LEAST_ROWS:
        return None
    gaps = [(a.right + b.left) / 2 for row in rows for a, b in pairwise(row)]
    for gutter in sorted(gaps, key=lambda x: sum(line.left < x < line.right for line in lines)):
        both = [row for row in rows if row[0].right <= gutter <= row[-1].left and _crossing(row, gutter) == 0]
        crossing = sum(_crossing(row, gutter) > 0 for row in rows)
        if len(both) < LEAST_ROWS or crossing > len(both):
            return None  # the best of them is none
        before = [line for row in both for line in row if line.right <= gutter]
        after = [line for row in both for line in row if line.left >= gutter]
        if _is_running(before) and _is_running(after):
            return gutter
        return None
    return None


def _crossing(row: Row, x: float) -> int:
    return sum(line.left < x < line.right for line in row)


def _is_running(lines: Sequence[Line]) -> bool:
    width = max(line.right for line in lines) - min(line.left for line in lines)
    filled = [line for line in lines if line.right - line.left > 0.7 * width]
    return len(filled) > 0.6 * len(lines) and width > 12 * lines[0].size


def _one_column(rows: Sequence[Row]) -> Iterator[Line | Table]:
    """What stands side by side in several rows, one below the other, is a table without lines."""
    for aligned, group in groupby(_numbered(rows), key=lambda each: each[0]):
        same = [row for _, row in group]
        if aligned and len(same) >= LEAST_ROWS and len(same[0]) > 1:
            yield _open_table(same)
        else:
            yield from (_joined(row) for row in same)


def _numbered(rows: Sequence[Row]) -> Iterator[tuple[int, Row]]:
    """Each row with the number of its table; 0 for none."""
    number, last = 0, None
    for row in rows:
        if len(row) < 2:
            last = None
            yield 0, row
            continue
        if last is None or not _aligned(last, row):
            number += 1
        last = row
        yield number, row


def _aligned(above: Row, row: Row) -> bool:
    if len(above) != len(row) or row[0].top - above[0].bottom > 2 * row[0].size:
        return False
    near = above[0].size
    return all(
        abs(a.left - b.left) < near or abs(a.right - b.right) < near or abs(a.left + a.right - b.left - b.right) < near
        for a, b in zip(above, row, strict=True)
    )


def _open_table(rows: Sequence[Row]) -> Table:
    lines = [line for row in rows for line in row]
    return Table(
        page=lines[0].page,
        left=min(line.left for line in lines),
        right=max(line.right for line in lines),
        top=min(line.top for line in lines),
        bottom=max(line.bottom for line in lines),
        rows=[[line.text for line in row] for row in rows],
        ruled=False,
    )


def _joined(row: Row) -> Line:
    first = max(row, key=lambda line: len(line.text))
    return msgspec.structs.replace(
        first,
        left=row[0].left,
        right=row[-1].right,
        bold=all(line.bold for line in row),
        text=tight(" ".join(line.text for line in row)),
    )


def _with_items(found: Sequence[Line | Table], page: Page) -> list[Line | Table]:
    dots = [
        shape
        for shape in (*page.curves, *page.rects)
        if shape["width"] < 12 and abs(shape["width"] - shape["height"]) < 1.5 and shape["width"] > 0.5
    ]
    return [
        msgspec.structs.replace(one, item=True)
        if isinstance(one, Line) and any(_is_before(dot, one) for dot in dots)
        else one
        for one in found
    ]


def _is_before(dot: dict[str, Any], line: Line) -> bool:
    middle = (dot["top"] + dot["bottom"]) / 2
    beside = line.top < middle < line.bottom and 0 < line.left - dot["x1"] < 2 * line.size
    return bool(beside and dot["width"] < BULLET * line.size)


def _place_of(table: Table, found: Sequence[Line | Table]) -> int:
    above = [
        number
        for number, one in enumerate(found, 1)
        if one.bottom <= table.top + 2 and one.left < table.right and table.left < one.right
    ]
    if above:
        return above[-1]
    below = [number for number, one in enumerate(found) if one.top >= table.bottom - 2]
    return below[0] if below else len(found)


_TYPED = _typed()
