"""Handing a conversation to the shop's people and taking it back."""
