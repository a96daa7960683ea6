"""What a confidence means: the borders between what the desk answers, offers to choose from, and does not know."""

# Measured on the demo's held-out questions beside its whole catalogue (English / Chinese: 60 with an answer each, 40
# like them without one). At ANSWER 92 / 100 % of those without one are not answered; of those with one 18 / 50 % are
# answered rightly, 10 / 5 % wrongly, and with the three topics offered from OFFER on 65 / 82 % get what they need.
# Cross-check on CLINC150 (English, 5 phrasings an intent): 95 % of what is out of scope is not answered, 61 % of the
# rest is, 87 % of that rightly. What is as near as a neighbouring entry (BANKING77 with a quarter of its
# labels removed) still passes: 37 % of it is answered.
ANSWER = 0.52  # from here on the desk answers
OFFER = 0.25  # from here on it offers the nearest topics; below it says that it does not know
