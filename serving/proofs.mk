# Included by the Makefile: long versions of what the tests prove in short.

.PHONY: proof-mailbox proof-resume proof-cluster tests-whole

proof-mailbox: .venv/.test  ## 10,000 random histories of the mailbox on every kind of Redis; HISTORIES sizes it
	@HISTORIES=$(or $(HISTORIES),10000) $(BIN)/python -m pytest -n 0 -s tests/test_mailbox_machine.py $(PYTEST)

proof-resume: .venv/.test  ## 500 replies on lines that are cut again and again; TRIALS sizes it
	@TRIALS=$(or $(TRIALS),500) $(BIN)/python -m pytest -n 0 -s tests/test_resuming.py $(PYTEST)

proof-cluster: .venv/.test  ## a primary of a Redis Cluster killed under load, 20 times; TRIALS sizes it
	@TRIALS=$(or $(TRIALS),20) $(BIN)/python -m serving.chaos.cluster_trial

tests-whole: .venv/.test  ## every row of the attacks and of the benchmark, of which make test takes some; ten minutes
	@SHOPDESK_TEST_EVERY_ROW=1 SHOPDESK_TEST_HOSTILE_EXAMPLES=$(or $(EXAMPLES),370) $(BIN)/python -m pytest -n $(TESTERS) \
		tests/test_injection.py tests/test_hostile_model.py tests/test_bench.py $(PYTEST)
