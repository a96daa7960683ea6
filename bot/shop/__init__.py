"""The shop: what it sells, who bought what, and who may see it."""
