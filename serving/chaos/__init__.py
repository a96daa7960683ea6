"""Servers that are killed on purpose, and what a desk makes of it."""
