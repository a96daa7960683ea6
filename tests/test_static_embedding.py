"""The static embedding: what phrasings teach, what stays unknown, and that it is the same wherever it is opened."""

import json
import random
import time
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from bot.knowledge.embedding.static import FEATURES, LEAST_ENTRIES, ROWS, StaticEmbedding, features_of

ROOT = Path(__file__).parent.parent
BANKING = ROOT.parent / "shared" / "data" / "dev" / "banking77_train.jsonl"
SHOTS = 10

PHRASINGS = {
    "delivery": (
        "When will my parcel arrive?",
        "how long does shipping take",
        "delivery time",
        "多久能到货",
        "什么时候发货",
    ),
    "returns": ("Can I send it back?", "return an item", "I don't want it any more", "我要退货", "不想要了怎么退"),
    "refund": (
        "Where is my money?",
        "when do I get my refund",
        "you have not paid me back",
        "退款多久到账",
        "钱什么时候退给我",
    ),
    "account": ("How do I sign up?", "create an account", "register as a new customer", "怎么注册账号", "我要开户"),
    "password": ("I forgot my password", "reset my login", "cannot get into my account", "忘记密码了", "登录不了"),
    "engraving": (
        "Can you put a name on it?",
        "engrave a lantern",
        "personal inscription",
        "可以刻字吗",
        "能不能刻名字",
    ),
    "gift": ("Do you wrap presents?", "gift wrapping", "it is for a birthday", "可以包装成礼物吗", "有礼品袋吗"),
    "warranty": ("It broke after a month", "guarantee", "who repairs it", "保修多久", "坏了谁来修"),
    "invoice": ("I need a receipt for my company", "invoice with tax number", "bill", "怎么开发票", "需要增值税发票"),
}
PAIRS = [(phrasing, entry) for entry, some in PHRASINGS.items() for phrasing in some]


@pytest.fixture(scope="module")
def taught() -> StaticEmbedding:
    return StaticEmbedding.train(PAIRS)


def cosine(embedding: StaticEmbedding, one: str, other: str) -> float:
    first, second = embedding.encode([one, other])
    return float(first @ second)


def test_phrasings_of_one_entry_lie_nearer_to_each_other_than_to_any_other(taught: StaticEmbedding) -> None:
    rows = taught.encode([phrasing for phrasing, _ in PAIRS])
    cosines = rows @ rows.T
    np.fill_diagonal(cosines, -1)
    entries = [entry for _, entry in PAIRS]
    assert [entries[at] for at in cosines.argmax(axis=1)] == entries


@pytest.mark.parametrize(("one", "other"), [("delivery time", "什么时候发货"), ("guarantee", "坏了谁来修")])
def test_what_shares_no_word_is_near_once_it_was_taught_and_not_before(
    taught: StaticEmbedding, one: str, other: str
) -> None:
    apart = StaticEmbedding.train([(phrasing, phrasing) for phrasing, _ in PAIRS] + others())
    assert cosine(taught, one, other) > 0.5
    assert cosine(apart, one, other) < 0.3


def others() -> list[tuple[str, str]]:
    words = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta")
    return [(f"{word} {kind}", word) for word in words for kind in "ab"]


@pytest.mark.parametrize(
    ("known", "strange"),
    [("reset my login", "zebra quantum xylophone"), ("可以刻字吗", "斑马 量子 飓风")],
)
def test_each_unknown_word_takes_a_question_further_away(taught: StaticEmbedding, known: str, strange: str) -> None:
    asked = [" ".join([known, *strange.split()[:many]]) for many in range(len(strange.split()) + 1)]
    nearness = [cosine(taught, question, known) for question in asked]
    assert nearness[0] > 0.999
    assert all(later < sooner - 0.03 for sooner, later in pairwise(nearness)), nearness


def test_a_misspelt_phrasing_is_near_the_right_one(taught: StaticEmbedding) -> None:
    rows = taught.encode([phrasing for phrasing, _ in PAIRS])
    best = int((rows @ taught.encode(["engrav a lantren"])[0]).argmax())
    assert PAIRS[best][1] == "engraving"


def test_an_entry_that_came_after_the_training_is_found_by_words_that_were_never_taught(
    taught: StaticEmbedding,
) -> None:
    new = "a zeppelin captain's licence for my account"
    assert cosine(taught, new, "zeppelin licence, account") > 0.5
    assert cosine(taught, new, "account") < cosine(taught, new, "zeppelin licence, account")


def test_rows_have_length_one_or_nothing_at_all(taught: StaticEmbedding) -> None:
    rows = taught.encode(["gift wrapping for a zebra", "保修", "", "?!", "ξένος"])
    assert rows.dtype == np.float32 and rows.shape == (5, taught.dimensions)
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1, 1, 0, 0, 0], abs=1e-5)
    assert taught.encode([]).shape == (0, taught.dimensions)


