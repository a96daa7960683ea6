# Included by the Makefile: many messages, many kills, nothing lost.

soak: .venv/.run  ## 50,000 messages and 100 kill -9; SOAK_MESSAGES, SOAK_CONVERSATIONS, SOAK_KILLS, SOAK_SEED size it
	@$(BIN)/python -m serving.soak

.PHONY: soak
