"""One version of the knowledge on all machines: its name stands in Redis, its folder travels over a shelf."""
