"""The classifier of anger: what it was never taught, what it must not mistake, and that a shop can teach it."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.answering.prompting import Prompts
from bot.desk.tone import LONGEST, Tone
from bot.settings import Settings
from tests.tone_cases import ANGRY, CALM

PROMPTS = Path(__file__).parent.parent / "prompts"
PUBLIC = Path(__file__).parent.parent.parent / "shared" / "data"
THRESHOLD = float(Settings.model_fields["tone_threshold"].default)
RUDE = ("fuck", "damn", "bloody", "hell ", "angry", "terrible", "lame", "hate ", "shit", "unacceptable", "shut up")


@pytest.fixture(scope="module")
def tone() -> Tone:
    return Tone.of(Prompts(PROMPTS))


def share(tone: Tone, texts: list[str]) -> float:
    return sum(tone.anger(text) >= THRESHOLD for text in texts) / len(texts)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_of_messages_that_it_was_not_taught_most_that_are_angry_are_heard(tone: Tone, language: str) -> None:
    assert share(tone, list(ANGRY[language])) >= 0.75


@pytest.mark.parametrize("language", ["en", "zh"])
def test_calm_complaints_hurry_and_harmless_strong_words_bring_nobody_in(tone: Tone, language: str) -> None:
    wrong = [text for text in CALM[language] if tone.anger(text) >= THRESHOLD]
    assert not wrong


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_cases_are_none_of_the_sentences_that_it_was_taught(language: str) -> None:
    table = Prompts(PROMPTS).table(language, "tone.toml")
    taught = {text.casefold() for name in ("angry", "calm", "words") for text in table[name]}
    assert not taught & {text.casefold() for text in (*ANGRY[language], *CALM[language])}
    assert len(table["angry"]) >= 300 and len(table["calm"]) >= 300


def texts(name: str, field: str) -> Iterator[str]:
    with (PUBLIC / name).open(encoding="utf-8") as file:
        for line in file:
            if text := json.loads(line).get(field):
                yield str(text)


@pytest.mark.skipif(not PUBLIC.exists(), reason="the public data of ../shared/data is not here")
@pytest.mark.parametrize(
    ("name", "field", "every", "at_most"),
    [
        ("dev/banking77_train.jsonl", "text", 8, 0.005),
        ("dev/bitext_intents.jsonl", "text", 8, 0.005),
        ("dev/stackfaq_queries.jsonl", "query", 1, 0.005),
        ("dev/semipqa_dev.jsonl", "question", 4, 0.005),
        ("shared/ecombench_kb_zh.jsonl", "text", 1, 0.005),
        ("dev/clinc150_trainval.jsonl", "text", 16, 0.01),  # what people say to a voice assistant, "shut up" among it
    ],
)
def test_of_ordinary_questions_of_others_hardly_any_sounds_angry(
    tone: Tone, name: str, field: str, every: int, at_most: float
) -> None:
    ordinary = [text for text in texts(name, field) if not any(word in text.lower() for word in RUDE)][::every]
    assert len(ordinary) > 200
    assert share(tone, ordinary) <= at_most


@pytest.mark.skipif(not PUBLIC.exists(), reason="the public data of ../shared/data is not here")
def test_harmless_look_alikes_of_attacks_are_not_taken_for_anger(tone: Tone) -> None:
    with (PUBLIC / "dev/hostile.jsonl").open(encoding="utf-8") as file:
        harmless = [one["text"] for one in map(json.loads, file) if one["label"] == "benign"]
    assert len(harmless) > 200
    assert share(tone, harmless) <= 0.005


@pytest.mark.parametrize(
    "text",
    [
        "FUCK YOU!!!",
        "f\u200buck you",
        "ｆｕｃｋ ｙｏｕ",
        "fuuuuuuck you",
        "Fuck you, OT-20481931",
        "傻逼！！！",
        "你们这帮騙子",
        "都3天了你们这帮骗子",
    ],
    ids=["loud", "hidden", "wide", "drawn", "numbered", "chinese", "traditional", "beside a number"],
)
def test_spellings_hide_nothing(tone: Tone, text: str) -> None:
    assert tone.anger(text) >= THRESHOLD


@pytest.mark.parametrize("text", ["", "   ", "12345", "😡", "OT-20481931", "?!?!", "\0", "\ud800"])
def test_what_has_no_words_has_no_tone(tone: Tone, text: str) -> None:
    assert tone.anger(text) < THRESHOLD


def test_one_angry_sentence_in_a_letter_is_heard_and_chance_in_a_long_one_is_not(tone: Tone) -> None:
    letter = (
        "I ordered on Monday. The parcel came today. This is an absolute disgrace, you incompetent idiots! Please call."
    )
    assert tone.anger(letter) >= THRESHOLD
    assert tone.anger("How do I fold the tent? Which pegs go where? Is there a film? " * 60) < 0.3
    assert tone.anger("a" * 10 * LONGEST) < THRESHOLD


def test_a_shop_that_adds_a_sentence_is_understood_from_then_on(tone: Tone, tmp_path: Path) -> None:
    said = "you absolute plonker of a robot"
    shutil.copytree(PROMPTS, tmp_path / "prompts", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    file = tmp_path / "prompts" / "en" / "tone.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(
        text.replace("angry = [", 'angry = [\n  "what a plonker", "plonker", "you plonker",', 1), encoding="utf-8"
    )
    taught = Tone.of(Prompts(tmp_path / "prompts"))
    assert taught.anger(said) > tone.anger(said)
    assert taught.anger("you plonker") >= THRESHOLD > tone.anger("how do I fold the tent")
