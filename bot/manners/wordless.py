"""What is said to a photo, a file, a voice message or a sticker: what the desk can do with it, and what it cannot."""

from collections.abc import Sequence

from bot.answering.intents import HUMAN
from bot.answering.prompting import Prompts
from bot.answering.turn import Turn
from bot.messages import Attachment, Button, Buttons, FinalText, Part

KEPT = ("photo", "file")  # kinds that staff can look at, and a model may
PERSONAL = ("photo", "file", "place", "contact", "voice", "video", "other")  # may show what is nobody else's business


def kept_in(attached: Sequence[Attachment]) -> tuple[str, ...]:
    """Under what names the photos and files are kept."""
    return tuple(one.kept for one in attached if one.kind in KEPT and one.kept)


def in_brackets(attached: Sequence[Attachment]) -> str:
    """As the history has it: "[photo] [file]"."""
    return " ".join(f"[{one.kind}]" for one in attached)


class Wordless:
    def __init__(self, prompts: Prompts) -> None:
        self._prompts = prompts

    def answer(self, turn: Turn) -> tuple[Part, ...]:
        """What is said of what came with the message and was not looked at; nothing where all of it was."""
        unseen = [one for one in turn.attached if not (turn.saw and one.kind in KEPT and one.kept)]
        lost = [one for one in unseen if one.kind in KEPT and not one.kept]
        others = [one for one in unseen if one not in lost]
        said = [self._say(turn, "not_kept", what=self._what(turn, lost))] if lost else []
        if turn.text:
            if shown := [one for one in others if one.kind != "sticker"]:
                kept = all(one.kept for one in shown)
                said.append(self._say(turn, "got_with_text", what=self._what(turn, shown), kept=kept))
            return (FinalText("\n\n".join(said)),) if said else ()
        said += dict.fromkeys(self._sentence(turn, one) for one in others)
        human = Buttons((Button(HUMAN, self._say(turn, "button_human")),)) if kept_in(others) else None
        return tuple(part for part in (FinalText("\n\n".join(said)) if said else None, human) if part)

    def _sentence(self, turn: Turn, one: Attachment) -> str:
        if one.kind in KEPT:
            return self._say(turn, f"got_{one.kind}_unseen")
        return self._say(turn, f"got_{one.kind}")

    def _what(self, turn: Turn, attached: Sequence[Attachment]) -> str:
        """ "the photo, the file"."""
        kinds = dict.fromkeys(one.kind for one in attached)
        return ("、" if turn.language == "zh" else ", ").join(self._say(turn, f"what_{kind}") for kind in kinds)

    def _say(self, turn: Turn, name: str, **values: object) -> str:
        return self._prompts.say(turn.language, name, **values)
