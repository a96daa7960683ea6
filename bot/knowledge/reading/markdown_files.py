"""Markdown files: FAQ entries and policy sections with their marks, or any other page cut up by its headings."""

import re
from collections.abc import Iterator
from urllib.parse import quote

import msgspec
from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.knowledge.passages import Kind, Passage
from bot.knowledge.reading.chunks import pieces
from bot.knowledge.reading.drafts import Draft, Origin, page_url, passage_id

MARK = re.compile(r"\s*\{#([A-Za-z0-9][\w.-]*)\}\s*$")
ANY_MARK = re.compile(r"\{#.*\}\s*$")
ANCHOR = re.compile(r"\s*\{#([^\s{}]+)\}\s*$")  # what our own readers of other formats put behind a heading
QUOTE_SIGN = re.compile(r"^\s{0,3}>\s?(?:[-*]\s+)?")
MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")


class Block(msgspec.Struct, frozen=True):
    """One top-level block of a Markdown file; lines count from 1."""

    type: str  # "heading", "blockquote", "paragraph", "table" and the like
    line: int
    source: str
    level: int = 0  # of a heading
    title: str = ""  # of a heading, without its mark
    mark: str = ""


class Section(msgspec.Struct, frozen=True):
    """A heading and what stands under it up to the next one; the first may have no heading."""

    level: int
    title: str
    mark: str
    line: int
    blocks: list[Block]
    above: tuple[str, ...] = ()  # the titles of the headings it stands under

    def text(self, skip: int = 0) -> str:
        return "\n\n".join(block.source for block in self.blocks[skip:]).strip()


def read_markdown(text: str, origin: Origin, first_line: int = 1) -> list[Draft]:
    """Raises KnowledgeFileError with the line of whatever is wrong."""
    sections = list(_sections(_blocks(text, first_line, origin)))
    marked = [section for section in sections if section.mark and section.level == 2]
    if not marked:
        return _cut_up(sections, origin, first_line)
    kind = origin.kind_of("faq" if any(_phrasings(section) for section in marked) else "policy")
    entries = _faq(sections, origin) if kind == "faq" else _marked_sections(sections, origin, kind)
    return list(entries)


def read_plain(text: str, origin: Origin) -> list[Draft]:
    """Cut up by its headings; {#…} behind one is its anchor on the page that it comes from, whatever it looks like."""
    return _cut_up(list(_sections(_blocks(text, 1, None))), origin, 1)


def anchor_of(title: str) -> str:
    """For a heading that has none of its own, on Shopdesk's own pages."""
    return re.sub(r"[\W_]+", "-", title.lower()).strip("-")


def _blocks(text: str, first_line: int, strict: Origin | None) -> list[Block]:
    lines = text.split("\n")
    blocks, tokens = [], MARKDOWN.parse(text)
    for place, token in enumerate(tokens):
        if token.level or token.map is None:
            continue
        start, end = token.map
        block = Block(token.type.removesuffix("_open"), first_line + start, "\n".join(lines[start:end]).strip("\n"))
        blocks.append(_heading(block, token, tokens[place + 1], strict) if token.type == "heading_open" else block)
    return blocks


def _heading(block: Block, token: Token, inline: Token, strict: Origin | None) -> Block:
    found = (MARK if strict else ANCHOR).search(inline.content)
    if strict and not found and ANY_MARK.search(inline.content):
        raise strict.refusal(block.line, "a mark {#…} may hold letters, digits and dashes only")
    written = inline.content if strict else "".join(child.content for child in inline.children or [])
    title = ((MARK if strict else ANCHOR).sub("", written) if found else written).strip()
    return msgspec.structs.replace(block, level=int(token.tag[1:]), title=title, mark=found[1] if found else "")


def _sections(blocks: list[Block]) -> Iterator[Section]:
    above: list[tuple[int, str]] = []
    section = Section(0, "", "", blocks[0].line if blocks else 1, [])
    for block in blocks:
        if block.type != "heading":
            section.blocks.append(block)
            continue
        yield section
        above = [(level, title) for level, title in above if level < block.level]
        section = Section(block.level, block.title, block.mark, block.line, [], tuple(title for _, title in above))
        above.append((block.level, block.title))
    yield section


def _phrasings(section: Section) -> tuple[str, ...]:
    """The lines of the block quotes that open a section."""
    found: list[str] = []
    for block in section.blocks[: _opening_quotes(section)]:
        found += [QUOTE_SIGN.sub("", line).strip() for line in block.source.splitlines()]
    return tuple(dict.fromkeys(line for line in found if line))


