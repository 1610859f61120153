# Seatkeeper: `make demo` plays the story, `make test` runs every test. Both set up everything.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
CLIENTS := tests_clients/.venv
ARGS   ?=

.PHONY: help setup demo test test-clients check format lock bench year record replay clean sim prove soak mutants
help:  #? list the targets
	@sed -n 's/^\([a-z-]*\):.*#? \(.*\)/make \1 \t\2/p' Makefile

$(VENV)/.ready: requirements-dev.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Seatkeeper needs Python 3.11 or newer; set PYTHON=...") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

setup: $(VENV)/.ready  #? make the virtual environment with the locked dependencies

demo: setup  #? sandbox, daemon and the story of the seed (ARGS=--exit ends after the story)
	$(BIN)/seatkeeper demo $(ARGS)

BROWSER := tests/browser/.ready
$(BROWSER): tests/browser/package-lock.json
	tests/browser/install

test: setup $(BROWSER)  #? every test
	$(BIN)/python -m pytest -n 3 --dist=loadscope --no-loadscope-reorder $(ARGS)

$(CLIENTS)/.ready: requirements-clients.lock tests_clients/javascript/package-lock.json
	$(PYTHON) -m venv --clear $(CLIENTS)
	$(CLIENTS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-clients.lock
	PATH="$(CURDIR)/$(CLIENTS)/bin:$$PATH" npm ci --silent --prefix tests_clients/javascript
	@touch $@

test-clients: setup $(CLIENTS)/.ready  #? clients by others against the sandbox
	$(CLIENTS)/bin/python -m pytest tests_clients $(ARGS)

check: setup  #? lint, format, types, architecture
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m tests.supply.audit

format: setup  #? format the code and sort the imports
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix --quiet .

sim: setup  #? play simulated runs (SEED=n one of them, RUNS=n many; STEPS=40-100 longer ones)
	SEED=$(SEED) RUNS=$(RUNS) FIRST=$(FIRST) STEPS=$(STEPS) $(BIN)/python -m tests.simulation.play

prove: setup  #? the whole proof of reliability; results go to docs/reliability.md (SHARE=0.01 a part)
	SHARE=$(SHARE) $(BIN)/python -m tests.simulation.prove

soak: setup  #? a day of 10,000 changes in minutes; results go to docs/reliability.md (MINUTES=15 a part)
	CHANGES=$(CHANGES) MINUTES=$(MINUTES) $(BIN)/python -m tests.soak.play

MUTATION := $(VENV)/mutation
$(MUTATION)/.ready: tests/mutation/requirements.lock $(VENV)/.ready
	$(PYTHON) -m venv --clear $(MUTATION)
	$(MUTATION)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tests/mutation/requirements.lock
	$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > "$$($(MUTATION)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/seatkeeper.pth"
	@touch $@

mutants: $(MUTATION)/.ready  #? break the engine on purpose; MUTANTS="sync.plan.*" some of it, SAMPLE=60 of each module
	rm -rf mutants
	$(MUTATION)/bin/mutmut run --max-children 1 "sync.late.x_expect*"
	cd mutants && PYTHONPATH=. ../$(MUTATION)/bin/python -m pytest -p tests.mutation.session -s -q -p no:randomly -p no:cacheprovider tests/engine tests/durability tests/reconcile

record: setup  #? the cassettes of the tests anew; CONFIG=config.yaml [OUT=recording] records your tenant
ifdef CONFIG
	$(BIN)/python -m tests.recorded.tenant $(CONFIG) $(or $(OUT),recording) $(if $(SUBSCRIPTION),--subscription $(SUBSCRIPTION)) $(if $(WRITE),--write $(WRITE))
else
	SEATKEEPER_RECORD=all $(BIN)/python -m pytest tests/recorded -q $(ARGS)
endif

replay: setup  #? your recording against your mappings, offline: CASSETTES=recording MAPPINGS=mappings
	$(BIN)/python -m tests.recorded.replay $(or $(CASSETTES),recording) $(MAPPINGS)

year: setup  #? a year of a hundred contracts against the oracle
	$(BIN)/python -m tests.money_year.whole $(ARGS)

bench: setup  #? measure; results go to docs/performance.md
	$(BIN)/python -m bench $(ARGS)

lock: setup  #? resolve the dependencies anew (hashes, no index addresses)
	$(PYTHON) -m pip install --quiet --target $(VENV)/uv uv
	$(VENV)/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml -o requirements.lock
	$(VENV)/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --group dev --all-extras pyproject.toml -o requirements-dev.lock
	$(VENV)/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header tests_clients/requirements.in -o requirements-clients.lock
	$(VENV)/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header tests/mutation/requirements.in -o tests/mutation/requirements.lock

clean:  #? remove what the targets made
	rm -rf $(VENV) $(CLIENTS) mutants tests_clients/javascript/node_modules tests/browser/node_modules $(BROWSER) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
