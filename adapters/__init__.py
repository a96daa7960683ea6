"""One folder or file per chat platform; each translates, delivers and respects its platform's limits."""
