"""From where on an answer can be trusted: fitted to what questions with a known answer have reached."""

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from bot.knowledge.searching.confidence import ANSWER, OFFER

Numbers = NDArray[np.float64]

OFFERED, ACCEPTED, ANSWERED = 0.98, 0.96, 0.90  # of the questions tried, at the three borders
# To accept 95 % of what customers ask next, 96 % of what is tried: phrasings that were collected together are easier.
# At 0.95 it is 91 to 92 % of CLINC150's validation questions, 95 to 96 % of BANKING77's.
ACCEPTED_MADE_UP = 0.95  # nobody has collected these
RIGHT = 0.75  # of what is answered; where that takes a higher border than ANSWERED does, it is raised
UNANSWERABLE = 0.10  # of what customers ask, as long as nobody has counted
LEAST_ANSWERED = 0.50  # of the questions: what the few above a very high border reach says nothing
NARROWEST = 0.02  # of evidence, between two borders or in a tail
TAIL = 3.0  # evidence 1 stands so many times as high as what falls to a third; and 0 as low


class Observed(msgspec.Struct, frozen=True):
    """One question with a known answer: how surely the best passage was found, and the best of the others."""

    evidence: float
    right: bool
    without: float  # with the passages that answer it left out: what an unanswerable question would reach
    made_up: bool = False  # and not a phrasing that was held out


class Rates(msgspec.Struct, frozen=True):
    """What the borders would have done with the questions that they were fitted to. Shares, each from 0 to 1."""

    questions: int
    answered: float  # of the questions with an answer; the rest was declined
    offered: float
    right: float  # of those answered: the best passage was one that answers it
    unanswerable_answered: float  # of the same questions with the passages that answer them left out: all wrong
    unanswerable_offered: float


class Thresholds(msgspec.Struct, frozen=True):
    """Of what has an answer 2 % reaches less than `offer`, 4 to 5 % than `accept`, 10 % or more than `answer`."""

    offer: float
    accept: float
    answer: float
    expected: Rates

    def confidence(self, evidence: float) -> float:
        """From 0 to 1, rising with the evidence: OFFER and ANSWER are the borders, whatever the shop."""
        if evidence < self.offer:
            return OFFER * math.exp((evidence - self.offer) * TAIL / max(NARROWEST, self.offer))
        if evidence >= self.answer:
            return 1 - (1 - ANSWER) * math.exp((self.answer - evidence) * TAIL / max(NARROWEST, 1 - self.answer))
        return OFFER + (ANSWER - OFFER) * (evidence - self.offer) / (self.answer - self.offer)


def fit(seen: Sequence[Observed]) -> Thresholds:
    """Needs no question without an answer. Raises ValueError for no questions at all."""
    if not seen:
        raise ValueError("thresholds are fitted to questions with a known answer, and there is none")
    evidence = np.array([one.evidence for one in seen])
    without = np.array([one.without for one in seen])
    right = np.array([one.right for one in seen])
    made_up = np.mean([one.made_up for one in seen])
    accepted = ACCEPTED + (ACCEPTED_MADE_UP - ACCEPTED) * made_up
    offer, accept, answer = (
        float(border) for border in np.quantile(evidence, [1 - OFFERED, 1 - accepted, 1 - ANSWERED])
    )
    answer = max(_trusted(evidence, right, without, answer), offer)
    return Thresholds(offer, accept, answer, _rates(evidence, right, without, offer, answer))


def _trusted(evidence: Numbers, right: NDArray[np.bool_], without: Numbers, least: float) -> float:
    """The lowest border from `least` on above which RIGHT are right; if there is none, the one above which most are."""
    highest = np.quantile(evidence, 1 - LEAST_ANSWERED)
    borders: list[float] = [least, *np.unique(evidence[(evidence > least) & (evidence <= highest)]).tolist()]
    shares = [_share_right(evidence >= border, right, without >= border) for border in borders]
    enough = [border for border, share in zip(borders, shares, strict=True) if share >= RIGHT]
    return enough[0] if enough else borders[int(np.argmax(shares))]


def _share_right(answered: NDArray[np.bool_], right: NDArray[np.bool_], invented: NDArray[np.bool_]) -> float:
    """Of all that is answered, with as many questions without an answer among them as customers ask."""
    told = (1 - UNANSWERABLE) * answered.mean() + UNANSWERABLE * invented.mean()
    return float((1 - UNANSWERABLE) * (answered & right).mean() / told) if told else 1.0


def _rates(evidence: Numbers, right: NDArray[np.bool_], without: Numbers, offer: float, answer: float) -> Rates:
    answered = evidence >= answer
    return Rates(
        questions=len(evidence),
        answered=float(answered.mean()),
        offered=float((evidence >= offer).mean() - answered.mean()),
        right=float(right[answered].mean()) if answered.any() else 0.0,
        unanswerable_answered=float((without >= answer).mean()),
        unanswerable_offered=float((without >= offer).mean() - (without >= answer).mean()),
    )
