"""PDF and Word files as knowledge: what a person reads in them is what is published, and each piece names its page."""

import re
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.knowledge.passages import Passage
from bot.knowledge.reading import apart
from bot.knowledge.reading.documents import read_knowledge
from bot.knowledge.reading.drafts import KnowledgeFileError
from tests.documents import drawn, item, paragraph, printed, table, word_file, written_pdf

Put = Callable[[str, bytes], Path]
ROWS = "".join(f"<tr><td>Zone {number}</td><td>${number}.90</td></tr>" for number in range(1, 60))
TERMS = f"""<h1>Terms of sale</h1><p>{"We sell lamps and little else. " * 30}</p>
<h2>Returns</h2><p>You may return items within 30 days. The follow-<br>ing holds for self-<br>service returns too, and
also for self-service exchanges.</p><h3>Refunds</h3>
<ul><li>To the card that paid, which is also the one that you used when you placed the order with us, long ago</li>
<li>To a gift card</li></ul><ol><li>Pack it.</li><li>Post it.</li></ol>
<p>Prices are:</p><table><thead><tr><th>Where</th><th>Price</th></tr></thead>{ROWS}</table>
<h2>Warranty</h2><div class=columns><p>{"Left comes first and is read to its end. " * 12}</p>
<p>{"Right comes second and is read after it. " * 12}</p></div>"""
CHINESE = f"""<h1>售后条款</h1><h2>退货</h2><p>{"签收之日起三十天内可以退货，请保留购物小票和见证。" * 12}</p>
<h2>配送</h2><table><tr><th>方式</th><th>价格</th></tr><tr><td>标准</td><td>¥12</td></tr>
<tr><td>加急（页长）</td><td>¥30</td></tr></table><ul><li>见面交付</li><li>门店自提</li></ul>"""


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """Writes one file of an import and returns the folder of it."""

    def put(name: str, content: bytes) -> Path:
        path = tmp_path / "import" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return tmp_path / "import"

    return put


def by_title(passages: list[Passage], title: str) -> str:
    return "\n\n".join(passage.text for passage in passages if passage.title == title)


# --- PDF -------------------------------------------------------------------------------------------------------------


async def test_a_printed_page_is_read_as_a_person_reads_it(put: Put) -> None:
    passages = read_knowledge(put("en/policies/terms.pdf", await printed(TERMS)), {})
    titles = list(dict.fromkeys(passage.title for passage in passages))
    assert titles == [
        "Terms of sale",
        "Terms of sale: Returns",
        "Terms of sale: Returns > Refunds",
        "Terms of sale: Warranty",
    ]
    everything = "\n".join(passage.text for passage in passages)
    assert "terms of 2026" not in everything and not re.search(r"Page \d", everything)
    assert by_title(passages, "Terms of sale: Returns") == (
        "You may return items within 30 days. The following holds for self-service returns too, and also for "
        "self-service exchanges."
    )
    refunds = by_title(passages, "Terms of sale: Returns > Refunds")
    assert refunds.startswith(
        "- To the card that paid, which is also the one that you used when you placed the order with us, long ago\n"
        "- To a gift card\n"
    )
    assert "1. Pack it.\n2. Post it." in refunds
    warranty = by_title(passages, "Terms of sale: Warranty")
    assert warranty.count("Left comes first") == warranty.count("Right comes second") == 12
    assert warranty.rindex("Left comes first") < warranty.index("Right comes second")


async def test_a_table_over_several_pages_is_one_with_its_header_in_every_piece(put: Put) -> None:
    url = "https://shop.example/docs"
    passages = read_knowledge(put("en/policies/terms.pdf", await printed(TERMS)), {}, url=url)
    pieces = [passage for passage in passages if "Zone" in passage.text]
    assert len(pieces) > 1
    assert all("| Where | Price |\n| --- | --- |\n| Zone " in piece.text for piece in pieces)
    rows = re.findall(r"\| Zone (\d+) \| \$(\d+)\.90 \|", "\n".join(piece.text for piece in pieces))
    assert rows == [(str(number), str(number)) for number in range(1, 60)]
    pages = [int(passage.url.removeprefix(f"{url}/en/policies/terms.pdf#page=")) for passage in passages]
    assert pages == sorted(pages) and pages[0] == 1 and len(set(pages)) >= 3


