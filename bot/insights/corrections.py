"""The correction that a conversation should get: what we said, what is right now, nothing that stands in neither."""

import re
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from itertools import groupby

import msgspec

from bot.insights.noted import CORRECTION
from bot.insights.outdated import Outdated, words
from bot.insights.told import GONE
from bot.knowledge.passages import Passage
from bot.knowledge.tokens import IS_CHINESE

SHORT = 320  # characters; of a longer text only the sentences that differ are quoted
SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。！？；])|\n+")
LINK = re.compile(r"!?\[([^\]]*)\]\([^)\s]*\)")
MARK = re.compile(r"^\s*(?:[-*+>]\s+|#{1,6}\s+)|\*\*|__|`", re.MULTILINE)
Say = Callable[..., str]  # (language, name of a sentence, values)


class Correction(msgspec.Struct, frozen=True):
    """One message into one conversation."""

    conversation: str
    language: str
    about: tuple[Outdated, ...]
    text: str  # "" where the old text is not kept any more: staff have to write it

    @property
    def message(self) -> str:
        """The same for the same correction, however often it is sent."""
        said = sorted(f"{one.telling.passage} {one.telling.said} {version_now(one)}" for one in self.about)
        return CORRECTION + blake2b("\n".join(said).encode(), digest_size=9).hexdigest()


def version_now(one: Outdated) -> str:
    return one.new.version if one.new else GONE


def corrections(outdated: Iterable[Outdated], say: Say, languages: Sequence[str]) -> list[Correction]:
    """One for each conversation, in the language that it was told the old text in."""
    in_order = sorted(outdated, key=lambda one: (one.telling.conversation, one.telling.passage))
    found = []
    for conversation, group in groupby(in_order, key=lambda one: one.telling.conversation):
        about = tuple(group)
        language = about[0].language if about[0].language in languages else languages[0]
        texts = list(dict.fromkeys(worded(one, language, say) for one in about))
        found.append(Correction(conversation, language, about, "\n\n".join(texts) if all(texts) else ""))
    return found


def worded(one: Outdated, language: str, say: Say) -> str:
    """What we said and what is right now; "" where one of both is not known."""
    if one.old is None:
        return ""
    title = plain(one.old.title)
    if one.new is None:
        return say(language, "correction_gone", title=title, old=_quoted(one.old))
    before, after = _sentences(one.old), _sentences(one.new)
    dropped = [each for each in before if each not in after]
    added = [each for each in after if each not in before]
    if not dropped:
        return say(language, "correction_added", title=title, new=_joined(added))
    if not added:
        return say(language, "correction_gone", title=title, old=_joined(dropped))
    if len(words(one.old)) + len(words(one.new)) <= SHORT:
        dropped, added = before, after
    return say(language, "correction_changed", title=title, old=_joined(dropped), new=_joined(added))


def plain(text: str) -> str:
    """Without Markdown: not every channel shows it in what staff write."""
    return MARK.sub("", LINK.sub(r"\1", text)).strip()


def _sentences(passage: Passage) -> list[str]:
    return [one.strip() for one in SENTENCE.split(plain(passage.text)) if one and one.strip()]


def _quoted(passage: Passage) -> str:
    sentences = _sentences(passage)
    kept: list[str] = []
    for sentence in sentences:
        if kept and len("".join(kept)) + len(sentence) > SHORT:
            return _joined(kept) + " …"
        kept.append(sentence)
    return _joined(kept)


def _joined(sentences: Sequence[str]) -> str:
    return ("" if IS_CHINESE.search("".join(sentences)) else " ").join(sentences)
