"""The shop's own pages, the page inside the widget's frame, and the visitors whom the demo lets one play."""

import re
from itertools import pairwise
from pathlib import Path

import jinja2
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from adapters.web.languages import best_language, read_words
from adapters.web.requests import read_form
from adapters.web.settings import WebSettings
from adapters.web.tokens import Identities
from bot.channels import Handles
from bot.pages import Page, Visitor

HERE = Path(__file__).parent
ANCHOR = re.compile(r"\s*\{#([^\s{}]+)\}$")
VISITOR_COOKIE = "shopdesk_visitor"


class Storefront:
    def __init__(self, settings: WebSettings, handles: Handles, identities: Identities) -> None:
        self._settings, self._pages, self._identities = settings, handles.pages, identities
        self._languages = handles.languages
        self._words = {language: read_words(HERE / "words", language) for language in handles.languages}
        self._markdown = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
        self._markdown.core.ruler.push("anchors", _anchors)
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/", self.front_door),
            Route("/widget.js", self.script),
            Route("/widget", self.widget),
            Route("/demo/visitor", self.play, methods=["POST"]),
            Route("/{language}", self.with_slash),
            Route("/{language}/", self.home),
            Route("/{language}/help", self.help),
            Route("/{language}/{kind:str}/{id:str}", self.page),
        ]

    async def front_door(self, request: Request) -> Response:
        language = best_language(request.headers.get("accept-language", ""), self._languages)
        return RedirectResponse(f"/{language}/", 302, {"vary": "Accept-Language"})

    async def with_slash(self, request: Request) -> Response:
        return RedirectResponse(f"/{self._language(request)}/", 308)

    async def script(self, request: Request) -> Response:
        headers = {"cross-origin-resource-policy": "cross-origin"}
        return FileResponse(HERE / "static" / "widget.js", headers=headers, media_type="text/javascript")

    async def widget(self, request: Request) -> Response:
        """The inside of the frame; its script finds the rest."""
        language = best_language(request.query_params.get("locale", ""), self._languages)
        page = self._templates.get_template("widget.html").render(
            language=language,
            languages=self._languages,
            shop=self._shop_name(language),
            origins=self._settings.origins,
        )
        return HTMLResponse(page)

    async def home(self, request: Request) -> Response:
        language = self._language(request)
        groups: dict[str, list[Page]] = {}
        for product in await self._pages.listing(language, "product"):
            groups.setdefault(product.group, []).append(product)
        policies = await self._pages.listing(language, "policy")
        return self._render(request, "home.html", language, "", groups=groups, policies=policies)

    async def help(self, request: Request) -> Response:
        language = self._language(request)
        topics: dict[str, list[Page]] = {}
        for entry in await self._pages.listing(language, "faq"):
            topics.setdefault(entry.group, []).append(entry)
        policies = await self._pages.listing(language, "policy")
        return self._render(request, "help.html", language, "help", topics=topics, policies=policies)

    async def page(self, request: Request) -> Response:
        language = self._language(request)
        kind, name = request.path_params["kind"], request.path_params["id"]
        found = (
            await self._pages.page(f"/{language}/{kind}/{name}") if kind in ("products", "help", "policies") else None
        )
        if found is None:
            raise HTTPException(404)
        template = "product.html" if kind == "products" else "article.html"
        body = Markup(self._markdown.render(found.markdown))
        return self._render(request, template, language, f"{kind}/{name}", page=found, body=body)

    async def play(self, request: Request) -> Response:
        """The demo's visitor chooses whom to be; the cookie holds an id, and the page then signs it."""
        form = await read_form(request)
        wanted, back = form.get("visitor", ""), form.get("back", "/")
        if wanted and wanted not in {visitor.id for visitor in self._pages.demo_visitors}:
            raise HTTPException(404)
        answer = RedirectResponse(back if back.startswith("/") and not back.startswith(("//", "/\\")) else "/", 303)
        answer.set_cookie(VISITOR_COOKIE, wanted, httponly=True, samesite="lax")
        return answer

    async def problem(self, request: Request, problem: HTTPException) -> Response:
        language = request.path_params.get("language", "") or request.url.path.split("/")[1]
        if language not in self._languages:
            language = best_language(request.headers.get("accept-language", ""), self._languages)
        return self._render(request, "problem.html", language, "", status=problem.status_code)

    def _language(self, request: Request) -> str:
        language = str(request.path_params["language"])
        if language not in self._languages:
            raise HTTPException(404)
        return language

    def _shop_name(self, language: str) -> str:
        names = self._pages.shop_name
        return names.get(language) or next(iter(names.values()), "")

    def _render(
        self, request: Request, template: str, language: str, place: str, status: int = 200, **values: object
    ) -> Response:
        visitor = self._visitor(request)
        page = self._templates.get_template(template).render(
            language=language,
            languages=self._languages,
            words=self._words[language],
            names={code: words["language"] for code, words in self._words.items()},
            place=place,
            shop=self._shop_name(language),
            visitors=self._pages.demo_visitors,
            visitor=visitor,
            identity=self._identities.mint(visitor.id) if visitor else "",
            status=status,
            **values,
        )
        return HTMLResponse(page, status, {"cache-control": "no-store"})

    def _visitor(self, request: Request) -> Visitor | None:
        chosen = request.cookies.get(VISITOR_COOKIE, "")
        return next((visitor for visitor in self._pages.demo_visitors if visitor.id == chosen), None)


def _anchors(page: StateCore) -> None:
    """`## Refunds {#refunds}` is what a source links to."""
    for heading, words in pairwise(page.tokens):
        if heading.type == "heading_open" and (found := ANCHOR.search(words.content)) and words.children:
            heading.attrSet("id", found[1])
            words.children[-1].content = ANCHOR.sub("", words.children[-1].content)
