"""A shop's knowledge files: what each format becomes, and how a wrong file is refused with its place."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bot.knowledge.passages import Passage
from bot.knowledge.reading.chunks import LONGEST, chunks
from bot.knowledge.reading.documents import read_knowledge
from bot.knowledge.reading.drafts import KnowledgeFileError

FACTS = {"standard_delivery_days": "3 to 5", "refund_days": "5", "refund_time": "within 5 days"}
Write = Callable[..., Path]

SHIPPING = """# Shipping

## How long does delivery take? {#delivery-time}

> How many days until my parcel arrives?
> delivery time

Standard delivery takes {{ standard_delivery_days }} working days.

| Way | Days |
|---|---|
| Standard | {{ standard_delivery_days }} |

## What does it cost? {#shipping-cost}

Nothing <b>at all</b>.
"""

RETURNS = """# Returns policy

Kept short.

## Refunds {#refunds}

Within {{ refund_days }} days.

### By card

To the same card.
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes the files of one import and returns their folder."""

    def write(**files: str | bytes) -> Path:
        for name, content in files.items():
            path = tmp_path / "import" / name.replace("__", "/").replace("_DOT_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return tmp_path / "import"

    return write


def only(passages: list[Passage]) -> Passage:
    assert len(passages) == 1, [passage.id for passage in passages]
    return passages[0]


# --- what is read --------------------------------------------------------------------------------------------------


def test_an_faq_file_is_one_passage_per_entry(write: Write) -> None:
    delivery, cost = read_knowledge(write(en__faq__shipping_DOT_md=SHIPPING), FACTS)
    assert delivery == Passage(
        id="faq:delivery-time:en",
        kind="faq",
        language="en",
        title="How long does delivery take?",
        text="Standard delivery takes 3 to 5 working days.\n\n| Way | Days |\n|---|---|\n| Standard | 3 to 5 |",
        url="/en/help/delivery-time",
        questions=("How many days until my parcel arrives?", "delivery time"),
        topic="Shipping",
    )
    assert (cost.id, cost.text, cost.questions) == ("faq:shipping-cost:en", "Nothing at all.", ())


def test_a_policy_file_is_one_passage_per_section_with_its_sub_headings_kept(write: Write) -> None:
    introduction, refunds = read_knowledge(write(en__policies__returns_DOT_md=RETURNS), FACTS)
    assert (introduction.id, introduction.url) == ("policy:returns:en", "/en/policies/returns")
    assert (refunds.id, refunds.url) == ("policy:returns:en:refunds", "/en/policies/returns#refunds")
    assert refunds.title == "Returns policy: Refunds"
    assert refunds.text == "Within 5 days.\n\n### By card\n\nTo the same card."


def test_a_chinese_policy_is_titled_in_the_chinese_way(write: Write) -> None:
    folder = write(zh__policies__returns_DOT_md="# 退货政策\n\n## 期限 {#period}\n\n30 天。\n")
    assert only(read_knowledge(folder, FACTS)).title == "退货政策：期限"


def test_a_plain_page_is_cut_up_by_its_headings(write: Write) -> None:
    folder = write(en__policies__about_DOT_md="# About us\n\nOwls.\n\n## Our people\n\nOtters.\n")
    owls, otters = read_knowledge(folder, FACTS)
    assert (owls.id, owls.title, owls.text) == ("policy:about:en:1", "About us", "Owls.")
    assert (otters.id, otters.title) == ("policy:about:en:2", "About us: Our people")
    assert (owls.url, otters.url) == ("/en/policies/about", "/en/policies/about#our-people")


def test_a_long_page_is_cut_at_its_paragraphs_and_a_long_table_repeats_its_head() -> None:
    paragraph, head, row = "word " * 80, "| a | b |\n|---|---|", "| 1 | 2 |"
    assert [len(piece) <= LONGEST for piece in chunks([paragraph] * 5)] == [True, True, True]
    tables = chunks(["\n".join([head, *[row] * 200])])
    assert len(tables) > 1 and all(table.startswith(head) and len(table) <= LONGEST for table in tables)
    assert sum(table.count(row) for table in tables) == 200
    sentences = chunks(["A sentence that ends here. " * 80])
    assert len(sentences) > 1 and all(len(piece) <= LONGEST for piece in sentences)
    assert all(len(piece) <= LONGEST for piece in chunks(["这是一句不长的话。" * 200]))


def test_a_row_an_item_and_a_lead_in_are_not_torn_apart() -> None:
    items = [f"- item {number}: {'word ' * 20}\n  goes on" for number in range(20)]
    assert all(piece.startswith("- item") and piece.endswith("goes on") for piece in chunks(["\n".join(items)]))
    rows = "\n".join(["| a | b |", "|---|---|", *(f"| {number} | {'cell ' * 10}|" for number in range(40))])
    first, second, *_ = chunks(["word " * 170, "The prices are:", rows])
    assert first.endswith("word") and second.startswith("The prices are:\n\n| a | b |\n|---|---|\n| 0 |")
    long_item = chunks(["- " + "A sentence that ends here. " * 60])
    assert all(len(piece) <= LONGEST and piece.endswith("here.") for piece in long_item)


def test_no_scrap_is_left_at_the_end() -> None:
    paragraphs = ["word " * 80, "word " * 80, "word " * 10, "The end."]
    assert [len(piece) > 150 for piece in chunks(["x " * 430, *paragraphs])] == [True, True]


@given(some.lists(some.text(alphabet="ab 。.\n|-#>1`", max_size=400), max_size=8))
def test_cutting_loses_nothing_and_keeps_to_the_length(blocks: list[str]) -> None:
    """Of what is no table: there only headers are said again."""
    blocks = [block.replace("|", "") for block in blocks]
    found = chunks(blocks)
    fences = re.compile(r"[\s`]")
    assert fences.sub("", "".join(found)) == fences.sub("", "".join(blocks))
    assert all(0 < len(piece) <= LONGEST for piece in found)


def test_a_piece_is_titled_by_the_way_to_it_and_links_to_its_heading(write: Write) -> None:
    page = "# Terms\n\n## Returns\n\nA.\n\n### By post {#post}\n\nB.\n"
    passages = read_knowledge(write(en__policies__terms_DOT_md=page), FACTS)
    assert [(one.title, one.url) for one in passages] == [
        ("Terms: Returns", "/en/policies/terms#returns"),
        ("Terms: Returns > By post", "/en/policies/terms#post"),
    ]
    elsewhere = "---\nurl: https://shop.example/terms\n---\n" + page
    passages = read_knowledge(write(en__policies__terms_DOT_md=elsewhere), FACTS)
    assert [one.url for one in passages] == [
        "https://shop.example/terms#:~:text=Returns",
        "https://shop.example/terms#post",
    ]


def test_a_page_of_html_links_to_where_it_lies_on_the_web(write: Write) -> None:
    page = """<html lang="en"><title>Care</title><main><section id="wool"><h2>Wool <a href="#wool">#</a></h2><p>Cold.
    </p></section><h2>Felt</h2><ol><li>Brush<ul><li>gently</li></ul></li><li>Air</li></ol></main></html>"""
    wool, felt = read_knowledge(write(help__care_DOT_html=page), FACTS, url="https://shop.example/")
    assert (wool.title, wool.url) == ("Care: Wool", "https://shop.example/help/care.html#wool")
    assert felt.url == "https://shop.example/help/care.html#:~:text=Felt"
    assert felt.text == "1. Brush\n   - gently\n2. Air"


def test_an_html_page_becomes_markdown_without_its_navigation_and_scripts(write: Write) -> None:
    page = """<html lang="en"><head><title>Care</title><style>p {}</style></head><body><nav>Home</nav>
    <h2 id="wool">Wool</h2><p>Wash <b>cold</b>, see <a href="/x">here</a> or <a href="javascript:alert(1)">there</a>.
    <script>alert(1)</script> &lt;img src=x onerror=alert(1)&gt;</p><ul><li>one</li><li>two</li></ul>
    <table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table></body></html>"""
    passage = only(read_knowledge(write(care_DOT_html=page), FACTS))
    assert (passage.language, passage.kind, passage.title) == ("en", "policy", "Care: Wool")
    assert passage.url == "/en/policies/care#wool"
    assert "Wash **cold**, see [here](/x) or there." in passage.text
    assert "- one\n- two" in passage.text and "| a | b |\n| --- | --- |\n| 1 | 2 |" in passage.text
    assert "<" not in passage.text and "alert" not in passage.text and "Home" not in passage.text


def test_a_csv_file_is_one_passage_per_row(write: Write) -> None:
    text = (
        "id,kind,language,topic,question,answer,url,phrasings\r\n"
        'delivery,faq,en,Shipping,"How long, then?","{{ refund_days }} days\nat most",,how long|when\r\n'
        "lamp,product,zh,,灯,一盏灯。,https://shop.example/lamp,\r\n"
    )
    delivery, lamp = read_knowledge(write(all_DOT_csv=b"\xef\xbb\xbf" + text.encode()), FACTS)
    assert (delivery.id, delivery.url, delivery.topic) == ("faq:delivery:en", "/en/help/delivery", "Shipping")
    assert (delivery.title, delivery.text) == ("How long, then?", "5 days\nat most")
    assert delivery.questions == ("how long", "when")
    assert (lamp.id, lamp.kind, lamp.url) == ("product:lamp:zh", "product", "https://shop.example/lamp")


def test_a_csv_file_with_semicolons_is_read_as_one_with_commas(write: Write) -> None:
    folder = write(en__faq__a_DOT_csv="id;question;answer\r\nlong;How long?;Two days, at most.\r\n")
    assert only(read_knowledge(folder, FACTS)).text == "Two days, at most."


def test_a_jsonl_file_is_one_passage_per_line(write: Write) -> None:
    line = '{"id": "a", "language": "en", "title": "A?", "text": "A\u2028b.", "questions": ["x"], "topic": "T"}\n\n'
    passage = only(read_knowledge(write(all_DOT_jsonl=line), FACTS))
    assert (passage.id, passage.kind, passage.text) == ("faq:a:en", "faq", "A\u2028b.")
    assert (passage.questions, passage.topic, passage.url) == (("x",), "T", "/en/help/a")


def test_front_matter_wins_over_the_folder_and_what_was_asked_for_wins_over_both(write: Write) -> None:
    page = "---\nlanguage: zh\nkind: policy\nurl: https://shop.example/care\n---\n# Care\n\nCold.\n"
    folder = write(en__faq__care_DOT_md=page)
    passage = only(read_knowledge(folder, FACTS))
    assert (passage.language, passage.kind, passage.url) == ("zh", "policy", "https://shop.example/care")
    asked = only(read_knowledge(folder, FACTS, language="en", kind="faq"))
    assert (asked.language, asked.kind) == ("en", "faq")


def test_one_file_of_a_language_folder_knows_its_language_and_kind(write: Write) -> None:
    folder = write(zh__faq__a_DOT_md="# 配送\n\n## 多久到？ {#time}\n\n三天。\n")
    assert only(read_knowledge(folder / "zh" / "faq" / "a.md", FACTS)).id == "faq:time:zh"
    assert only(read_knowledge(folder / "zh", FACTS)).id == "faq:time:zh"


def test_files_and_folders_whose_name_starts_with_a_dot_or_an_underscore_are_left_out(write: Write) -> None:
    folder = write(en__faq__a_DOT_md=SHIPPING, _draft_DOT_md="broken", _old__b_DOT_md="", _DOT_hidden="x")
    assert len(read_knowledge(folder, FACTS)) == 2


def test_a_quotation_further_down_belongs_to_the_answer(write: Write) -> None:
    text = "## Q? {#q}\n\n> asked\n\nAs the law says:\n\n> No rule.\n"
    passage = only(read_knowledge(write(en__faq__a_DOT_md=text), FACTS))
    assert passage.questions == ("asked",) and passage.text == "As the law says:\n\n> No rule."


def test_signs_of_a_template_language_other_than_a_fact_are_plain_text(write: Write) -> None:
    text = "## Q? {#q}\n\nType {% raw %} or {# this #}.\n"
    assert only(read_knowledge(write(en__faq__a_DOT_md=text), FACTS)).text == "Type {% raw %} or {# this #}."


@pytest.mark.parametrize("sly", ["<<b>script>alert(1)</script>", "<!-- x --><img src=x onerror=alert(1)>", "<IFRAME/>"])
def test_no_html_passes_through_markdown(write: Write, sly: str) -> None:
    passage = only(read_knowledge(write(en__faq__a_DOT_md=f"## Q? {{#q}}\n\nBefore {sly} after.\n"), FACTS))
    assert passage.text.startswith("Before") and passage.text.endswith("after.")
    assert "<" not in passage.text


def test_the_examples_of_the_documentation_are_read_as_they_stand(write: Write) -> None:
    page = (Path(__file__).parent.parent / "docs" / "knowledge-files.md").read_text("utf-8")
    faq, policy = re.findall(r"```markdown\n(.*?)```", page, re.DOTALL)
    csv, jsonl = re.findall(r"```\n((?:id,|\{\").*?)```", page, re.DOTALL)
    folder = write(en__faq__a_DOT_md=faq, en__policies__returns_DOT_md=policy, _b_DOT_csv=csv, _c_DOT_jsonl=jsonl)
    assert [each.id for each in read_knowledge(folder, FACTS)] == ["faq:delivery-time:en", "policy:returns:en:refunds"]
    for name in ("_b.csv", "_c.jsonl"):
        assert only(read_knowledge(folder / name, FACTS)).id == "faq:delivery-time:en"


# --- what is refused -----------------------------------------------------------------------------------------------

ENTRY = "## Q? {#q}\n\nA.\n"
COLUMNS = "the columns are id, kind, language, topic, question, answer, url, phrasings"
REFUSED: dict[str, tuple[dict[str, str | bytes], str]] = {
    "an entry without an answer": (
        {"en__faq__a_DOT_md": "# T\n\n## Q? {#q}\n\nA.\n\n## How long? {#long}\n\n> asked\n"},
        'en/faq/a.md:7: the entry "How long?" has no answer',
    ),
    "an entry without a name": (
        {"en__faq__a_DOT_md": f"{ENTRY}\n## More?\n\nB.\n"},
        'en/faq/a.md:5: the entry "More?" has no name: write {#a-name} behind it',
    ),
    "a mark that cannot be part of an address": (
        {"en__faq__a_DOT_md": "## Q? {#a name}\n\nA.\n"},
        "en/faq/a.md:1: a mark {#…} may hold letters, digits and dashes only",
    ),
    "text that belongs to no entry": (
        {"en__faq__a_DOT_md": f"# T\n\nStray.\n\n{ENTRY}"},
        "en/faq/a.md:3: this text belongs to no entry: put a `## Question` before it",
    ),
    "a policy section without text": (
        {"en__policies__a_DOT_md": "# T\n\n## One {#one}\n\nA.\n\n## Two {#two}\n"},
        'en/policies/a.md:7: the section "Two" has no text',
    ),
    "a fact that the shop does not have": (
        {"en__faq__a_DOT_md": "# T\n\n## Q? {#q}\n\n{{ return_days }} days.\n"},
        "en/faq/a.md:3: in faq:q:en: 'return_days' is undefined; "
        "write its value into [facts] of shop.toml, or use a name that [rules] gives",
    ),
    "braces that are not closed": (
        {"en__faq__a_DOT_md": "## Q? {#q}\n\n{{ refund_days days.\n"},
        "en/faq/a.md:1: in faq:q:en: ",
    ),
    "a file in no language": (
        {"a_DOT_md": ENTRY},
        "a.md:1: no language: put the file into a folder named en or zh, or write `language: en` at its top",
    ),
    "front matter that means nothing": (
        {"en__a_DOT_md": f"---\nlanguage: en\nauthor: me\n---\n{ENTRY}"},
        'en/a.md:3: "author: me" is not one of `language: …`, `kind: …`, `url: …`',
    ),
    "a line number behind front matter": (
        {"a_DOT_md": "---\nlanguage: en\nkind: faq\n---\n# T\n\n## Q? {#q}\n"},
        'a.md:7: the entry "Q?" has no answer',
    ),
    "an empty file": ({"en__faq__a_DOT_md": " \n"}, "en/faq/a.md:1: the file is empty"),
    "a page of headings alone": ({"en__a_DOT_md": "# T\n"}, "en/a.md:1: there is no text under any heading"),
    "an HTML page without text": (
        {"en__a_DOT_html": "<html><body><script>x</script></body></html>"},
        "en/a.html:1: there is no text in this page",
    ),
    "another encoding": (
        {"zh__faq__a_DOT_md": b"## Q {#q}\n\n" + "退货".encode("gb18030")},
        "zh/faq/a.md:3: this is not UTF-8 (byte 0xcd): save the file as UTF-8",
    ),
    "a file that is not text": (
        {"en__faq__a_DOT_md": b"## Q? {#q}\n\n\x00\n"},
        "en/faq/a.md:3: this is not text: there is a zero byte in it",
    ),
    "a format that is not read": (
        {"en__faq__a_DOT_md": ENTRY, "en__faq__b_DOT_doc": b"x"},
        "en/faq/b.doc: knowledge is read from .csv, .docx, .htm, .html, .jsonl, .markdown, .md, .pdf; "
        "to leave this file out let its name start with _",
    ),
    "one id in two files": (
        {"en__faq__a_DOT_md": f"# T\n\n{ENTRY}", "en__faq__b_DOT_md": ENTRY},
        "en/faq/b.md:1: the id faq:q:en is already used in en/faq/a.md:3",
    ),
    "an unknown CSV column": (
        {"en__a_DOT_csv": "id,question,answer,colour\n1,2,3,4\n"},
        f"en/a.csv:1: unknown column colour; {COLUMNS}",
    ),
    "a missing CSV column": (
        {"en__a_DOT_csv": "id,question\na,b\n"},
        f"en/a.csv:1: missing column answer; {COLUMNS}",
    ),
    "a CSV row that is too short, behind one of two lines": (
        {"en__a_DOT_csv": 'id,question,answer\na,"two\nlines",c\nb,q\n'},
        "en/a.csv:4: 2 cells where the header has 3",
    ),
    "a CSV quotation that never ends": (
        {"en__a_DOT_csv": 'id,question,answer\na,b,"c\n'},
        "en/a.csv:2: this is not CSV: unexpected end of data",
    ),
    "a CSV row of an unknown kind": (
        {"en__a_DOT_csv": "id,kind,question,answer\na,news,b,c\n"},
        'en/a.csv:2: the kind "news" is none of faq, policy, product',
    ),
    "a CSV row without an answer": (
        {"en__a_DOT_csv": "id,question,answer\na,b, \n"},
        'en/a.csv:2: the entry "b" has no answer',
    ),
    "a JSON line that is broken": (
        {"en__a_DOT_jsonl": '{"id": "a", "title": "b", "text": "c"}\n{"id": \n'},
        "en/a.jsonl:2: this line is not JSON: ",
    ),
    "a JSON line without a title": (
        {"en__a_DOT_jsonl": '\n{"id": "a", "text": "c"}\n'},
        "en/a.jsonl:2: Object missing required field `title`",
    ),
    "a JSON line with a field we do not know": (
        {"en__a_DOT_jsonl": '{"id": "a", "title": "b", "text": "c", "answer": "d"}\n'},
        "en/a.jsonl:1: Object contains unknown field `answer`",
    ),
    "an id that cannot be part of an address": (
        {"en__a_DOT_jsonl": '{"id": "a b", "title": "b", "text": "c"}\n'},
        'en/a.jsonl:1: the id "a b" must be letters, digits and dashes',
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_file_line_and_reason(write: Write, name: str) -> None:
    files, sentence = REFUSED[name]
    with pytest.raises(KnowledgeFileError) as refused:
        read_knowledge(write(**files), FACTS)
    said = str(refused.value)
    assert said.startswith(sentence) if sentence.endswith(": ") else said == sentence


def test_what_is_wrong_in_several_files_is_told_at_once(write: Write) -> None:
    folder = write(en__faq__a_DOT_md="## Q? {#q}\n", en__faq__b_DOT_md=ENTRY, en__faq__c_DOT_csv="id,question\n")
    with pytest.raises(KnowledgeFileError) as refused:
        read_knowledge(folder, FACTS)
    assert str(refused.value).splitlines() == [
        'en/faq/a.md:1: the entry "Q?" has no answer',
        f"en/faq/c.csv:1: missing column answer; {COLUMNS}",
    ]


def test_a_folder_without_knowledge_and_a_path_that_is_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeFileError, match="there is no knowledge file in this folder"):
        read_knowledge(tmp_path, FACTS)
    with pytest.raises(KnowledgeFileError, match="there is no such file or folder"):
        read_knowledge(tmp_path / "nowhere", FACTS)
