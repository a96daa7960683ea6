"""A table as a file that a spreadsheet opens."""

from starlette.responses import Response

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def spreadsheet(name: str, rows: str) -> Response:
    """`rows` in CSV. With the mark by which spreadsheets see that it is UTF-8."""
    headers = {"content-disposition": f'attachment; filename="{name}.csv"', "cache-control": "no-store"}
    return Response(b"\xef\xbb\xbf" + rows.encode(), headers=headers, media_type="text/csv; charset=utf-8")


def plain(text: str) -> str:
    """Never taken for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
