# Included by the Makefile: a catalogue of a million passages on one machine.

.PHONY: large

PASSAGES ?= 1000000

large: .venv/.test  ## building, disk, memory and the time of a search up to PASSAGES=1000000
	@$(BIN)/python -m serving.eval.large --passages $(PASSAGES)
