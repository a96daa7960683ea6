"""Public sets turned into what `shopdesk eval retrieval` reads: passages, questions, known phrasings."""

import json
import random
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from serving.eval.files import Row, SearchSet, grouped, read_rows
from serving.eval.identifiers import identifiers

SHOTS = 10  # known phrasings of an intent, in the few-shot sets
SEEDS = (0, 1, 2)
ORDER = re.compile(r"(?<!\d)\d{12}(?!\d)")


def stackfaq(data: Path) -> list[SearchSet]:
    """Questions and answers of 125 threads; the thread is what has to be found."""
    knowledge: list[Row] = [
        {"id": row["doc"], "group": f"thread {row['thread']}", "question": row["question"], "text": row["answer"]}
        for row in read_rows(data / "shared" / "stackfaq_kb.jsonl")
    ]
    asked: list[Row] = [
        {"query": row["query"], "relevant": [f"thread {row['thread']}"]}
        for row in read_rows(data / "dev" / "stackfaq_queries.jsonl")
    ]
    return [SearchSet("stackfaq", knowledge, asked, [])]


def shoppingbench(data: Path) -> list[SearchSet]:
    """Titles of products, and wishes that mostly speak of more than the title says."""
    knowledge: list[Row] = [
        {"id": row["product_id"], "title": row["title"], "text": row["title"]}
        for row in read_rows(data / "shared" / "shoppingbench_corpus.jsonl")
    ]
    asked: list[Row] = [
        {"query": row["query"], "relevant": row["gold"]}
        for row in read_rows(data / "dev" / "shoppingbench_product.jsonl")
    ]
    return [SearchSet("shoppingbench", knowledge, asked, [])]


def ecombench(data: Path) -> list[SearchSet]:
    """Sections about Chinese appliances. What a customer wants in one conversation is one question.

    Six of the twenty never name the product ("what I just bought"): the desk knows it from the order, so
    `ecombench_known` adds the products of the orders that the customer names, or of all the customer's orders.
    """
    knowledge: list[Row] = [
        {
            "id": f"{row['product_id']} {row['section']}",
            "title": f"{row['product']} {row['section']}",
            "text": f"商品ID：{row['product_id']}\n{row['text']}",
        }
        for row in read_rows(data / "shared" / "ecombench_kb_zh.jsonl")
    ]
    tasks = read_rows(data / "dev" / "ecombench_evidence_zh.jsonl")
    orders = _orders(data / "ecombench_zh" / "orders.json")
    plain = [_wish(task, "\n".join(task["intents"])) for task in tasks]
    known = [_wish(task, _with_products(task, orders)) for task in tasks]
    return [SearchSet("ecombench", knowledge, plain, []), SearchSet("ecombench_known", knowledge, known, [])]


def banking77(data: Path) -> list[SearchSet]:
    """Ten known phrasings an intent, the rest are asked; three draws. An intent has nothing to say but its name."""
    rows = list(grouped(read_rows(data / "dev" / "banking77_train.jsonl"), "intent"))
    knowledge: list[Row] = [{"id": intent, "text": intent.replace("_", " ")} for intent, _ in rows]
    sets = []
    for seed in SEEDS:
        drawn = random.Random(seed)
        train: list[Row] = []
        asked: list[Row] = []
        for intent, found in rows:
            texts = [row["text"] for row in found]
            drawn.shuffle(texts)
            train += [{"query": text, "relevant": [intent]} for text in texts[:SHOTS]]
            asked += [{"query": text, "relevant": [intent]} for text in texts[SHOTS:]]
        drawn.shuffle(asked)  # so that the first thousand are of all intents
        sets.append(SearchSet(f"banking77_{seed}", knowledge, asked, train))
    return sets


def clinc150(data: Path) -> list[SearchSet]:
    """A hundred known phrasings of each of 150 intents; what is out of scope has no answer."""
    rows = read_rows(data / "dev" / "clinc150_trainval.jsonl")
    intents = dict.fromkeys(row["intent"] for row in rows if row["intent"] != "oos")
    knowledge: list[Row] = [{"id": intent, "text": intent.replace("_", " ")} for intent in intents]
    train: list[Row] = [{"query": row["text"], "relevant": [row["intent"]]} for row in rows if row["part"] == "train"]
    asked: list[Row] = [
        {"query": row["text"], "relevant": [] if row["intent"] == "oos" else [row["intent"]]}
        for row in rows
        if row["part"] in ("val", "oos_val")
    ]
    random.Random(0).shuffle(asked)
    return [SearchSet("clinc150", knowledge, asked, train)]


SEARCH_SETS: Mapping[str, Callable[[Path], list[SearchSet]]] = {
    "stackfaq": stackfaq,
    "shoppingbench": shoppingbench,
    "ecombench": ecombench,
    "banking77": banking77,
    "clinc150": clinc150,
    "identifiers": lambda data: [identifiers()],
}


def _wish(task: Mapping[str, object], query: str) -> Row:
    gold = task["gold"]
    assert isinstance(gold, list)
    return {"query": query, "relevant": [f"{one['product_id']} {one['section']}" for one in gold]}


def _with_products(task: Mapping[str, object], orders: Mapping[str, Mapping[str, list[str]]]) -> str:
    intents = task["intents"]
    assert isinstance(intents, list)
    said = "\n".join(intents)
    mine = orders.get(str(task["customer"]), {})
    named = [product for order in ORDER.findall(said) for product in mine.get(order, [])]
    if not named and not any(
        product in said for bought in orders.values() for one in bought.values() for product in one
    ):
        named = [product for bought in mine.values() for product in bought]
    return "\n".join([said, *dict.fromkeys(named)])


def _orders(path: Path) -> dict[str, dict[str, list[str]]]:
    """Of each customer the products of each order."""
    found: dict[str, dict[str, list[str]]] = {}
    for shops in json.loads(path.read_text("utf-8")).values():
        for customers in shops.values():
            for customer, orders in customers.items():
                found[customer] = {
                    number: [bought["商品ID"] for bought in order["订单商品列表"]] for number, order in orders.items()
                }
    return found