def test_the_same_phrasings_give_the_same_embedding_and_another_seed_another(
    taught: StaticEmbedding, tmp_path: Path
) -> None:
    same, other = StaticEmbedding.train(PAIRS), StaticEmbedding.train(PAIRS, seed=1)
    question = ["when is my parcel there"]
    assert np.array_equal(same.encode(question), taught.encode(question))
    assert not np.array_equal(other.encode(question), taught.encode(question))
    for name, embedding in (("one", taught), ("two", same)):
        (tmp_path / name).mkdir()
        embedding.save(tmp_path / name)
    assert all(
        (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes() for file in (ROWS, FEATURES)
    )


def test_what_was_saved_encodes_as_before(taught: StaticEmbedding, tmp_path: Path) -> None:
    taught.save(tmp_path)
    questions = [phrasing for phrasing, _ in PAIRS] + ["zebra parcels", "斑马"]
    assert np.array_equal(StaticEmbedding.load(tmp_path).encode(questions), taught.encode(questions))


def test_what_is_damaged_is_not_loaded(taught: StaticEmbedding, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        StaticEmbedding.load(tmp_path)
    taught.save(tmp_path)
    np.save(tmp_path / ROWS, np.zeros((3, 7), np.float16), allow_pickle=False)
    with pytest.raises(ValueError, match="publish the knowledge anew"):
        StaticEmbedding.load(tmp_path)
    (tmp_path / FEATURES).write_bytes(b'{"texts": 1')
    with pytest.raises(ValueError, match="truncated"):
        StaticEmbedding.load(tmp_path)


def test_too_few_entries_with_two_phrasings_teach_nothing(tmp_path: Path) -> None:
    some = list(PHRASINGS)[: LEAST_ENTRIES - 1]
    few = StaticEmbedding.train([pair for pair in PAIRS if pair[1] in some] + [("alone", "a"), ("lonely", "b")])
    assert few.is_empty and not few.encode(["delivery time"]).any()
    few.save(tmp_path)
    assert StaticEmbedding.load(tmp_path).is_empty
    assert not StaticEmbedding.train([pair for pair in PAIRS if pair[1] in list(PHRASINGS)[:LEAST_ENTRIES]]).is_empty
    assert StaticEmbedding.train([]).is_empty


def test_the_same_phrasing_twice_is_no_company() -> None:
    assert StaticEmbedding.train([(entry, entry) for entry in PHRASINGS] * 3).is_empty


def test_texts_make_their_words_less_rare() -> None:
    """A word that stands in every text says little about which entry is meant."""
    texts = [f"the lantern number {number} gives light" for number in range(200)]
    plain, counted = StaticEmbedding.train(PAIRS), StaticEmbedding.train(PAIRS, texts)
    question, entry = "light number zebra", "zebra"
    question, entry = f"{question} password", f"{entry} password"
    assert cosine(counted, question, entry) > cosine(plain, question, entry) + 0.05


def test_the_features_of_chinese_are_words_characters_and_pairs_of_them() -> None:
    assert {"退", "货", "我", "退货", "我退"} <= set(features_of("我退货"))
    assert {"gift", "card", "gift card", "#<gi"} <= set(features_of("gift-card"))
    assert not [feature for feature in features_of("买gift") if feature in ("买 gift", "买gift")]


def test_ten_phrasings_each_of_77_fine_intents_are_learned_in_seconds() -> None:
    if not BANKING.exists():
        pytest.skip("public data not present: shared/data/dev/banking77_train.jsonl")
    known, asked = drawn(BANKING)
    started = time.process_time()
    embedding = StaticEmbedding.train(known)
    trained = time.process_time() - started
    rows = embedding.encode([phrasing for phrasing, _ in known])
    cosines = embedding.encode([phrasing for phrasing, _ in asked]) @ rows.T
    best = cosines.argmax(axis=1)
    assert np.mean([known[at][1] == entry for at, (_, entry) in zip(best, asked, strict=True)]) >= 0.745
    assert trained < 8  # 1 s on an idle core


def drawn(path: Path) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    by_intent: dict[str, list[str]] = defaultdict(list)
    for row in map(json.loads, path.read_text("utf-8").splitlines()):
        by_intent[row["intent"]].append(row["text"])
    chance = random.Random(0)
    known, asked = [], []
    for intent, texts in sorted(by_intent.items()):
        chance.shuffle(texts)
        known += [(text, intent) for text in texts[:SHOTS]]
        asked += [(text, intent) for text in texts[SHOTS:30]]
    return known, asked
