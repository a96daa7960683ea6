"""HTML files: the text of the page as Markdown, then cut up like any other Markdown page."""

import re

import msgspec
from selectolax.lexbor import LexborHTMLParser, LexborNode

from bot.knowledge.drafts import Draft, Origin
from bot.knowledge.markdown_files import read_plain

NOT_CONTENT = ["script", "style", "noscript", "template", "nav", "header", "footer", "aside", "form", "iframe", "svg"]
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
}
STRONG = {"strong": "**", "b": "**", "em": "*", "i": "*"}
SPACES = re.compile(r"\s+")
MARKDOWN_SIGNS = re.compile(r"([\\`*_\[\]])")
LINKED = ("https://", "http://", "/", "mailto:", "tel:")


def read_html(text: str, origin: Origin) -> list[Draft]:
    """Raises KnowledgeFileError. HTML has no lines worth naming, so a refusal names the first."""
    page = LexborHTMLParser(text)
    said = page.css_first("html")
    language = ((said.attributes.get("lang") or "") if said else "").lower().split("-")[0]
    page.strip_tags(NOT_CONTENT, recursive=True)
    body = page.css_first("main") or page.css_first("article") or page.body
    markdown = _tidy(_children(body)) if body else ""
    if not markdown:
        raise origin.refusal(1, "there is no text in this page")
    title = page.css_first("title")
    if title and not re.search(r"^# ", markdown, re.MULTILINE):
        markdown = f"# {_flat(title.text())}\n\n{markdown}"
    return read_plain(markdown, msgspec.structs.replace(origin, language=language or origin.language))


def _children(node: LexborNode) -> str:
    return "".join(_markdown(child) for child in node.iter(include_text=True))


def _markdown(node: LexborNode) -> str:
    tag = node.tag or ""
    if tag == "-text":
        return MARKDOWN_SIGNS.sub(r"\\\1", SPACES.sub(" ", node.text() or ""))
    if tag in HEADINGS:
        mark = f" {{#{node.id}}}" if node.id and re.fullmatch(r"[A-Za-z0-9][\w.-]*", node.id) else ""
        return f"\n\n{'#' * HEADINGS[tag]} {_flat(_children(node))}{mark}\n\n"
    if tag == "table":
        return f"\n\n{_table(node)}\n\n"
    if tag == "li":
        return f"\n- {_flat(_children(node))}"
    if tag == "br":
        return "\n"
    if tag == "a":
        return _link(node)
    if tag in STRONG and (inner := _flat(_children(node))):
        return f"{STRONG[tag]}{inner}{STRONG[tag]}"
    return f"\n\n{_children(node)}\n\n" if tag in BLOCKS else _children(node)


def _link(node: LexborNode) -> str:
    label, target = _flat(_children(node)), (node.attributes.get("href") or "").strip()
    return f"[{label}]({target})" if label and target.lower().startswith(LINKED) else label


def _table(table: LexborNode) -> str:
    rows = [[_flat(_children(cell)).replace("|", "\\|") for cell in row.css("th, td")] for row in table.css("tr")]
    rows = [row for row in rows if row]
    if not rows:
        return ""
    width = max(len(row) for row in rows)
    lines = ["| " + " | ".join(row + [""] * (width - len(row))) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * width, *lines[1:]])


def _flat(text: str) -> str:
    return SPACES.sub(" ", text).strip()


def _tidy(markdown: str) -> str:
    lines = [line.strip() for line in markdown.splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