def _opening_quotes(section: Section) -> int:
    for place, block in enumerate(section.blocks):
        if block.type != "blockquote":
            return place
    return len(section.blocks)


def _faq(sections: list[Section], origin: Origin) -> Iterator[Draft]:
    for section in _whole_entries(sections, 2):
        if section.level < 2:
            if section.text():
                raise origin.refusal(
                    section.blocks[0].line, "this text belongs to no entry: put a `## Question` before it"
                )
            continue
        yield _faq_entry(section, origin)


def _faq_entry(section: Section, origin: Origin) -> Draft:
    if not section.mark:
        raise origin.refusal(section.line, f'the entry "{section.title}" has no name: write {{#a-name}} behind it')
    if not section.title:
        raise origin.refusal(section.line, f"the entry {{#{section.mark}}} has no question")
    answer = section.text(skip=_opening_quotes(section))
    if not answer:
        raise origin.refusal(section.line, f'the entry "{section.title}" has no answer')
    language = origin.language_of(section.line)
    passage = Passage(
        id=passage_id("faq", section.mark, language),
        kind="faq",
        language=language,
        title=section.title,
        text=answer,
        url=f"{origin.url}#{section.mark}" if origin.url else page_url("faq", section.mark, language),
        questions=_phrasings(section),
        topic=section.above[0] if section.above else "",
    )
    return Draft(origin.path, section.line, passage)


def _whole_entries(sections: list[Section], level: int) -> Iterator[Section]:
    """Each section together with the deeper ones under it, their headings kept in its text."""
    whole: Section | None = None
    for section in sections:
        if whole is not None and section.level > level and whole.level == level:
            heading = Block("paragraph", section.line, f"{'#' * section.level} {section.title}")
            whole.blocks.extend([heading, *section.blocks])
            continue
        if whole is not None:
            yield whole
        whole = section
    if whole is not None:
        yield whole


def _marked_sections(sections: list[Section], origin: Origin, kind: Kind) -> Iterator[Draft]:
    name = origin.stem
    for section in _whole_entries(sections, 2):
        text = section.text()
        if section.level == 2 and not section.mark:
            raise origin.refusal(
                section.line, f'the section "{section.title}" has no name: write {{#a-name}} behind it'
            )
        if section.level == 2 and not text:
            raise origin.refusal(section.line, f'the section "{section.title}" has no text')
        if text:
            yield _policy_section(section, origin, kind, name, text)


def _policy_section(section: Section, origin: Origin, kind: Kind, name: str, text: str) -> Draft:
    language = origin.language_of(section.line)
    anchor = section.mark if section.level == 2 else ""
    url = origin.url or page_url(kind, name, language)
    passage = Passage(
        id=passage_id(kind, name, language) + (f":{anchor}" if anchor else ""),
        kind=kind,
        language=language,
        title=_title(section, name, language),
        text=text,
        url=f"{url}#{anchor}" if anchor else url,
        topic=section.above[0] if section.above else section.title,
    )
    return Draft(origin.path, section.line, passage)


def _title(section: Section, name: str, language: str) -> str:
    """ "Returns policy: Refunds > By card": the page, and the way to the section by its headings."""
    page, *path = [title for title in (*section.above, section.title) if title] or [name]
    return ("：" if language == "zh" else ": ").join([page, " > ".join(path)] if path else [page])


def _cut_up(sections: list[Section], origin: Origin, first_line: int) -> list[Draft]:
    kind, name = origin.kind_of("policy"), origin.stem
    found = [(section, piece) for section in sections for piece in pieces([block.source for block in section.blocks])]
    if not found:
        raise origin.refusal(first_line, "there is no text under any heading")
    language = origin.language_of(first_line)
    url = origin.url or page_url(kind, name, language)
    drafts = []
    for number, (section, piece) in enumerate(found, 1):
        passage = Passage(
            id=f"{passage_id(kind, name, language)}:{number}",
            kind=kind,
            language=language,
            title=_title(section, name, language),
            text=piece.text,
            url=_place(url, section),
            topic=section.above[0] if section.above else section.title,
        )
        drafts.append(Draft(origin.path, section.blocks[piece.block].line + piece.line, passage))
    return drafts


def _place(url: str, section: Section) -> str:
    """The address of a section. On somebody else's page a heading without an anchor is named by its words, which
    browsers look for (the text fragments of WICG)."""
    if section.mark:
        return f"{url}#{quote(section.mark, safe='~!$&()*+,;=:@/?.')}"
    if section.level < 2 or not section.title:
        return url
    if url.startswith("/"):
        return f"{url}#{quote(anchor_of(section.title))}"
    return f"{url}#:~:text={quote(section.title, safe='')}"