async def test_a_chinese_pdf_is_read_in_the_characters_that_people_type(put: Put) -> None:
    passages = read_knowledge(put("zh/policies/terms.pdf", await printed(CHINESE)), {})
    assert [passage.title for passage in passages] == ["售后条款：退货", "售后条款：配送"]
    returns, shipping = passages
    assert returns.text == "签收之日起三十天内可以退货，请保留购物小票和见证。" * 12
    assert shipping.text == (
        "| 方式 | 价格 |\n| --- | --- |\n| 标准 | ¥12 |\n| 加急（页长） | ¥30 |\n\n- 见面交付\n- 门店自提"
    )
    assert returns.url == "/zh/policies/terms#%E9%80%80%E8%B4%A7"


def test_a_table_without_lines_and_bold_headings_are_known_by_how_they_stand(put: Put) -> None:
    body = "Every order is packed by hand, which takes a day. We then hand it to the carrier."
    page = "\n".join(
        [
            drawn([(50, 780, 11, "Shipping")], bold=True),
            drawn([(50, 750 - 14 * line, 11, body) for line in range(3)]),
            drawn([(50, 680, 11, "Prices")], bold=True),
            drawn([(50, 660, 11, "Way"), (200, 660, 11, "Days"), (300, 660, 11, "Price")]),
            drawn([(50, 645, 11, "Standard"), (200, 645, 11, "3 to 5"), (300, 645, 11, "$5.90")]),
            drawn([(50, 630, 11, "Express"), (200, 630, 11, "1 to 2"), (300, 630, 11, "$14.90")]),
        ]
    )
    shipping, prices = read_knowledge(put("en/policies/a.pdf", written_pdf([page])), {})
    assert (shipping.title, prices.title) == ("Shipping", "Prices")
    assert prices.text == (
        "| Way | Days | Price |\n| --- | --- | --- |\n| Standard | 3 to 5 | $5.90 |\n| Express | 1 to 2 | $14.90 |"
    )


def test_language_and_kind_of_a_pdf_are_those_of_its_folder_or_asked_for(put: Put) -> None:
    folder = put("en/faq/a.pdf", written_pdf([drawn([(50, 700, 11, "We deliver on weekdays.")])]))
    (passage,) = read_knowledge(folder, {})
    assert (passage.id, passage.language, passage.kind, passage.text) == (
        "faq:a:en:1", "en", "faq", "We deliver on weekdays."
    )  # fmt: skip
    (asked,) = read_knowledge(folder, {}, language="zh", kind="policy")
    assert (asked.language, asked.kind) == ("zh", "policy")


