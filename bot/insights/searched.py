"""What a text is found by, and the patterns that find it: beginnings of words where the script has spaces between them,
any part of a text where it has none. Both databases can look for it with LIKE alone."""

import re

from bot.knowledge.tokens import CHINESE, is_chinese, is_identifier, tokens, without_dashes

RUN = re.compile(rf"[{CHINESE}]+")
MOST_WORDS = 8  # of a query; more would only narrow it
ESCAPE = "!"  # a backslash would mean something to one of the databases
SPECIAL = re.compile("[!%_]")


def searched_by(*texts: str) -> str:
    """Stems of words and identifiers with spaces around them, then the Chinese of the texts as it was written."""
    words: dict[str, None] = {}
    runs: list[str] = []
    for text in texts:
        for token in tokens(text):
            if not is_chinese(token):
                words[token] = None
                words[without_dashes(token)] = None
        runs += RUN.findall(text)
    return f" {' '.join(words)} {' '.join(runs)} "


def patterns(query: str) -> list[str]:
    """For LIKE, with ESCAPE; all of them have to match. None where the query has no word."""
    wanted: dict[str, None] = {}
    for token in tokens(query):
        if is_chinese(token):
            wanted[f"%{token}%"] = None
        elif is_identifier(token):
            wanted[f"%{_literal(without_dashes(token))}%"] = None
        else:
            wanted[f"% {_literal(token)}%"] = None
    return [pattern for pattern in wanted if not _is_in_another(pattern, wanted)][:MOST_WORDS]


def _literal(token: str) -> str:
    return SPECIAL.sub(lambda found: ESCAPE + found[0], token)


def _is_in_another(pattern: str, wanted: dict[str, None]) -> bool:
    """The single characters that stand beside the Chinese words that they are of."""
    part = pattern.strip("%")
    return any(part != other.strip("%") and part in other for other in wanted) and is_chinese(part)
