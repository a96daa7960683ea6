# Included by the Makefile: chat platforms in bad weather, with many trials of what the tests show with few.

.PHONY: channels-soak

channels-soak: .venv/.test  ## each channel killed TRIALS times (200), flooded, away, limited; prints what it counted
	@TRIALS=$(or $(TRIALS),200) $(BIN)/python -m pytest -n 0 -s -p no:logging \
		tests/test_outbox_storms.py tests/test_telegram_storms.py tests/test_discord_storms.py $(PYTEST)
