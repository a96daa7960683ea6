"""What "yes", "2" and "the second one" press: of what the last reply offered, and of nothing else."""

from pathlib import Path

import pytest

from bot.answering.plain_answers import PlainAnswers
from bot.answering.prompting import Prompts
from bot.answering.turn import Turn
from bot.sessions import Session

PROMPTS = Prompts(Path(__file__).parent.parent / "prompts")
TOPICS = ("ask:faq:one:en", "ask:faq:two:en", "do:cancel_order:OT-21153083")


@pytest.mark.parametrize(
    ("said", "language", "offered", "pressed"),
    [
        ("2", "en", TOPICS, TOPICS[1]),
        ("the third one please", "en", TOPICS, TOPICS[2]),
        ("第二个", "zh", TOPICS, TOPICS[1]),
        ("yes", "en", TOPICS[:1], TOPICS[0]),
        ("yes", "en", TOPICS, ""),
        ("yes", "en", (), ""),
        ("4", "en", TOPICS, ""),
        ("0", "en", TOPICS, ""),
        ("one second", "en", TOPICS, ""),
        ("wait a second please", "en", TOPICS, ""),
        ("the second pair is broken", "en", TOPICS, ""),
        ("2 pairs", "en", TOPICS, ""),
        ("1", "en", TOPICS[2:], ""),
        ("the first one", "en", TOPICS[2:], ""),
    ],
)
def test_only_words_that_name_a_button_and_nothing_else_press_it(
    said: str, language: str, offered: tuple[str, ...], pressed: str
) -> None:
    turn = Turn(Session("test:1"), said, "", language)
    assert PlainAnswers(PROMPTS).press(turn, offered) == pressed
