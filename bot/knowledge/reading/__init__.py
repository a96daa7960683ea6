"""Texts in files and on sites, read into drafts of passages; nothing here searches or publishes."""
