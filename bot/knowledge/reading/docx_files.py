"""Word documents: turned into HTML by their styles, and read like any other page of HTML."""

from bot.knowledge.reading.apart import read_apart
from bot.knowledge.reading.drafts import Draft, Origin
from bot.knowledge.reading.html_files import read_html


def read_docx(content: bytes, origin: Origin) -> list[Draft]:
    """Raises KnowledgeFileError."""
    extract = read_apart("docx", content)
    if extract.refused:
        raise origin.refusal(0, extract.refused)
    return read_html(extract.text, origin)
