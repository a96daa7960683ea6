# Included by the Makefile: what a turn costs.

.PHONY: bench

bench: .venv/.test  ## our desk beside the bare model calls and stock LangChain; ROWS="whole path, stock", BENCH_TURNS=80 BENCH_IDLE=4000 BENCH_OPEN=1000 size it
	@$(BIN)/python -m serving.bench $(if $(ROWS),--rows "$(ROWS)")
