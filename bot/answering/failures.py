"""What can go wrong with the model: one class for each thing that a caller may want to tell apart."""


class ModelFailure(Exception):
    """The model gave no usable reply; the answer has to come from elsewhere."""


class ModelUnavailable(ModelFailure):
    """It cannot be reached, it broke, or it is resting after too many errors."""


class ModelOverloaded(ModelFailure):
    """It has more to do than it takes on (429, 503), or no place was free in time."""


class ModelTooSlow(ModelFailure):
    """The first token or the whole reply did not come within its deadline."""


class ModelGarbled(ModelFailure):
    """What came is not a whole and readable reply."""


class ModelRefused(ModelFailure):
    """It will not take this request (any other 4xx): a wrong name, key or request; asking again is no use."""
