"""Letters of several kinds in one book, told apart by how their keys begin."""

from collections.abc import Mapping

from bot.letters.courier import Letters
from bot.letters.mail import Letter


class LettersOfAllKinds:
    """`by_beginning`: each kind by the beginning of its keys; `usual`: all others."""

    def __init__(self, usual: Letters, by_beginning: Mapping[str, Letters]) -> None:
        self._usual, self._by_beginning = usual, by_beginning

    async def letter(self, key: str, language: str) -> Letter | None:
        for beginning, letters in self._by_beginning.items():
            if key.startswith(beginning):
                return await letters.letter(key, language)
        return await self._usual.letter(key, language)
