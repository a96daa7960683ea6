"""The text of a PDF from standard input, as JSON to standard output: what apart.py starts."""

import io
import logging
import sys

import msgspec
import pdfplumber
from pdfminer.pdfdocument import PDFPasswordIncorrect, PDFTextExtractionNotAllowed
from pdfplumber.pdf import PDF
from pdfplumber.utils.exceptions import PdfminerException

from bot.knowledge.reading.apart import TOO_MUCH, Extract
from bot.knowledge.reading.pdf_lines import lines_and_tables
from bot.knowledge.reading.pdf_text import Sheet, markdown_of

MOST_PAGES = 1000
LOCKED = "this PDF asks for a password: save it without one"
SCANNED = "there is no text in this PDF, only pictures of it: let a program recognise the text (OCR) and save it again"
NO_LETTERS = "the fonts in this PDF do not say which letters they draw: save it anew from the program that made it"
EMPTY = "there is no text in this PDF"


def extract(content: bytes) -> Extract:
    """Never raises for what is wrong with the file."""
    try:
        with pdfplumber.open(io.BytesIO(content)) as pdf:
            if len(pdf.pages) > MOST_PAGES:
                return Extract(refused=f"this PDF has {len(pdf.pages)} pages, more than {MOST_PAGES}: split it")
            return _read(pdf)
    except Exception as broken:  # the parser raises whatever it stumbles over
        reason = _inner(broken)
        if isinstance(reason, MemoryError):
            return Extract(refused=TOO_MUCH)
        if isinstance(reason, PDFPasswordIncorrect | PDFTextExtractionNotAllowed):
            return Extract(refused=LOCKED)
        return Extract(refused=f"this is not a PDF that can be read ({type(reason).__name__}): save it anew")


def _read(pdf: PDF) -> Extract:
    sheets, pictures, unknown, letters = [], 0, 0, 0
    for page in pdf.pages:
        pictures += len(page.images)
        unknown += sum(char["text"].startswith("(cid:") for char in page.chars)
        letters += len(page.chars)
        sheets.append(Sheet(page.page_number, float(page.height), lines_and_tables(page)))
        page.close()  # what it holds in memory
    if unknown > letters / 5:
        return Extract(refused=NO_LETTERS)
    paged = markdown_of(sheets)
    if not paged.markdown.strip():
        return Extract(refused=SCANNED if pictures else EMPTY)
    return Extract(text=paged.markdown, pages=paged.pages)


def _inner(broken: Exception) -> BaseException:
    wrapped = isinstance(broken, PdfminerException) and broken.args and isinstance(broken.args[0], BaseException)
    return broken.args[0] if wrapped else broken


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    sys.setrecursionlimit(3000)
    sys.stdout.buffer.write(msgspec.json.encode(extract(sys.stdin.buffer.read())))
