"""One page of a site, as it was fetched, read into drafts; or the reason why nothing of it is to be published."""

import re
from collections.abc import Sequence
from hashlib import blake2b
from urllib.parse import unquote, urlsplit

import msgspec

from bot.knowledge.reading.apart import read_apart
from bot.knowledge.reading.drafts import Draft, KnowledgeFileError, Origin
from bot.knowledge.reading.html_text import HtmlPage, read_page
from bot.knowledge.reading.markdown_files import read_plain
from bot.knowledge.reading.pdf_files import drafts_of
from bot.knowledge.reading.table_files import KINDS
from bot.knowledge.sites.addresses import clean, same_host
from bot.knowledge.sites.kept import Site
from bot.knowledge.sites.sitemaps import Listed
from bot.knowledge.sites.visiting import Answer
from bot.language import LanguageDetector

HTML = ("text/html", "application/xhtml+xml")
PDF = "application/pdf"
GUESSED_BY = 4000  # characters
BRACES = "{{ '{{' }}"  # only the shop's own files name facts: on a page, {{ means itself


class PageRead(msgspec.Struct, frozen=True):
    drafts: tuple[Draft, ...] = ()
    digest: str = ""  # of what it says
    left_out: str = ""


def read_answer(answer: Answer, listed: Listed, site: Site, languages: Sequence[str]) -> PageRead:
    """May take seconds, for a PDF: not on the event loop. `languages` are those the desk speaks."""
    digest = blake2b(answer.body, digest_size=12).hexdigest()
    try:
        if answer.kind == PDF or answer.body.startswith(b"%PDF-"):
            extract = read_apart("pdf", answer.body)
            language = listed.language or _guessed(extract.text, languages)
            drafts = drafts_of(extract, _origin(site, listed.url, language))
        elif answer.kind in HTML:
            page = read_page(_text(answer), answer.url)
            if reason := _reason_against(page, listed, site):
                return PageRead(digest=digest, left_out=reason)
            digest = blake2b(page.markdown.encode(), digest_size=12).hexdigest()
            language = listed.language or page.language or _guessed(page.markdown, languages)
            drafts = read_plain(page.markdown, _origin(site, listed.url, language))
        else:
            return PageRead(digest=digest, left_out=f"it is {answer.kind or 'nothing known'}, neither HTML nor PDF")
    except KnowledgeFileError as refused:
        return PageRead(digest=digest, left_out=refused.reason)
    foreign = {draft.passage.language for draft in drafts} - set(languages)
    if foreign:
        return PageRead(digest=digest, left_out=f"the desk does not speak {', '.join(sorted(foreign))}")
    return PageRead(tuple(_ours(draft, listed.url, site) for draft in drafts), digest)


def _guessed(text: str, languages: Sequence[str]) -> str:
    """Where nobody says it: of those that the desk speaks."""
    return LanguageDetector(tuple(languages)).detect(text[:GUESSED_BY], "")


def _origin(site: Site, url: str, language: str) -> Origin:
    return Origin(
        path=_name(url),
        language=language.lower().split("-")[0],
        asked_language=site.language,
        asked_kind=KINDS[site.kind] if site.kind else None,
        url=url,
    )


def _name(url: str) -> str:
    """Readable, and like no other page's: part of the ids of its passages."""
    parts = urlsplit(url)
    words = re.sub(r"[\W_]+", "-", re.sub(r"\.\w{2,5}$", "", unquote(parts.path))).strip("-")[:60].lower()
    return f"{words or 'home'}-{blake2b(url.encode(), digest_size=3).hexdigest()}"


def _ours(draft: Draft, url: str, site: Site) -> Draft:
    passage = draft.passage
    bare = msgspec.structs.replace(
        passage,
        title=passage.title.replace("{{", BRACES),
        text=passage.text.replace("{{", BRACES),
        topic=passage.topic,
    )
    return msgspec.structs.replace(draft, path=url, line=0, passage=bare, source=site.address)


def _reason_against(page: HtmlPage, listed: Listed, site: Site) -> str:
    if page.unlisted:
        return "it asks not to be found (noindex)"
    canonical = clean(page.canonical) if page.canonical else ""
    if canonical and canonical != listed.url and same_host(canonical, site.address):
        return f"it is the same as {canonical}"
    return "" if page.markdown else "there is no text in it"


def _text(answer: Answer) -> str:
    """In the encoding that the server names, else the page, else UTF-8. Bytes that have no meaning are marked."""
    said = re.search(rb"<meta[^>]{0,200}?charset=[\"']?([\w-]{2,30})", answer.body[:4096], re.IGNORECASE)
    for name in (answer.charset, said[1].decode() if said else "", "utf-8"):
        try:
            return answer.body.decode(name or "utf-8", "replace").replace("\x00", "")
        except LookupError:
            continue
    return ""
