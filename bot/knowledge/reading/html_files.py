"""HTML files: the text of the page as Markdown, then cut up like any other Markdown page."""

import msgspec

from bot.knowledge.reading.drafts import Draft, Origin
from bot.knowledge.reading.html_text import read_page
from bot.knowledge.reading.markdown_files import read_plain


def read_html(text: str, origin: Origin) -> list[Draft]:
    """Raises KnowledgeFileError. HTML has no lines worth naming, so a refusal names the first."""
    page = read_page(text)
    if not page.markdown:
        raise origin.refusal(1, "there is no text in this page")
    origin = msgspec.structs.replace(origin, language=page.language or origin.language)
    return [msgspec.structs.replace(draft, line=0) for draft in read_plain(page.markdown, origin)]
