# Included by the Makefile: how well the desk finds what it is asked for.

.PHONY: eval eval-large

eval: .venv/.test  ## the desk's search beside its parts, BM25 and LangChain on public sets; SETS="stackfaq epqa" LIMIT=500 (0: all) DATA=folder size it
	@$(BIN)/python -m serving.eval $(if $(SETS),--sets "$(SETS)") $(if $(LIMIT),--limit $(LIMIT)) $(if $(DATA),--data "$(DATA)")

eval-large: .venv/.test  ## time and memory of a question among 10,000 and 100,000 passages; takes minutes
	@$(BIN)/python -m serving.eval --sets large
