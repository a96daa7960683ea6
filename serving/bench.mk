# Included by the Makefile: what a turn costs.

bench: .venv/.test  ## one table: our desk beside the bare model calls and stock LangChain; BENCH_TURNS=80 sizes it
	@$(BIN)/python -m serving.bench
