"""PDF and Word files for tests: a PDF as a browser prints it, one written by hand, a Word document from its parts."""

import io
import shutil
import zipfile
from xml.sax.saxutils import escape

from playwright.async_api import async_playwright

from tests.wants import skip_for_want_of

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
HEADER = "<div style='font-size:8px;margin-left:40px'>Owl &amp; Otter, terms of 2026</div>"
NUMBERS = "Page <span class=pageNumber></span> of <span class=totalPages></span>"
FOOTER = f"<div style='font-size:8px;margin:auto'>{NUMBERS}</div>"
STYLE = """<style>body { font: 11pt 'DejaVu Serif', 'Noto Sans CJK SC', serif } table { border-collapse: collapse }
td, th { border: 1px solid #333; padding: 4px } .columns { columns: 2; column-gap: 30px }</style>"""
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


async def printed(html: str) -> bytes:
    """On A5, with a header and a footer on every page."""
    if not CHROMIUM:
        skip_for_want_of("chromium", "A browser that prints")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, headless=True)
        try:
            page = await browser.new_page()
            await page.set_content(STYLE + html)
            margin = {"top": "60px", "bottom": "60px", "left": "40px", "right": "40px"}
            return await page.pdf(
                format="A5", display_header_footer=True, header_template=HEADER, footer_template=FOOTER, margin=margin
            )
        finally:
            await browser.close()


def written_pdf(pages: list[str], packed: str = "", trailer: str = "") -> bytes:
    """`pages`: what is drawn on each, in the language of PDF. `packed`: how it is, if it is."""
    numbers = range(10, 10 + 2 * len(pages), 2)
    objects = {
        1: "<< /Type /Catalog /Pages 2 0 R >>",
        2: f"<< /Type /Pages /Count {len(pages)} /Kids [{' '.join(f'{n} 0 R' for n in numbers)}] >>",
        3: "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        4: "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold >>",
    }
    for number, drawn in zip(numbers, pages, strict=True):
        objects[number] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {number + 1} 0 R "
            "/Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>"
        )
        objects[number + 1] = f"<< /Length {len(drawn)} {packed} >>\nstream\n{drawn}\nendstream"
    body, places = "%PDF-1.4\n", {}
    for number, content in objects.items():
        places[number] = len(body)
        body += f"{number} 0 obj\n{content}\nendobj\n"
    last = max(objects)
    table = "".join(f"{places[n]:010d} 00000 n \n" if n in places else "0000000000 65535 f \n" for n in range(last + 1))
    start = len(body)
    return (
        f"{body}xref\n0 {last + 1}\n{table}trailer\n<< /Size {last + 1} /Root 1 0 R {trailer} >>\n"
        f"startxref\n{start}\n%%EOF\n"
    ).encode("latin-1")


def drawn(lines: list[tuple[float, float, float, str]], bold: bool = False) -> str:
    """Lines as (from the left, from the bottom, size, text)."""
    font = "F2" if bold else "F1"
    return "\n".join(f"BT /{font} {size} Tf {left} {bottom} Td ({text}) Tj ET" for left, bottom, size, text in lines)


def paragraph(text: str, style: str = "") -> str:
    named = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{named}<w:r><w:t>{escape(text)}</w:t></w:r></w:p>"


def item(text: str) -> str:
    numbered = '<w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr></w:pPr>'
    return f"<w:p>{numbered}<w:r><w:t>{escape(text)}</w:t></w:r></w:p>"


def table(rows: list[list[str]]) -> str:
    cells = ["".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in row) for row in rows]
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in cells)}</w:tbl>"


def word_file(body: str, document: str = "", **parts: str) -> bytes:
    """A Word document of these paragraphs and tables. `parts`: more files in it, by their names."""
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="{name}"><w:name w:val="{called}"/></w:style>'
        for name, called in (("Heading1", "heading 1"), ("Heading2", "heading 2"), ("Title", "Title"))
    )
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml"
    files = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{main}.document.main+xml"/>'
        f'<Override PartName="/word/styles.xml" ContentType="{main}.styles+xml"/>'
        f'<Override PartName="/word/numbering.xml" ContentType="{main}.numbering+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{relations}/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{relations}/styles" Target="styles.xml"/>'
        f'<Relationship Id="r2" Type="{relations}/numbering" Target="numbering.xml"/></Relationships>',
        "word/styles.xml": f'<w:styles xmlns:w="{WORD}">{styles}</w:styles>',
        "word/numbering.xml": f'<w:numbering xmlns:w="{WORD}"><w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0">'
        '<w:numFmt w:val="bullet"/></w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
        "</w:numbering>",
        "word/document.xml": document or f'<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>',
    }  # fmt: skip
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**files, **parts}.items():
            archive.writestr(name, content)
    return packed.getvalue()
