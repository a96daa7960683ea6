"""What models of embeddings want to be told before a text: a question is often to be marked as one."""

import re
from dataclasses import dataclass

TASK = "Given a customer's question to an online shop, retrieve the passage that answers it"


@dataclass(frozen=True, slots=True)
class Family:
    models: str  # a regular expression, found in the model's name in any case
    question: str = ""
    passage: str = ""


# The first that applies; from the models' own pages. A name that none knows is told nothing.
FAMILIES = (
    Family(r"qwen3-(vl-)?embedding", f"Instruct: {TASK}\nQuery:"),
    Family(r"gte-qwen|e5-mistral|e5-.*instruct", f"Instruct: {TASK}\nQuery: "),
    Family(r"\be5-", "query: ", "passage: "),
    Family(r"embedding-?gemma", "task: search result | query: ", "title: none | text: "),
    Family(r"nomic-embed-text", "search_query: ", "search_document: "),
    Family(r"snowflake-arctic-embed-.*v2|arctic-embed-.*v2", "query: "),
    Family(r"bge-.*-zh-v1\.5", "为这个句子生成表示以用于检索相关文章："),
    Family(r"bge-.*-en-v1\.5|mxbai-embed|arctic-embed", "Represent this sentence for searching relevant passages: "),
)
PLAIN = Family("")  # bge-m3, gte-multilingual, all-MiniLM: a question is a text like any other


def family_of(*names: str) -> Family:
    """By any of the names under which a server knows its model."""
    for family in FAMILIES:
        if any(re.search(family.models, name, re.IGNORECASE) for name in names):
            return family
    return PLAIN