PICTURE = "q 100 0 0 100 0 0 cm BI /W 1 /H 1 /CS /G /BPC 8 ID x EI Q"
LOCK = f"/Encrypt << /Filter /Standard /V 1 /R 2 /O ({'o' * 32}) /U ({'u' * 32}) /P -4 >> /ID [<aa> <aa>]"
REFUSED: dict[str, tuple[str, bytes, str]] = {
    "a scan": (
        "a.pdf",
        written_pdf([PICTURE]),
        "there is no text in this PDF, only pictures of it: let a program recognise the text (OCR) and save it again",
    ),
    "an empty page": ("a.pdf", written_pdf([""]), "there is no text in this PDF"),
    "a PDF with a password": (
        "a.pdf",
        written_pdf([drawn([(50, 700, 11, "x")])], trailer=LOCK),
        "this PDF asks for a password: save it without one",
    ),
    "a broken PDF": ("a.pdf", b"%PDF-1.4\nnothing", "this is not a PDF that can be read"),
    "a picture called PDF": ("a.pdf", b"\x89PNG\r\n\x1a\n" + bytes(200), "this is not a PDF that can be read"),
    "a PDF of too many pages": ("a.pdf", written_pdf([""] * 1001), "this PDF has 1001 pages, more than 1000: split it"),
    "a Word file with a password": (
        "a.docx",
        bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600),
        "this file has a password or is of an old Word: save it as .docx without a password",
    ),
    "a broken Word file": ("a.docx", b"PK\x03\x04 and no more", "this is not a Word document that can be read"),
    "something else that is packed": (
        "a.docx",
        word_file("").replace(b"word/document.xml", b"word/dokument.xml"),
        "this is not a Word document: save it as .docx",
    ),
    "a Word file that is far larger unpacked": (
        "a.docx",
        word_file("", **{"word/bomb.xml": " " * (101 << 20)}),
        "unpacked, this file is larger than 100 MB: split it",
    ),
    "a Word file with words of its own": (
        "a.docx",
        word_file("", document='<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><w>&b;</w>'),
        "word/document.xml defines words of its own, which Word never does: save it anew",
    ),
    "a Word file without text": ("a.docx", word_file(""), "there is no text in this page"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_one_sentence_that_says_what_to_do(put: Put, name: str) -> None:
    file, content, sentence = REFUSED[name]
    with pytest.raises(KnowledgeFileError) as refused:
        read_knowledge(put(f"en/policies/{file}", content), {})
    assert refused.value.reason.startswith(sentence) and refused.value.path == f"en/policies/{file}"


def test_a_pdf_that_takes_too_much_time_or_memory_is_given_up(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    small, packing = drawn([(50, 700, 11, "We deliver on weekdays.")]), zlib.compressobj(1)
    bomb = b"".join(packing.compress(b" " * (1 << 20)) for _ in range(500)) + packing.flush()
    monkeypatch.setattr(apart, "MEMORY_BYTES", 500 << 20)
    assert len(read_knowledge(put("en/policies/a.pdf", written_pdf([small])), {})) == 1
    large = written_pdf([bomb.decode("latin-1")], packed="/Filter /FlateDecode")
    with pytest.raises(KnowledgeFileError, match="takes too much time or memory: split it"):
        read_knowledge(put("en/policies/a.pdf", large), {})
    monkeypatch.setattr(apart, "SECONDS", 0.05)
    with pytest.raises(KnowledgeFileError, match="takes too much time or memory: split it"):
        read_knowledge(put("en/policies/a.pdf", written_pdf([small])), {})


# --- Word ------------------------------------------------------------------------------------------------------------


def test_a_word_document_is_read_by_its_styles(put: Put) -> None:
    body = (
        paragraph("Terms", "Title")
        + paragraph("Returns", "Heading2")
        + paragraph("Within {{ return_days }} days & free.")
        + item("unused")
        + item("with labels")
        + table([["Way", "Price"], ["Standard", "$5 | $6"]])
    )
    (passage,) = read_knowledge(put("en/policies/terms.docx", word_file(body)), {"return_days": "30"})
    assert (passage.title, passage.url) == ("Terms: Returns", "/en/policies/terms#returns")
    assert passage.text == (
        "Within 30 days & free.\n\n- unused\n- with labels\n\n| Way | Price |\n| --- | --- |\n| Standard | $5 \\| $6 |"
    )


def test_a_chinese_word_document_is_read(put: Put) -> None:
    body = paragraph("售后", "Heading1") + paragraph("退货", "Heading2") + paragraph("三十天内。")
    (passage,) = read_knowledge(put("zh/policies/a.docx", word_file(body)), {})
    assert (passage.title, passage.text) == ("售后：退货", "三十天内。")
