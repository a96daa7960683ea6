"""Imports point the way the data flows: no cycle, nothing of a platform in the core, adapters see a narrow side."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("bot", "adapters", "serving", "prompts")
ADAPTERS_MAY_SEE = {"bot.messages", "bot.channels", "bot.pages", "bot.desks"}
PLATFORMS = re.compile(r"telegram|discord|starlette|uvicorn|fastapi", re.IGNORECASE)
ONLY_IN = {  # who may import a library: the less, the easier to change
    "langchain_core": {
        "bot.answering.model", "bot.answering.agent", "bot.answering.writing", "bot.answering.tools",
        "bot.answering.reading_tools", "bot.answering.proposing_tools",
    },
    "redis": {
        "bot.redis", "bot.mailbox", "bot.turns", "bot.service", "bot.worker", "bot.telling", "bot.listening",
        "bot.limits", "bot.desk", "bot.knowledge.sharing", "bot.letters.errands", "bot.observing.queue_figures",
        "bot.desk.sign_ins", "bot.opening.signing_secret", "bot.attachments.sweeping", "bot.outbox", "bot.pace",
        "bot.bookmarks", "bot.insights.recording", "bot.insights.approving",
    },
    "obstore": {
        "bot.attachments", "bot.object_stores", "bot.opening.attachments", "bot.knowledge.sharing", "bot.doctor",
    },
    "PIL": {"bot.answering.seeing"},
    "prometheus_client": {"bot.observing.metrics", "bot.observing.figures"},
    "opentelemetry": {"bot.observing.tracing", "bot.observing.otlp", "bot.observing.model_calls"},
    "onnxruntime": {"bot.knowledge.embedding.minilm"},
    "tokenizers": {"bot.knowledge.embedding.minilm"},
    "pdfplumber": {"bot.knowledge.reading.pdf_extract", "bot.knowledge.reading.pdf_lines"},
    "mammoth": {"bot.knowledge.reading.docx_extract"},
    "defusedxml": {"bot.knowledge.sites.sitemaps"},
    "tantivy": {"bot.knowledge.searching.lexical"},
    "faiss": {"bot.knowledge.searching.faiss_rows", "bot.knowledge.searching.stored_rows"},
    "pymilvus": {"bot.knowledge.searching.milvus_versions"},
    "telegram": {"adapters.telegram"},
    "discord": {"adapters.discord"},
    "jinja2": {
        "bot.answering.prompting", "bot.knowledge.reading.documents", "adapters.web.storefront",
        "adapters.web.desk.pages",
    },
}  # fmt: skip


def modules() -> dict[str, Path]:
    found = {}
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """(module, whether the import stands inside a function) for each import of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {
        node
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield name.name, node in inside
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node in inside
            for name in node.names:
                yield f"{node.module}.{name.name}", node in inside


def graph() -> dict[str, set[str]]:
    known = modules()
    return {
        name: {module for module, _ in imports(path) if module in known and module != name}
        for name, path in known.items()
    }


def test_no_import_cycle() -> None:
    edges, done, path = graph(), set[str](), list[str]()

    def visit(name: str) -> None:
        assert name not in path, " -> ".join([*path[path.index(name) :], name])
        if name in done:
            return
        path.append(name)
        for needed in sorted(edges[name]):
            visit(needed)
        path.pop()
        done.add(name)

    for name in sorted(edges):
        visit(name)


def test_the_core_imports_no_adapter_and_nothing_of_serving() -> None:
    for name, needed in graph().items():
        if name.split(".")[0] == "bot":
            assert not {one for one in needed if one.split(".")[0] in ("adapters", "serving")}, name


def test_adapters_see_the_narrow_side_of_the_core() -> None:
    for name, needed in graph().items():
        if name.split(".")[0] == "adapters":
            seen = {one for one in needed if one.startswith("bot.")}
            assert seen <= ADAPTERS_MAY_SEE, f"{name} imports {sorted(seen - ADAPTERS_MAY_SEE)}"


def test_no_platform_and_no_web_framework_is_named_in_the_core() -> None:
    for path in sorted((ROOT / "bot").rglob("*")):
        if path.is_file() and path.suffix in (".py", ".lua", ".toml"):
            found = PLATFORMS.search(path.read_text(encoding="utf-8"))
            assert not found, f"{path.relative_to(ROOT)} names {found and found.group()}"


def test_our_own_modules_are_imported_at_the_top() -> None:
    for name, path in modules().items():
        hidden = [module for module, inside in imports(path) if inside and module.split(".")[0] in PACKAGES]
        assert not hidden, f"{name} imports {hidden} inside a function"


def test_each_library_is_touched_in_few_places() -> None:
    for name, path in modules().items():
        for module, _ in imports(path):
            allowed = ONLY_IN.get(module.split(".")[0])
            inside = allowed is None or name in allowed or name.rpartition(".")[0] in allowed
            assert inside or name.startswith("serving"), f"{name} imports {module}"


def test_only_the_command_and_the_composition_root_read_the_environment() -> None:
    for name, path in modules().items():
        if name.split(".")[0] in ("bot", "adapters") and name not in ("bot.cli", "bot.assembly"):
            assert "os.environ" not in path.read_text(encoding="utf-8"), name
