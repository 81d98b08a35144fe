# Daily Papers Digest. `make help` lists the targets.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check -qq
LOCK := requirements.lock

.PHONY: help demo run dev test check lock bench faults setup setup-dev clean

help: ## what there is to make
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: setup ## one invented day, from the listing to the mail in a folder
	@$(PY) manage.py demo

run: setup ## the whole service on this machine, with a local inbox (ARGS="--port 8001")
	@$(PY) manage.py up $(ARGS)

dev: setup-dev ## the site alone, with reload and error pages, for whoever works on it
	@$(PY) manage.py migrate --verbosity 0
	@DIGEST_DEBUG=1 $(PY) manage.py runserver $(ARGS)

test: setup-dev ## everything that must hold: what check does, and all tests on SQLite and on PostgreSQL
	@$(PY) -m tests.run

check: setup-dev ## the fast part: format, lint, types, import contracts, missing migrations, quick tests on SQLite
	@$(PY) -m tests.run --check

bench: setup-dev ## how fast it is, beside the straightforward way (ARGS="compose --readers 1000")
	@$(PY) -m tests.bench $(ARGS)

faults: setup-dev ## everything made to happen that can go wrong, an hour and more, into digest/docs/faults.md (ARGS="--only smtp")
	@$(PY) -m tests.faults $(ARGS)

# The lock has two parts: what runs the service, and behind the marker what tests it.
setup: $(VENV)/.service ## the virtual environment from the lock, without the test tools
$(VENV)/.service: $(LOCK)
	@echo "setting up $(VENV) from $(LOCK) ..."
	@$(PYTHON) -m venv $(VENV)
	@sed '/^# development/,$$d' $(LOCK) > $(VENV)/service.lock
	@$(PIP) install --require-hashes -r $(VENV)/service.lock
	@touch $@

setup-dev: $(VENV)/.development ## the same with the test tools
$(VENV)/.development: $(LOCK)
	@echo "setting up $(VENV) with the test tools from $(LOCK) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes -r $(LOCK)
	@touch $@ $(VENV)/.service

lock: setup-dev ## pin again what pyproject.toml asks for (with hashes, naming no index host)
	@PATH="$(VENV)/bin:$$PATH" $(PY) -m tests.lock $(LOCK)

clean: ## remove what was made here (not your data in var/)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
