"""Measuring retrieval and ranking: figures as computed by hand, what is refused, and a run as anybody runs it."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.evaluation.asking import Answer, Answers, Hit
from bot.evaluation.entries import entries_of, language_of
from bot.evaluation.measures import auroc, average_precision, false_positive_rate, ndcg, percentile, reciprocal_rank
from bot.evaluation.ranking import Ranked
from bot.evaluation.ranking import figures as rank_figures
from bot.evaluation.reading import (
    EvaluationFileError,
    KnowledgeRow,
    QuestionRow,
    read_knowledge_rows,
    read_question_rows,
    read_rank_rows,
)  # fmt: skip
from bot.evaluation.retrieval import RetrievalFigures, figures
from bot.knowledge.searching.candidates import CandidateRanking, readable
from serving.eval.bars import Row, judged
from serving.eval.baselines import AsLangChain, Okapi
from serving.eval.identifiers import identifiers

ROOT = Path(__file__).parent.parent
PUBLIC = ROOT.parent / "shared" / "data"
SHOPDESK = Path(sys.executable).parent / "shopdesk"
RETRIEVAL_KEYS = {
    "hit@1", "mrr@10", "recall@10", "ndcg@10", "auroc", "fpr95", "accepted", "p50_ms", "p95_ms", "cpu_ms",
}  # fmt: skip
TOPICS = {
    "delivery": ("How long does delivery take?", "Three to five working days.", "when will my parcel come"),
    "returns": ("Can I send something back?", "Within thirty days, unused.", "i do not want it any more"),
    "invoice": ("Where is my invoice?", "It is in the mail that confirms the order.", "need a bill for the tax office"),
    "engraving": ("Can you engrave a lantern?", "Yes, up to twelve letters.", "put a name on it"),
}


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def run(*arguments: str | Path, embedder: str = "none") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SHOPDESK, "eval", *arguments, "--embedder", embedder], capture_output=True, text=True, timeout=300
    )


# --- measures ------------------------------------------------------------------------------------------------------


def test_the_reciprocal_rank_is_of_the_first_right_one_and_ends_at_ten() -> None:
    assert reciprocal_rank([False, False, True, True]) == pytest.approx(1 / 3)
    assert reciprocal_rank([False] * 10 + [True]) == 0.0


def test_ndcg_discounts_by_the_logarithm_of_the_place() -> None:
    # gains at places 1 and 3: 1 + 1/2; the best order would have 1 + 1/log2(3)
    assert ndcg([True, False, True], of=2) == pytest.approx(1.5 / (1 + 0.6309297535714575))
    assert ndcg([False], of=1) == 0.0


def test_the_average_precision_is_taken_at_every_right_one() -> None:
    assert average_precision([True, False, True]) == pytest.approx((1 / 1 + 2 / 3) / 2)
    assert average_precision([False, False]) == 0.0


def test_auroc_counts_pairs_in_order_and_ties_by_half() -> None:
    # of the six pairs four are in order and one is tied: (4 + 0.5) / 6
    assert auroc([0.9, 0.5, 0.2], [0.5, 0.1]) == pytest.approx(4.5 / 6)
    assert auroc([0.9], []) is None


def test_the_false_positive_rate_is_taken_where_95_percent_are_kept() -> None:
    answerable = [number / 20 for number in range(1, 21)]  # 95 % of twenty are nineteen: kept from 0.10 on
    assert false_positive_rate(answerable, [0.05, 0.10, 0.09, 0.50]) == pytest.approx(0.5)
    assert false_positive_rate([], [0.5]) is None


def test_a_percentile_is_one_of_the_numbers() -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], 0.5) == 2.0
    assert percentile([4.0, 1.0, 3.0, 2.0], 0.95) == 4.0


# --- figures -------------------------------------------------------------------------------------------------------

ROWS = [
    KnowledgeRow("a1", "one", group="a"), KnowledgeRow("a2", "two", group="a"),
    KnowledgeRow("b1", "three", group="b"), KnowledgeRow("c1", "four"),
]  # fmt: skip


def figured(*asked: tuple[list[str | int], Sequence[tuple[str, float]]]) -> RetrievalFigures:
    answers = tuple(Answer(tuple(Hit(*hit) for hit in hits), 2.0, 1.0, bool(hits)) for _, hits in asked)
    questions = [QuestionRow("?", relevant) for relevant, _ in asked]
    return figures(entries_of(ROWS), questions, Answers(answers, None), 0.0, "none")


def test_a_group_counts_once_at_the_place_of_its_best_passage() -> None:
    found = figured((["b"], [("a1", 0.9), ("a2", 0.8), ("b1", 0.7)]))
    assert (found.hit_1, found.mrr_10, found.recall_10) == (0.0, 0.5, 1.0)


def test_passages_count_each_where_passages_are_asked_for() -> None:
    found = figured((["b1"], [("a1", 0.9), ("a2", 0.8), ("b1", 0.7)]))
    assert found.mrr_10 == pytest.approx(1 / 3, abs=1e-4)


def test_recall_is_the_share_of_what_is_right() -> None:
    assert figured((["a", "c1"], [("a2", 0.9), ("b1", 0.8)])).recall_10 == 0.5


def test_questions_without_an_answer_only_count_for_abstention() -> None:
    found = figured((["a"], [("a1", 0.9)]), ([], [("b1", 0.4)]), ([], []))
    assert (found.answerable, found.unanswerable, found.hit_1, found.auroc) == (1, 2, 1.0, 1.0)
    assert found.accepted == 1.0


def test_without_unanswerable_questions_abstention_is_left_open() -> None:
    found = figured((["a"], [("a1", 0.9)]))
    assert found.auroc is None
    assert found.fpr95 is None


def test_a_label_that_no_passage_has_is_a_miss_and_is_told() -> None:
    found = figured((["nowhere"], [("a1", 0.9)]), (["a"], [("a1", 0.9)]))
    assert found.hit_1 == 0.5
    assert found.notes == ["1 questions name only ids or groups that no passage has: they count as missed"]


def test_rank_figures_leave_out_questions_that_no_candidate_answers() -> None:
    found = rank_figures([Ranked((False, True), 2.0), Ranked((True, False), 3.0), Ranked((False, False), 1.0)], "none")
    assert (found.questions, found.without_answer) == (2, 1)
    assert (found.map, found.mrr_5, found.p_1, found.auroc) == (0.75, 0.75, 0.5, 1.0)


# --- what files may say --------------------------------------------------------------------------------------------


def test_known_phrasings_become_questions_of_the_entry_or_of_the_first_of_its_group() -> None:
    known = [QuestionRow("x", ["a"]), QuestionRow("y", ["a2"]), QuestionRow("z", ["nowhere"])]
    entries = entries_of(ROWS, known)
    assert {one.id: one.questions for one in entries.passages} == {"a1": ("x",), "a2": ("y",), "b1": (), "c1": ()}
    assert entries.unknown == 1


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("什么时候发货", "zh"),
        ("iPhone 15 Pro Max 有货吗", "zh"),
        ("what does 保修 mean here", "en"),
        ("hello", "en"),
        ("", "en"),
    ],
)
def test_the_language_follows_the_script(text: str, language: str) -> None:
    assert language_of(text) == language


def test_labels_may_be_numbers(tmp_path: Path) -> None:
    path = write(tmp_path / "k.jsonl", {"id": 7, "group": 3, "text": "seven"})
    assert entries_of(read_knowledge_rows(path)).labels == {"7": frozenset({"7", "3"})}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{broken", "k.jsonl:2: "),
        ('{"text": "no id"}', "k.jsonl:2: Object missing required field `id`"),
        ('{"id": "a", "text": "again"}', 'k.jsonl:2: the id "a" stands in line 1 already'),
        ('{"id": "b", "text": " "}', "k.jsonl:2: title, question and text are all empty"),
    ],
)
def test_a_wrong_line_of_knowledge_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "k.jsonl"
    path.write_text('{"id": "a", "text": "first"}\n' + line + "\n")
    with pytest.raises(EvaluationFileError, match=r"k\.jsonl:2") as refused:
        read_knowledge_rows(path)
    assert said in str(refused.value)


def test_questions_without_text_candidates_or_labels_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EvaluationFileError, match=r"q\.jsonl:1: the query is empty"):
        read_question_rows(write(tmp_path / "q.jsonl", {"query": " ", "relevant": []}))
    with pytest.raises(EvaluationFileError, match=r"r\.jsonl:1: there are no candidates"):
        read_rank_rows(write(tmp_path / "r.jsonl", {"query": "x", "candidates": []}))
    with pytest.raises(EvaluationFileError, match=r'r\.jsonl:1: the label "good" is no number'):
        read_rank_rows(write(tmp_path / "r.jsonl", {"query": "x", "candidates": [{"text": "y", "label": "good"}]}))
    with pytest.raises(EvaluationFileError, match="has no rows"):
        read_question_rows(write(tmp_path / "e.jsonl"))


# --- as anybody runs it --------------------------------------------------------------------------------------------


@pytest.fixture
def knowledge(tmp_path: Path) -> Path:
    rows = [{"id": name, "question": asked, "text": text} for name, (asked, text, _) in TOPICS.items()]
    return write(tmp_path / "k.jsonl", *rows, {"id": "zh", "group": "delivery-zh", "text": "一般三到五个工作日送达。"})


def test_a_run_prints_one_json_object_with_all_the_figures(tmp_path: Path, knowledge: Path) -> None:
    questions = write(
        tmp_path / "q.jsonl",
        {"query": "how long will delivery take", "relevant": ["delivery"]},
        {"query": "where can I find the invoice", "relevant": ["invoice"]},
        {"query": "几个工作日能送达", "relevant": ["delivery-zh"]},
        {"query": "do penguins have knees", "relevant": []},
    )
    train = write(tmp_path / "t.jsonl", *({"query": one[2], "relevant": [name]} for name, one in TOPICS.items()))
    done = run("retrieval", "--knowledge", knowledge, "--questions", questions, "--train", train, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found.keys() >= RETRIEVAL_KEYS
    assert (found["passages"], found["answerable"], found["unanswerable"]) == (5, 3, 1)
    assert found["hit@1"] == found["mrr@10"] == found["recall@10"] == found["ndcg@10"] == 1.0
    assert 0 <= found["auroc"] <= 1
    assert 0 <= found["fpr95"] <= 1
    assert 0 < found["p50_ms"] <= found["p95_ms"]


def test_known_phrasings_are_searched(tmp_path: Path, knowledge: Path) -> None:
    questions = write(tmp_path / "q.jsonl", {"query": "grandmother monogram", "relevant": ["engraving"]})
    train = write(tmp_path / "t.jsonl", {"query": "a monogram for my grandmother", "relevant": ["engraving"]})
    files = ("retrieval", "--knowledge", knowledge, "--questions", questions, "--json")
    assert json.loads(run(*files).stdout)["hit@1"] == 0.0
    assert json.loads(run(*files, "--train", train).stdout)["hit@1"] == 1.0


def test_a_run_without_json_prints_a_table(tmp_path: Path, knowledge: Path) -> None:
    questions = write(tmp_path / "q.jsonl", *[{"query": "how long does delivery take", "relevant": ["delivery"]}] * 3)
    done = run("retrieval", "--knowledge", knowledge, "--questions", questions, "--limit", "2")
    lines = {line.split()[0]: line.split()[1] for line in done.stdout.splitlines()}
    assert (lines["questions"], lines["hit@1"], lines["auroc"]) == ("2", "1.000", "-")


def test_a_run_says_in_one_sentence_which_line_is_wrong(tmp_path: Path, knowledge: Path) -> None:
    questions = write(tmp_path / "q.jsonl", {"query": "x"})
    done = run("retrieval", "--knowledge", knowledge, "--questions", questions)
    assert done.returncode == 1
    assert "q.jsonl:1: Object missing required field `relevant`" in done.stderr
    assert "Traceback" not in done.stderr


def test_candidates_are_ranked_and_measured(tmp_path: Path) -> None:
    candidates = [
        {"text": "brand: north", "label": 0},
        {"text": "it is 12 inches long", "label": 2},
        {"text": "arrived quickly", "label": "0"},
    ]
    questions = write(
        tmp_path / "r.jsonl",
        {"query": "how long is this?", "candidates": candidates},
        {"query": "is it loud?", "candidates": [{"text": "brand: north", "label": 0}]},
    )
    done = run("rank", "--questions", questions, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["questions"], found["without_answer"]) == (1, 1)
    assert (found["map"], found["mrr@5"], found["p@1"]) == (1.0, 1.0, 1.0)


# --- ranking candidates --------------------------------------------------------------------------------------------


async def test_the_property_that_is_asked_for_is_preferred_though_it_shares_no_word() -> None:
    texts = ["we love it", "makes a great gift", "12 inches from end to end", "made of oak"]
    scores = await CandidateRanking(texts).scores("how tall is the lamp?", texts)
    assert scores.index(max(scores)) == 2


async def test_a_chinese_property_is_found() -> None:
    texts = ["物流很快", "面料：纯棉", "颜色很正"]
    scores = await CandidateRanking(texts).scores("这件衣服是什么材质的？", texts)
    assert scores.index(max(scores)) == 1


def test_a_data_field_is_read_as_a_person_would_say_it() -> None:
    assert readable('age_range:  { value:"3+ months" }') == "age range: 3+ months"
    assert readable("Note: it works well.") == "Note: it works well."


@pytest.mark.skipif(not PUBLIC.is_dir(), reason="the public sets are not here")
def test_product_questions_are_answered_by_the_right_candidate_more_often_than_the_floor(tmp_path: Path) -> None:
    rows: dict[str, dict[str, object]] = {}
    for line in (PUBLIC / "dev" / "epqa.jsonl").read_text("utf-8").splitlines():
        one = json.loads(line)
        row = rows.setdefault(one["qid"], {"query": one["question"], "candidates": []})
        candidates = row["candidates"]
        assert isinstance(candidates, list)
        candidates.append({"text": one["candidate"], "label": one["label"]})
    found = json.loads(run("rank", "--questions", write(tmp_path / "r.jsonl", *rows.values()), "--json").stdout)
    assert found["p@1"] >= 0.75
    assert found["map"] >= 0.79


# --- rivals and bars -----------------------------------------------------------------------------------------------


def test_bm25_alone_scores_as_computed_by_hand() -> None:
    scores = Okapi(["red lamp", "blue lamp lamp", "chair here"])("red")
    # one of three has it: ln(1 + 2.5 / 1.5); once in 2 words where the mean is 7/3: 2.2 / (1 + 1.2 * (.25 + .75 * 6/7))
    assert scores.tolist() == pytest.approx([0.9808292530117262 * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 6 / 7)), 0, 0])


def test_langchains_way_cuts_at_white_space_only() -> None:
    known = AsLangChain(["Lamp, red", "blue lamp", "a chair", "a table"])
    assert known("lamp").tolist()[0] == 0
    assert known("lamp").tolist()[1] > 0


def test_the_made_up_article_numbers_are_the_same_every_time_and_each_has_its_product() -> None:
    found = identifiers()
    assert found == identifiers()
    ids = {row["id"] for row in found.knowledge}
    assert len(ids) == 5_000
    assert len(found.questions) == 300
    for row in found.questions:
        relevant = row["relevant"]
        assert isinstance(relevant, list)
        assert set(relevant) <= ids


def test_a_bar_is_met_or_missed_and_the_whole_may_not_fall_below_its_parts() -> None:
    rows = [
        Row("stackfaq", "desk, minilm", {"hit@1": 0.80, "mrr@10": 0.85, "accepted": 0.95}),
        Row("stackfaq", "dense alone", {"hit@1": 0.82}),
        Row("stackfaq", "BM25 alone", {"hit@1": 0.70}),
    ]
    assert judged(rows) == [
        "met     stackfaq, minilm: hit@1 0.800 >= 0.78",
        "MISSED  stackfaq, minilm: mrr@10 0.850 >= 0.86",
        "met     stackfaq, desk, minilm: accepted 0.950 from 0.92 to 0.98",
        "MISSED  stackfaq, desk, minilm: hit@1 0.800, dense alone 0.820",
    ]


def test_the_comparison_skips_what_is_absent_and_says_so(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "serving.eval", "--sets", "stackfaq epqa", "--data", tmp_path],
        capture_output=True, text=True, cwd=ROOT, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "stackfaq: skipped" in done.stdout
    assert "epqa: skipped" in done.stdout
