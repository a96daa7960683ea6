"""The model: how it is served, and a scripted one to stand in for it."""
