"""The words of the desk: complete in each language, and a mistake in them is reported where it is made."""

import re
import shutil
from pathlib import Path

import pytest

from bot.answering.prompting import PromptError, Prompts

FOLDER = Path(__file__).parent.parent / "prompts"
INSIDE = re.compile(r"\{[{%](.*?)[}%]\}")  # {{ name }}, {% if name %}


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "prompts"))


def test_every_sentence_renders_in_every_language() -> None:
    prompts = Prompts(FOLDER)
    for language in prompts.languages:
        inside = " ".join(INSIDE.findall((FOLDER / language / "sentences.toml").read_text(encoding="utf-8")))
        values = dict.fromkeys(re.findall(r"\w+", inside), "X")
        for name in prompts.names:
            text = prompts.say(language, name, **values)
            assert text and "{{" not in text
        assert "X" in prompts.text(language, "agent.md", shop="X")
        assert "X" in prompts.text(language, "rewrite.md", sentence="X", kind="promise", what="", shown=True)
        assert {"wanted", "product", "quiet"} <= set(prompts.table(language, "intents.toml"))


def test_a_missing_value_is_an_error_not_a_hole() -> None:
    with pytest.raises(PromptError, match=r"no_such_order.*number"):
        Prompts(FOLDER).say("en", "no_such_order")


def test_a_sentence_that_a_language_lacks_is_named_at_the_start(own: Path) -> None:
    path = own / "zh" / "sentences.toml"
    path.write_text(re.sub(r"^greeting = .*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE))
    with pytest.raises(PromptError, match=r"zh/sentences\.toml lacks greeting"):
        Prompts(own)


def test_a_broken_file_is_named_at_the_start(own: Path) -> None:
    (own / "en" / "sentences.toml").write_text('greeting = "Hello {{ shop"\n')
    with pytest.raises(PromptError, match=r"en/sentences\.toml"):
        Prompts(own)


def test_a_folder_more_is_a_language_more(own: Path) -> None:
    shutil.copytree(own / "en", own / "de")
    assert Prompts(own).languages == ("en", "de", "zh")


def test_what_a_copy_of_an_older_release_lacks_is_taken_from_what_comes_along(
    own: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sentences, intents = own / "zh" / "sentences.toml", own / "zh" / "intents.toml"
    older = re.sub(r"^greeting = .*\n", "", sentences.read_text(encoding="utf-8"), flags=re.MULTILINE)
    sentences.write_text(older + '\nour_own = "本店"\n', encoding="utf-8")
    whole = Prompts(FOLDER).table("zh", "intents.toml")
    (own / "zh" / "rewrite.md").unlink()
    (own / "zh" / "tone.toml").unlink()
    intents.write_text('[wanted]\nhuman = ["找老板"]\n', encoding="utf-8")
    prompts = Prompts(own, beneath=FOLDER)
    assert prompts.say("zh", "greeting", shop="X") == Prompts(FOLDER).say("zh", "greeting", shop="X")
    assert prompts.say("zh", "our_own") == "本店"
    [told] = [one.getMessage() for one in caplog.records if one.name.startswith("bot.")]
    assert str(sentences) in told and "lacks greeting" in told
    assert prompts.table("zh", "intents.toml") == whole | {"wanted": whole["wanted"] | {"human": ["找老板"]}}
    assert prompts.table("zh", "tone.toml") == Prompts(FOLDER).table("zh", "tone.toml")
    said = {"sentence": "X", "kind": "promise", "what": "", "shown": True}
    assert prompts.text("zh", "rewrite.md", **said) == Prompts(FOLDER).text("zh", "rewrite.md", **said)


def test_a_language_of_the_shops_own_needs_its_sentences_and_not_every_table(own: Path) -> None:
    (own / "de").mkdir()
    shutil.copy(own / "en" / "sentences.toml", own / "de")
    prompts = Prompts(own, beneath=FOLDER)
    assert prompts.languages == ("en", "de", "zh")
    assert prompts.table("de", "intents.toml") == prompts.table("en", "intents.toml")
    with pytest.raises(PromptError, match=r"de/agent\.md"):  # in English, it would make the model answer in English
        prompts.text("de", "agent.md", shop="X")
    (own / "de" / "sentences.toml").write_text('greeting = "Hallo"\n')
    with pytest.raises(PromptError, match=r"de/sentences\.toml lacks "):
        Prompts(own, beneath=FOLDER)
