"""PDF files: their pages as Markdown, then cut up like any other page; each passage links to the page it begins on."""

import msgspec

from bot.knowledge.reading.apart import Extract, read_apart
from bot.knowledge.reading.drafts import Draft, Origin
from bot.knowledge.reading.markdown_files import read_plain


def read_pdf(content: bytes, origin: Origin) -> list[Draft]:
    """Raises KnowledgeFileError."""
    return drafts_of(read_apart("pdf", content), origin)


def drafts_of(extract: Extract, origin: Origin) -> list[Draft]:
    """Raises KnowledgeFileError."""
    if extract.refused:
        raise origin.refusal(0, extract.refused)
    return [_on_page(draft, origin, extract.pages[draft.line - 1]) for draft in read_plain(extract.text, origin)]


def _on_page(draft: Draft, origin: Origin, page: int) -> Draft:
    passage = draft.passage
    if origin.url:
        passage = msgspec.structs.replace(passage, url=f"{origin.url}#page={page}")
    return msgspec.structs.replace(draft, path=f"{draft.path}, page {page}", line=0, passage=passage)
