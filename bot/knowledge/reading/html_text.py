"""A page of HTML as Markdown: its main content, with headings, lists, tables and links, and what it says of itself."""

import re
from urllib.parse import urljoin

import msgspec
from selectolax.lexbor import LexborHTMLParser, LexborNode

NOT_CONTENT = ["script", "style", "noscript", "template", "nav", "header", "footer", "aside", "form", "iframe", "svg"]
HIDDEN = "[hidden], [aria-hidden=true], [role=navigation], [role=banner], [role=contentinfo], [role=search]"
MAIN = ("main", "[role=main]", "article")
HEADINGS = {f"h{level}": level for level in range(1, 7)}
BLOCKS = {
    "p",
    "div",
    "section",
    "article",
    "main",
    "ul",
    "ol",
    "dl",
    "dt",
    "dd",
    "blockquote",
    "pre",
    "figure",
    "address",
    "summary",
    "details",
}
STRONG = {"strong": "**", "b": "**", "em": "*", "i": "*"}
SPACES = re.compile(r"\s+")
MARKDOWN_SIGNS = re.compile(r"([\\`*\[\]]|(?<![^\W_])_|_(?![^\W_]))")
LINE_SIGNS = re.compile(r"^(\s*)(#{1,6}(?=\s)|>|[-+](?=\s)|(?:-{3,}|={3,}|~{3,})(?=\s*$))")
ANCHOR = re.compile(r"[^\s{}]+")
LINKED = ("https://", "http://", "/", "mailto:", "tel:")


class HtmlPage(msgspec.Struct, frozen=True):
    markdown: str  # empty: there is no text in it
    language: str = ""  # "en", as <html lang> says
    canonical: str = ""  # the address under which it wants to be known
    unlisted: bool = False  # it asks not to be found by machines


def read_page(text: str, url: str = "") -> HtmlPage:
    """With `url`, its address, links to other pages of the same site are made whole."""
    page = LexborHTMLParser(text)
    said = page.css_first("html")
    language = ((said.attributes.get("lang") or "") if said else "").lower().replace("_", "-").split("-")[0]
    canonical = _attribute(page, "link[rel=canonical]", "href")
    return HtmlPage(
        markdown=_main_text(page, url),
        language=language,
        canonical=urljoin(url, canonical) if canonical else "",
        unlisted=bool(re.search(r"\b(noindex|none)\b", _attribute(page, "meta[name=robots i]", "content").lower())),
    )


def escaped(text: str) -> str:
    """Text that means itself in Markdown, also at the beginning of a line."""
    return LINE_SIGNS.sub(r"\1\\\2", MARKDOWN_SIGNS.sub(r"\\\1", text))


def table_of(rows: list[list[str]]) -> str:
    """In Markdown, its first row the header; cells are Markdown already."""
    rows = [[cell.replace("|", "\\|") for cell in row] for row in rows if any(row)]
    if not rows:
        return ""
    width = max(len(row) for row in rows)
    lines = ["| " + " | ".join(row + [""] * (width - len(row))) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * width, *lines[1:]])


def _main_text(page: LexborHTMLParser, url: str) -> str:
    title = page.css_first("title")
    page.strip_tags(NOT_CONTENT, recursive=True)
    for hidden in page.css(HIDDEN):
        hidden.decompose()
    body = next((found for name in MAIN if (found := page.css_first(name)) and found.text(strip=True)), page.body)
    markdown = _tidy(_Writer(url).children(body)) if body else ""
    if markdown and title and not re.search(r"^# ", markdown, re.MULTILINE):
        return f"# {escaped(_flat(title.text()))}\n\n{markdown}"
    return markdown


def _attribute(page: LexborHTMLParser, selector: str, name: str) -> str:
    found = page.css_first(selector)
    return ((found.attributes.get(name) or "") if found else "").strip()


class _Writer:
    def __init__(self, url: str) -> None:
        self._url = url

    def children(self, node: LexborNode) -> str:
        return "".join(self._markdown(child) for child in node.iter(include_text=True))

    def _markdown(self, node: LexborNode) -> str:
        tag = node.tag or ""
        if tag == "-text":
            return escaped(SPACES.sub(" ", node.text() or ""))
        if tag in HEADINGS:
            return self._heading(node, HEADINGS[tag])
        if tag == "table":
            return f"\n\n{self._table(node)}\n\n"
        if tag in ("ul", "ol"):
            return f"\n\n{self._list(node)}\n\n"
        if tag == "br":
            return "\n"
        if tag == "a":
            return self._link(node)
        if tag in STRONG and (inner := _flat(self.children(node))):
            return f"{STRONG[tag]}{inner}{STRONG[tag]}"
        return f"\n\n{self.children(node)}\n\n" if tag in BLOCKS else self.children(node)

    def _heading(self, node: LexborNode, level: int) -> str:
        inside = node.css_first("[id], a[name]")
        anchor = node.id or (inside.id or inside.attributes.get("name") if inside else "") or self._of_section(node)
        mark = f" {{#{anchor}}}" if anchor and ANCHOR.fullmatch(anchor) else ""
        words = _flat(self.children(node))
        return f"\n\n{'#' * level} {words}{mark}\n\n" if words else ""

    def _of_section(self, node: LexborNode) -> str:
        """<section id="refunds"><h2>: the first thing in a part of the page that has an id."""
        parent = node.parent
        is_first = parent is not None and parent.tag in ("section", "article", "div", "details") and not _before(node)
        return (parent.id or "") if is_first and parent is not None else ""

    def _list(self, node: LexborNode, depth: int = 0) -> str:
        lines, number = [], 1
        for item in node.iter():
            if item.tag != "li":
                continue
            inner = [child for child in item.iter(include_text=True) if child.tag in ("ul", "ol")]
            own = "".join(
                self._markdown(child) for child in item.iter(include_text=True) if child.tag not in ("ul", "ol")
            )
            sign = f"{number}." if node.tag == "ol" else "-"
            number += 1
            words = _flat(own)
            lines += [f"{'   ' * depth}{sign} {words}"] if words else []
            lines += [text for each in inner if (text := self._list(each, depth + (1 if words else 0)))]
        return "\n".join(lines)

    def _link(self, node: LexborNode) -> str:
        label, target = _flat(self.children(node)), (node.attributes.get("href") or "").strip()
        if target.startswith("#") and not re.search(r"\w", label):
            return ""  # the sign beside a heading that links to it
        if label and self._url and target and not target.startswith("#"):
            target = urljoin(self._url, target)
        return f"[{label}]({target})" if label and _may_be_linked(target) else label

    def _table(self, table: LexborNode) -> str:
        rows = [[_flat(self.children(cell)) for cell in row.css("th, td")] for row in table.css("tr")]
        return table_of(rows)


def _before(node: LexborNode) -> bool:
    """Whether anything but spaces stands before it in the same part."""
    place = node.prev
    while place is not None:
        if place.tag != "-text" or (place.text() or "").strip():
            return True
        place = place.prev
    return False


def _may_be_linked(target: str) -> bool:
    return target.lower().startswith(LINKED) and not re.search(r"[\s()<>]", target)


def _flat(text: str) -> str:
    return SPACES.sub(" ", text).strip()


def _tidy(markdown: str) -> str:
    lines = [line.rstrip() if re.match(r" +(?:-|\d+\.) ", line) else line.strip() for line in markdown.splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
