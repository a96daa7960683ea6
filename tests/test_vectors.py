"""The vectors of an index: what is nearest is found, at every size, and what was removed is not."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bot.knowledge.searching.faiss_rows import EXACT, FLAT
from bot.knowledge.searching.vectors import VectorRows

Rows = NDArray[np.float32]


def unit_rows(count: int, dimensions: int = 128, seed: int = 0) -> Rows:
    """In many clouds, and with a few directions that matter most, as texts of one shop lie."""
    dice = np.random.default_rng(seed)
    spread = 1 / np.sqrt(np.arange(1, dimensions + 1))
    centres = np.random.default_rng(99).standard_normal((3000, dimensions)) * spread
    rows = centres[dice.integers(0, 3000, count)] + 0.7 * dice.standard_normal((count, dimensions)) * spread
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def right_answers(rows: Rows, question: Rows, at_most: int) -> list[int]:
    return [int(row) for row in np.argsort(-(rows @ question), kind="stable")[:at_most]]


def recall(vectors: VectorRows, rows: Rows, questions: Rows) -> float:
    shared = 0
    for question in questions:
        found = [place for place, _ in vectors.nearest(question, 10)]
        shared += len(set(found) & set(right_answers(rows, question, 10)))
    return shared / (10 * len(questions))


SIZES = {"exact": 3_000, "8 bits": EXACT + 5_000, "cells": FLAT + 5_000}


@pytest.fixture(scope="module", params=SIZES)
def many(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[VectorRows, Rows]:
    """Of each size, as it is opened from its folder."""
    rows = unit_rows(SIZES[request.param])
    folder = tmp_path_factory.mktemp("vectors") / "meant"
    VectorRows.build(rows, range(len(rows))).save(folder)
    return VectorRows.open(folder), rows


def test_the_ten_nearest_are_found_at_every_size(many: tuple[VectorRows, Rows]) -> None:
    vectors, rows = many
    assert recall(vectors, rows, unit_rows(60, seed=5)) >= 0.95


def test_cosines_are_those_of_the_rows_and_fall(many: tuple[VectorRows, Rows]) -> None:
    vectors, rows = many
    question = unit_rows(1, seed=6)[0]
    found = vectors.nearest(question, 20)
    cosines = [cosine for _, cosine in found]
    assert cosines == sorted(cosines, reverse=True)
    assert np.allclose(cosines, [rows[place] @ question for place, _ in found], atol=0.01)


def test_a_place_that_is_not_allowed_is_not_found_and_the_rare_allowed_ones_are(many: tuple[VectorRows, Rows]) -> None:
    vectors, rows = many
    question = unit_rows(1, seed=7)[0]
    allowed = np.zeros(len(rows), np.bool_)
    allowed[::151] = True
    hidden = [place for place in right_answers(rows, question, len(rows)) if allowed[place]][:10]
    found = [place for place, _ in vectors.nearest(question, 10, vectors.allowing(allowed))]
    assert all(allowed[place] for place in found)
    assert len(set(found) & set(hidden)) >= 9
    assert [place for place, _ in vectors.nearest(question, 10, allowed)] == found, "a bare mask says the same"


def test_every_row_can_be_read_again(many: tuple[VectorRows, Rows]) -> None:
    vectors, rows = many
    places = [len(rows) - 1, 0, 17, 17]
    for place, of_place in zip(places, vectors.rows_of(places), strict=True):
        assert of_place.shape == (1, rows.shape[1])
        assert np.allclose(of_place[0], rows[place], atol=0.01)


def test_a_change_is_found_at_once_and_what_it_replaced_never_again(
    many: tuple[VectorRows, Rows], tmp_path: Path
) -> None:
    vectors, rows = many
    question = unit_rows(1, seed=8)[0]
    removed = right_answers(rows, question, 40)
    again, new = removed[0], len(rows) + 3
    changed = vectors.with_changes(removed, np.stack([-question, question]), [again, new])
    changed.save(tmp_path / "changed")
    for each in (changed, VectorRows.open(tmp_path / "changed")):
        found = [place for place, _ in each.nearest(question, 10)]
        assert found[0] == new
        assert len(found) == 10 and not set(found) & set(removed)
        assert np.allclose(each.rows_of([again])[0], -question[None], atol=0.001)
        assert len(each.rows_of([removed[1]])[0]) == 0
    assert vectors.nearest(question, 1)[0][0] == again, "the version before is as it was"


def test_the_large_file_is_not_written_again_for_a_change(many: tuple[VectorRows, Rows], tmp_path: Path) -> None:
    vectors, rows = many
    first, second = tmp_path / "first", tmp_path / "second"
    vectors.save(first)
    VectorRows.open(first).with_changes([1], rows[:1], [1]).save(second)
    assert (first / "built" / "index.faiss").stat().st_ino == (second / "built" / "index.faiss").stat().st_ino


def test_changes_follow_upon_changes() -> None:
    rows = unit_rows(50)
    vectors = VectorRows.build(rows[:40], range(40))
    for place in range(40, 50):
        vectors = vectors.with_changes([place - 40, place - 1], rows[place][None], [place])
    alive = [place for place in range(50) if len(vectors.rows_of([place])[0])]
    assert alive == [*range(10, 39), 49]
    for place in alive:
        assert vectors.nearest(rows[place], 1)[0][0] == place


def test_a_passage_with_many_rows_is_found_once_by_its_nearest() -> None:
    rows = unit_rows(400)
    places = [row // 40 for row in range(400)]
    vectors = VectorRows.build(rows, places)
    question = unit_rows(1, seed=3)[0]
    best = {place: max(rows[40 * place : 40 * place + 40] @ question) for place in range(10)}
    found = vectors.nearest(question, 10)
    assert [place for place, _ in found] == [p for p in sorted(best, key=lambda p: -best[p]) if best[p] > 0]
    assert np.allclose([cosine for _, cosine in found], [best[place] for place, _ in found], atol=0.001)


def test_rows_come_back_in_the_order_in_which_they_were_given() -> None:
    rows = unit_rows(30)
    places = [row % 3 for row in range(30)]
    read = VectorRows.build(rows, places).rows_of([2, 7, 0])
    assert np.allclose(read[0], rows[2::3], atol=0.001)
    assert read[1].shape == (0, rows.shape[1])
    assert np.allclose(read[2], rows[0::3], atol=0.001)


def test_a_row_of_zeros_is_kept_and_never_found(tmp_path: Path) -> None:
    rows = unit_rows(20)
    rows[[0, 7]] = 0
    VectorRows.build(rows, [row // 2 for row in range(20)]).save(tmp_path / "rows")
    vectors = VectorRows.open(tmp_path / "rows")
    first = vectors.rows_of([0])[0]
    assert not first[0].any() and np.allclose(first[1], rows[1], atol=0.001)
    assert not VectorRows.build(np.zeros((3, 8), np.float32), range(3)).nearest(np.ones(8, np.float32), 3)
    assert not vectors.nearest(np.zeros(128, np.float32), 3), "and a question of zeros finds nothing"


def test_no_rows_at_all_are_an_index_too(tmp_path: Path) -> None:
    VectorRows.build(np.zeros((0, 16), np.float32), []).save(tmp_path / "none")
    vectors = VectorRows.open(tmp_path / "none")
    assert vectors.nearest(np.ones(16, np.float32), 5) == []
    assert [rows.shape for rows in vectors.rows_of([4])] == [(0, 16)]
    assert vectors.rows_of([]) == []
    assert vectors.with_changes([], np.eye(16, dtype=np.float32)[:1], [4]).nearest(np.eye(16, dtype=np.float32)[0], 5)


def test_rows_mapped_from_a_file_of_float16_are_taken(tmp_path: Path) -> None:
    rows = unit_rows(500)
    np.save(tmp_path / "rows.npy", rows.astype(np.float16))
    vectors = VectorRows.build(np.load(tmp_path / "rows.npy", mmap_mode="r"), range(500))
    assert vectors.nearest(rows[123], 1)[0][0] == 123


@pytest.mark.parametrize("harm", ["missing", "cut short"])
def test_a_folder_that_is_not_whole_says_which_file(tmp_path: Path, harm: str) -> None:
    VectorRows.build(unit_rows(100), range(100)).save(tmp_path / "rows")
    file = tmp_path / "rows" / "built" / "index.faiss"
    content = file.read_bytes()
    file.unlink()
    if harm == "cut short":
        file.write_bytes(content[: len(content) // 2])
    with pytest.raises(OSError, match=r"index\.faiss"):
        VectorRows.open(tmp_path / "rows")


def test_searching_takes_one_thread_only(many: tuple[VectorRows, Rows], tmp_path: Path) -> None:
    vectors, _ = many
    vectors.save(tmp_path / "rows")
    code = (
        "import sys, threading, time, psutil, numpy as np\n"
        "from pathlib import Path\n"
        "from bot.knowledge.searching.vectors import VectorRows\n"
        "vectors = VectorRows.open(Path(sys.argv[1]))\n"
        "question = np.ones(vectors.dimensions, np.float32)\n"
        "before = psutil.Process().num_threads()\n"
        "work = threading.Thread(target=lambda: [vectors.nearest(question, 50) for _ in range(20)])\n"
        "work.start(); work.join()\n"
        "deadline = time.monotonic() + 5\n"  # a thread that has ended is counted for a moment
        "while (more := psutil.Process().num_threads() - before) and time.monotonic() < deadline: time.sleep(0.01)\n"
        "print(more)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "rows")], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["0"]
