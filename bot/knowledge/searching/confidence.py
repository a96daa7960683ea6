"""What a confidence means: the borders between what the desk answers, offers to choose from, and does not know."""

# The same in every shop: what a publish has learned maps the evidence of a search to them (learning/thresholds.py).
ANSWER = 0.52  # from here on the desk answers
OFFER = 0.25  # from here on it offers the nearest topics; below it says that it does not know
