# `make help` explains itself. Only Python 3.11 or newer with pip and venv is needed, and make.
PYTHON ?= python3
BIN := .venv/bin

# Programs are started over and over: what was compiled once is kept, and not beside the sources.
export PYTHONDONTWRITEBYTECODE :=
export PYTHONPYCACHEPREFIX ?= $(CURDIR)/var/pycache

.DEFAULT_GOAL := help
.PHONY: help demo demo-reset test test-postgresql soak bench check format lock words reading

help:  ## show this text
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  PORT=8123 make demo   moves the demo to another port (8000 otherwise)"

# The lock names every package with its hashes, so pip has nothing to resolve (--no-deps). Python's own
# pip serves where there is one: setting up another inside .venv takes longer than the demo's start.
define environment
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=…")'
	@echo "making the environment in .venv; this happens once …"
	@test -x $(BIN)/python || \
		$(PYTHON) -m venv $$($(PYTHON) -m pip --version >/dev/null 2>&1 && echo --without-pip) .venv
	@if test -x $(BIN)/pip; then pip="$(BIN)/python -m pip"; else pip="$(PYTHON) -m pip --python $(BIN)/python"; fi; \
		$$pip install --quiet --disable-pip-version-check --require-hashes --no-deps --no-compile -r $(1)
endef

# What the tests need contains what the demo needs, so either stamp will do for the demo.
.venv/.dev: requirements-dev.txt
	$(call environment,requirements-dev.txt)
	@touch .venv/.demo .venv/.dev

.venv/.demo: requirements-demo.txt
	$(call environment,requirements-demo.txt)
	@touch .venv/.demo

demo: .venv/.demo  ## run the demo: web, worker, beat, broker, mail, a synthetic clinic
	@exec $(BIN)/python -m infusion.demo.runner

demo-reset: .venv/.demo  ## throw the demo's records away and run it anew
	@exec $(BIN)/python -m infusion.demo.runner --anew

test: .venv/.dev  ## the whole suite on SQLite and, beside it, the database's tests on a real PostgreSQL and Valkey
	$(BIN)/python -m tests.both

test-postgresql: .venv/.dev  ## the pages and the browser's journeys on PostgreSQL and Valkey as well
	$(BIN)/python -m tests.services $(BIN)/python -m pytest tests/web tests/journeys

soak: .venv/.dev  ## the schedule's state machine, thousands of examples on both engines (an hour or more)
	INFUSION_SOAK=2000 $(BIN)/python -m pytest -s tests/database/booking/test_machine.py
	INFUSION_SOAK=2000 $(BIN)/python -m tests.services $(BIN)/python -m pytest -s tests/database/booking/test_machine.py

bench: .venv/.dev  ## measure booking and reminders on both engines: a table and var/bench.json (booking 20 minutes, all an hour or more)
	$(BIN)/python -m bench $(BENCH)

check: .venv/.dev  ## format, lint, types, import contracts, migrations, templates, deployment
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/djade --check --target-version 5.2 $$(find templates -name '*.html')
	@INFUSION_PRODUCTION=1 INFUSION_SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(50))') \
		DATABASE_URL=postgres://nobody@localhost/none $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml

format: .venv/.dev  ## let ruff and djade write the code's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	-$(BIN)/djade --target-version 5.2 $$(find templates -name '*.html')

reading: .venv/.dev  ## how hard and how heavy each page and mail of a patient is
	$(BIN)/python -m pytest -q -s -k "read_at or heavy" tests/web/test_plain_words.py

words: .venv/.dev  ## collect the words patients read into the Spanish translation, and compile it (maintainers)
	$(BIN)/python -m scripts.words

# For maintainers only: `uv` must be on PATH (or named: UV=…). Versions move only here.
UV ?= uv
LOCK := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml
lock:  ## pin every dependency anew, with hashes (maintainers; needs uv)
	$(LOCK) --output-file requirements.txt
	$(LOCK) --group demo --output-file requirements-demo.txt
	$(LOCK) --group dev --output-file requirements-dev.txt
