"""Measuring what the desk finds, on questions of anybody's own."""
