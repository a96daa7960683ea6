"""Whether a reply that has begun comes as fast as people read. No I/O in here."""

from collections import deque

WINDOW_SECONDS = 4.0
LEAST_CHUNKS = 16
LEAST_BYTES = 64


class Pace:
    """A reply is too slow when, over any WINDOW_SECONDS since its first token, it brought fewer than LEAST_CHUNKS
    pieces and also fewer than LEAST_BYTES.

    People read 4 to 5 words a second (M. Brysbaert, 2019: 238 a minute), and a piece is a token, about a word: under
    4 pieces a second they wait for each one. Some servers send several tokens in a piece, so bytes count as well: 16 a
    second are 3 English words or, at 3 bytes each, 5 Chinese characters. Four seconds, because vLLM may stand still for
    one or two when it makes room for others, and because a stalled reply is noticed only after that time.
    """

    def __init__(self, began: float) -> None:
        self._due = began + WINDOW_SECONDS
        self._pieces: deque[tuple[float, int]] = deque()  # no more of the newest than make the reply fast enough
        self._bytes = 0

    def took(self, size: int, now: float) -> float:
        """A piece of `size` bytes came; returns when the reply is too slow if no more comes."""
        pieces = self._pieces
        pieces.append((now, size))
        self._bytes += size
        while len(pieces) > LEAST_CHUNKS or self._bytes - pieces[0][1] >= LEAST_BYTES:
            self._bytes -= pieces.popleft()[1]
        if len(pieces) == LEAST_CHUNKS or self._bytes >= LEAST_BYTES:
            self._due = max(self._due, pieces[0][0] + WINDOW_SECONDS)
        return self._due
