# Included by the Makefile: everything about models.

.PHONY: test-vllm serve-model serve-embeddings scripted-model proof-model-faults

test-vllm: .venv/.test  ## a real vLLM on the CPU (its own environment, 3.4 GB) with a tiny model made on the spot
	@nice serving/vllm_cpu/install.sh .venv-vllm
	nice $(BIN)/python -m pytest -q tests/test_vllm.py tests/test_vllm_embeddings.py $(PYTEST)

serve-model: .venv/.run  ## vLLM on this machine's GPU; MODEL=a name of serving/README.md or another, VLLM_OPTIONS="--..."
	@$(BIN)/python -m serving.serve --model "$(or $(MODEL),auto)" $(VLLM_OPTIONS)

serve-embeddings: .venv/.run  ## a model of embeddings, or one that ranks, beside it on the same GPU; MODEL=... VLLM_OPTIONS="--..."
	@$(BIN)/python -m serving.serve --embeddings --model "$(or $(MODEL),auto)" $(VLLM_OPTIONS)

scripted-model: .venv/.run  ## a model that plays a script, for demonstrations; SCRIPT=file PORT=8001
	@$(BIN)/python -m serving.scripted_model --script "$(or $(SCRIPT),serving/scripts/desk.json)" --port $(or $(PORT),8001)

proof-model-faults: .venv/.test  ## each fault of a model, ten times over; FAULT_ROUNDS=10 sizes it
	SHOPDESK_TEST_FAULT_ROUNDS=$(or $(FAULT_ROUNDS),10) nice $(BIN)/python -m pytest -q tests/test_model_faults.py $(PYTEST)
