# What there is to do, each target with a line of help; `make help` prints them.

.DEFAULT_GOAL := help
.PHONY: help install demo run test check check-guards bench chaos lint format types docs lock wheel clean

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	command -v $$p >/dev/null 2>&1 && { echo $$p; break; }; done)
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
SERVER := $(BIN)/python manage.py
TEMPLATES := templates

help: ## List what there is to do
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: $(INSTALLED) ## Make .venv with the server, the SDK and the development tools

# A stamp, so that nothing is asked of the network while nothing has changed.
$(INSTALLED): requirements/lock.txt pyproject.toml sdk/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Placet needs Python 3.11 or later; PYTHON=… names one." >&2; exit 1; }
	@echo "Installing what requirements/lock.txt names into $(VENV) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes \
		--requirement requirements/lock.txt
	@$(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps \
		--no-build-isolation --editable . --editable ./sdk
	@touch $@

demo: install ## Run everything with sample data and a live agent (PORT=8123 for another port)
	@SITE_URL=$${SITE_URL:-http://127.0.0.1:$(PORT)} exec $(SERVER) demo --port $(PORT)

run: install ## Run the server on ./var (PORT=8123 for another port)
	@exec $(SERVER) up --port $(PORT)

test: install ## Run the whole suite; exit 0 means that all of it passed
	@$(BIN)/python -m tests.run

check: install lint types ## Check style, types, templates, API document, migrations, settings
	@sh .ci/check-server $(BIN)/python

check-guards: install ## Take each guard away and see that a test misses it (takes minutes)
	@$(BIN)/python -m tests.guards

bench: install ## Measure (performance under load; takes minutes)
	@$(BIN)/python -m bench.policies
	@$(BIN)/python -m bench.crowd

chaos: install ## Race, kill and crowd real processes, long form (takes tens of minutes)
	@PLACET_CHAOS=long $(BIN)/python -m pytest tests/chaos -s

lint: install ## Check style of code and templates
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/djlint --quiet --lint $(TEMPLATES)

format: install ## Put the code in its one form
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: install ## Check types
	@$(BIN)/mypy
	@$(BIN)/mypy --config-file sdk/pyproject.toml sdk/src

docs: install ## Write the table of settings in docs/operating.md anew
	@$(BIN)/python docs/settings_table.py

lock: install ## Choose the newest versions that pyproject.toml allows
	@$(BIN)/python -m pip --disable-pip-version-check install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--upgrade --no-emit-index-url --no-emit-find-links --no-annotate --group dev \
		pyproject.toml --output-file requirements/lock.txt

wheel: install ## Build what is published, into dist/
	@$(BIN)/python -m hatchling build
	@cd sdk && ../$(BIN)/python -m hatchling build --directory ../dist

clean: ## Remove what was made, except data (./var)
	@rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis test-artifacts
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
