"""Texts as vectors: embedders that are served, that run here, and one that is trained on the shop's own phrasings."""
