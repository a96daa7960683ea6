"""What separates the columns of a CSV file: spreadsheets write semicolons where a comma stands in a price, or tabs."""

SEPARATORS = ",;\t"


def separator_of(text: str) -> str:
    """The one that stands most often in the first line; a comma where there is none of them."""
    first = text.partition("\n")[0]
    return max(SEPARATORS, key=first.count)
