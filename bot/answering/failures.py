"""What can go wrong with the model: one class for each thing that a caller may want to tell apart."""

from typing import ClassVar


class ModelFailure(Exception):
    """The model gave no usable reply; the answer has to come from elsewhere."""

    why: ClassVar[str] = "failed"  # the word under which it is counted
    excuse: ClassVar[str] = "simpler"  # the sentence that tells the customer why the answer is short


class ModelUnavailable(ModelFailure):
    """It cannot be reached, it broke, or it is resting after too many errors."""

    why = "unavailable"


class ModelOverloaded(ModelFailure):
    """It has more to do than it takes on (429, 503), or no place was free in time."""

    why = "overloaded"


class ModelTooSlow(ModelFailure):
    """The first token, some text to show or the whole reply did not come within its deadline, or came too slowly."""

    why = "too_slow"


class ModelGarbled(ModelFailure):
    """What came is not a whole and readable reply."""

    why = "garbled"


class ModelRefused(ModelFailure):
    """It will not take this request (any other 4xx): a wrong name, key or request; asking again is no use."""

    why = "refused"


class OverTheLimit(ModelFailure):
    """This customer had all the model's turns of an hour; nothing is wrong with the model."""

    why = "over_the_limit"
    excuse = "over_the_limit"
