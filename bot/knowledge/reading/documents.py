"""A shop's knowledge files, one or a folder of them, read into passages: all of them, or none and the reason."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

import msgspec
from jinja2 import StrictUndefined, Template, TemplateError, UndefinedError
from jinja2.sandbox import SandboxedEnvironment

from bot.knowledge.passages import Kind, Passage
from bot.knowledge.reading.docx_files import read_docx
from bot.knowledge.reading.drafts import Draft, KnowledgeFileError, Origin, without_html
from bot.knowledge.reading.html_files import read_html
from bot.knowledge.reading.markdown_files import read_markdown
from bot.knowledge.reading.pdf_files import read_pdf
from bot.knowledge.reading.table_files import KINDS, read_csv, read_jsonl

KIND_FOLDERS: dict[str, Kind] = {"faq": "faq", "policies": "policy", "policy": "policy", "products": "product"}
LANGUAGE_FOLDER = re.compile(
    "(ar|cs|da|de|el|en|es|fi|fr|he|hi|hu|id|it|ja|ko|ms|nl|no|pl|pt|ro|ru|sv|th|tr|uk|vi|zh)(-.*)?"
)
FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
FRONT_MATTER_LINE = re.compile(r"(language|kind|url):\s*(\S.*)")
MOST_BYTES = 50 << 20  # of one file
PAGES = (".docx", ".htm", ".html", ".pdf")  # what can be opened at an address of its own
NEVER = "\x00"  # no file that is read holds it: of the template language only {{ name }} is meant

FACTS = SandboxedEnvironment(
    undefined=StrictUndefined,
    autoescape=False,
    block_start_string=f"{NEVER}%",
    block_end_string=f"%{NEVER}",
    comment_start_string=f"{NEVER}#",
    comment_end_string=f"#{NEVER}",
)


def read_knowledge(
    path: Path, facts: Mapping[str, str], language: str = "", kind: str = "", url: str = ""
) -> list[Passage]:
    """The passages of a file or folder, with the facts filled in. Raises KnowledgeFileError."""
    return bind(read_drafts(path, language, kind, url), facts)


def read_drafts(path: Path, language: str = "", kind: str = "", url: str = "") -> list[Draft]:
    """What stands in a file, or in every file in a folder whose name does not start with . or _.

    Language and kind are taken from the arguments, else from the file, else from the names of its folders. `url` is
    where the folder lies on the web: what comes from a PDF, DOCX or HTML file links there, and without it to
    Shopdesk's own page. Raises KnowledgeFileError with the first thing that is wrong in each file.
    """
    if kind and kind not in KINDS:
        raise ValueError(f'the kind "{kind}" is none of {", ".join(KINDS)}')
    drafts: list[Draft] = []
    wrong: list[KnowledgeFileError] = []
    for file in _files(path):
        try:
            drafts += _read(file, _origin(path, file, language, kind, url))
        except KnowledgeFileError as error:
            wrong.append(error)
    if wrong:
        raise KnowledgeFileError(wrong[0].path, wrong[0].line, wrong[0].reason, wrong[1:])
    _refuse_doubles(drafts)
    return drafts


def bind(drafts: Iterable[Draft], facts: Mapping[str, str]) -> list[Passage]:
    """Fill in the facts for {{ name }}. Raises KnowledgeFileError where a text names one that there is not."""
    return [_filled_in(draft, facts) for draft in drafts]


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise KnowledgeFileError(str(path), 0, "there is no such file or folder")
    if path.is_file():
        return [path]
    files = [file for file in sorted(path.rglob("*")) if file.is_file() and not _skipped(file.relative_to(path))]
    if not files:
        raise KnowledgeFileError(str(path), 0, "there is no knowledge file in this folder")
    return files


def _skipped(file: Path) -> bool:
    return any(part.startswith((".", "_")) for part in file.parts)


def _origin(root: Path, file: Path, language: str, kind: str, url: str) -> Origin:
    shown = file.name if root == file else file.relative_to(root).as_posix()
    languages, kinds = _said_by_folders(root, file)
    return Origin(
        path=shown,
        language=languages,
        kind=kinds,
        asked_language=language,
        asked_kind=KINDS[kind] if kind else None,
        url=f"{url.rstrip('/')}/{quote(shown)}" if url and file.suffix.lower() in PAGES else "",
    )


def _said_by_folders(root: Path, file: Path) -> tuple[str, Kind | None]:
    """`<language>/faq`: the nearest folder counts; above the imported one only a direct `<language>/<kind>`."""
    folder = root.resolve() if root.is_dir() else root.resolve().parent
    names = [folder.name, *file.relative_to(root).parts[:-1]]
    if folder.name in KIND_FOLDERS:
        names.insert(0, folder.parent.name)
    kinds = [KIND_FOLDERS[name] for name in names if name in KIND_FOLDERS]
    languages = [found[1] for name in names if (found := LANGUAGE_FOLDER.fullmatch(name.lower()))]
    return languages[-1] if languages else "", kinds[-1] if kinds else None


def _read(file: Path, origin: Origin) -> list[Draft]:
    suffix = file.suffix.lower()
    if suffix not in (*TEXT_READERS, *BINARY_READERS):
        known = ", ".join(sorted((*TEXT_READERS, *BINARY_READERS)))
        raise origin.refusal(0, f"knowledge is read from {known}; to leave this file out let its name start with _")
    if file.stat().st_size > MOST_BYTES:
        raise origin.refusal(0, f"the file is larger than {MOST_BYTES >> 20} MB: split it")
    content = file.read_bytes()
    if suffix in BINARY_READERS:
        return BINARY_READERS[suffix](content, origin)
    drafts = TEXT_READERS[suffix](_text(content, origin), origin)
    if not drafts:
        raise origin.refusal(1, "there is no entry in this file")
    return drafts


def _text(content: bytes, origin: Origin) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        reason = f"this is not UTF-8 (byte 0x{content[wrong.start]:02x}): save the file as UTF-8"
        raise origin.refusal(content.count(b"\n", 0, wrong.start) + 1, reason) from None
    if NEVER in text:
        raise origin.refusal(text[: text.index(NEVER)].count("\n") + 1, "this is not text: there is a zero byte in it")
    if not text.strip():
        raise origin.refusal(1, "the file is empty")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _read_markdown(text: str, origin: Origin) -> list[Draft]:
    found = FRONT_MATTER.match(text)
    if not found:
        return read_markdown(text, origin)
    for line, said in enumerate(found[1].splitlines(), 2):
        origin = _with_front_matter(origin, said.strip(), line) if said.strip() else origin
    return read_markdown(text[found.end() :], origin, first_line=text[: found.end()].count("\n") + 1)


def _with_front_matter(origin: Origin, said: str, line: int) -> Origin:
    found = FRONT_MATTER_LINE.fullmatch(said)
    if not found:
        raise origin.refusal(line, f'"{said}" is not one of `language: …`, `kind: …`, `url: …`')
    name, value = found[1], found[2].strip().strip("\"'")
    if name == "kind" and value not in KINDS:
        raise origin.refusal(line, f'the kind "{value}" is none of {", ".join(KINDS)}')
    return msgspec.structs.replace(origin, **{name: value})


def _refuse_doubles(drafts: list[Draft]) -> None:
    first: dict[str, Draft] = {}
    for draft in drafts:
        other = first.setdefault(draft.passage.id, draft)
        if other is not draft:
            where = f"{other.path}:{other.line}"
            raise KnowledgeFileError(draft.path, draft.line, f"the id {draft.passage.id} is already used in {where}")


def _filled_in(draft: Draft, facts: Mapping[str, str]) -> Passage:
    passage = draft.passage
    texts = [without_html(_render(text, draft, facts)) for text in (passage.title, passage.text, *passage.questions)]
    if not texts[0] or not texts[1]:
        raise KnowledgeFileError(draft.path, draft.line, f"nothing but HTML in {passage.id}")
    return msgspec.structs.replace(passage, title=texts[0], text=texts[1], questions=tuple(filter(None, texts[2:])))


@lru_cache(maxsize=1000)
def _template(text: str) -> Template:
    return FACTS.from_string(text)


def _render(text: str, draft: Draft, facts: Mapping[str, str]) -> str:
    if "{{" not in text:
        return text
    try:
        return _template(text).render(facts)
    except UndefinedError as unknown:
        what_to_do = "write its value into [facts] of shop.toml, or use a name that [rules] gives"
        reason = f"in {draft.passage.id}: {unknown}; {what_to_do}"
        raise KnowledgeFileError(draft.path, draft.line, reason) from None
    except TemplateError as wrong:
        raise KnowledgeFileError(draft.path, draft.line, f"in {draft.passage.id}: {wrong}") from None


BINARY_READERS: dict[str, Callable[[bytes, Origin], list[Draft]]] = {".docx": read_docx, ".pdf": read_pdf}
TEXT_READERS: dict[str, Callable[[str, Origin], list[Draft]]] = {
    ".csv": read_csv,
    ".html": read_html,
    ".htm": read_html,
    ".jsonl": read_jsonl,
    ".markdown": _read_markdown,
    ".md": _read_markdown,
}
