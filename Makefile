# Everything that people do in this checkout. `make` alone tells what there is.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

# What was compiled is kept, whatever this machine says elsewhere: to write the asserts of every test anew took a tenth
# of the time of `make test`.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help install demo test sweep lint format types bench matching domain-lists docs picture simulate mutate emulator-check lock wheel audit clean

help: ## tell what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' Makefile

install: $(STAMP) ## make the environment in .venv

# The stamp is older than the lock or the project file exactly when there is something to do.
$(STAMP): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { \
		echo "Tandem needs Python 3.11 or newer, and '$(PYTHON)' is not here. Name another: make install PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Tandem needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Name another: make install PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "'$(PYTHON)' cannot make environments. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv --clear .venv
	@echo "installing from requirements.lock into .venv"
	@# Compiling the thousands of modules that are never imported would take half of the time.
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(STAMP) ## the whole story on the local emulators; needs no account
	@$(BIN)/tandem demo

test: $(STAMP) ## every test, and a slice of each sweep, with no network but this machine's own
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m "not sweep"

sweep: $(STAMP) ## the sweeps whole: every fault, every kill, ten thousand accounts, every ledger test on PostgreSQL too
	@$(BIN)/python -m pytest -n 2 --dist worksteal tests/faults tests/commands tests/e2e tests/simulation tests/sync/ledger

lint: $(STAMP) ## rules, form, words, and which room may import which
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest -q tests/repo

format: $(STAMP) ## bring the code into form
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

types: $(STAMP) ## mypy --strict on every room, and on the tests
	@$(BIN)/mypy --strict

bench: $(STAMP) ## measure Tandem against the emulators; NAMES="10000 100000" for fewer names
	@$(BIN)/python -m benchmarks
	@$(BIN)/python -m benchmarks.compare
	@$(BIN)/python -m benchmarks.executemany
	@$(BIN)/python -m benchmarks.names $(foreach count,$(NAMES),--names $(count))

picture: $(STAMP) ## draw the demo's picture, and write its end into README.md
	@$(BIN)/python docs/picture.py

matching: $(STAMP) ## how many real companies are linked, asked about and missed; DATA=folder with the lists
	@$(BIN)/python -m benchmarks.identity "$${DATA:?name the folder with the lists: make matching DATA=FOLDER}"

domain-lists: $(STAMP) ## fetch the public lists of mail providers, throw-away mail, tenant hosts and link pages anew
	@$(BIN)/python .ci/domain_lists/renew.py

docs: $(STAMP) ## write the pages that are made from the code
	@PYTHONPATH=. $(BIN)/python docs/write_commands.py
	@$(BIN)/python docs/draw_architecture.py
	@$(BIN)/python tests/repo/test_glossary.py

simulate: $(STAMP) ## 10,000 histories of people, faults and kills; COUNT=… SEED=…
	@$(BIN)/python -m tests.simulation --count $${COUNT:-10000} --seed $${SEED:-1} --keep-going

mutate: $(STAMP) ## break the core in known ways, and see that a test notices each
	@$(BIN)/python -m tests.mutation

emulator-check: $(STAMP) ## drive the emulators with the clients that the vendors and others wrote
	@$(BIN)/python -m pytest -n 2 -m client tests/emulator

lock: $(STAMP) ## pin again after a change of dependencies; newest versions with UPGRADE=--upgrade
	@$(BIN)/uv pip compile pyproject.toml --quiet --extra dev --extra emulator --universal --python-version 3.11 \
		--generate-hashes --no-header $(UPGRADE) -o requirements.lock >/dev/null
	@if command -v npm >/dev/null; then \
		cd .ci/node && npm install --package-lock-only --ignore-scripts --no-audit --no-fund >/dev/null; fi
	@$(BIN)/python .ci/node/strip_addresses.py
	@$(BIN)/uv pip compile --group pyproject.toml:audit --quiet --universal --python-version 3.11 \
		--generate-hashes --no-header $(UPGRADE) -o .ci/audit.lock >/dev/null

wheel: $(STAMP) ## build the wheel into dist/, with the list of what it stands on (SBOM)
	@$(BIN)/python .ci/build.py dist

audit: .venv/audit/.installed ## ask which locked packages are known to be vulnerable; needs the index or osv.dev
	@.venv/audit/bin/python .ci/audit.py requirements.lock .ci/audit.lock

.venv/audit/.installed: .ci/audit.lock | $(STAMP)
	@test -x .venv/audit/bin/pip || $(PYTHON) -m venv .venv/audit
	@.venv/audit/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .ci/audit.lock
	@touch $@

clean: ## throw away what the tools made, the environment too
	rm -rf .venv .ci/node/node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage htmlcov build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
