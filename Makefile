# make run [FOLDER=path]   set up, get the default model, open the editor
# make test                set up, check, run every tier of tests that this machine can run
PYTHON ?= python3
FOLDER ?=
PY := .venv/bin/python
PYTEST := $(PY) -P -m pytest
MODEL ?= qwen2.5-coder-0.5b-instruct

.PHONY: help run test setup setup-dev model lint format plain gui e2e model-tests gpu slow bench bench-engine bench-suggestions screenshots wheel-test clean

help:
	@echo "make run [FOLDER=path]  set up, get the default model, open the editor"
	@echo "make test               set up, check, run the tests (plain, gui, e2e, model)"
	@echo "make bench              start-up time, key to ghost text, on the real model"
	@echo "make bench-engine       tokens a second of each path on this processor"
	@echo "make bench-suggestions  what must never be shown, counted over 2,000 suggestions (--seconds: in pieces)"
	@echo "make screenshots        pictures of the window in build/screenshots"
	@echo "make lint | format      the checks alone; format the code"
	@echo "make plain | gui | e2e | model-tests | gpu | slow   one tier of tests"
	@echo "make wheel-test         build a wheel and try it in a clean environment"
	@echo "make clean              remove what was built, and the virtual environment"

run:
	@$(PYTHON) tools/setup.py --window
	@$(PY) -P -m assistant.cli.main models pull $(MODEL) --if-missing
	@$(PY) -P -m assistant.cli.main $(if $(FOLDER),"$(FOLDER)")

setup:
	@$(PYTHON) tools/setup.py

setup-dev:
	@$(PYTHON) tools/setup.py --dev --offscreen

model: setup-dev
	@$(PY) -P -m assistant.cli.main models pull $(MODEL) --if-missing

test: setup-dev lint plain gui model e2e model-tests
	@echo "All tiers passed."

lint: setup-dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	.venv/bin/lint-imports
	$(PY) -m pyright -p pyproject.toml

format: setup-dev
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

plain: setup-dev
	$(PYTEST) -q -m "not gui and not e2e and not model and not gpu and not slow"

gui: setup-dev
	$(PYTEST) -q -m "gui and not e2e and not model and not gpu and not slow"

e2e: setup-dev
	$(PYTEST) -q -m "e2e and not model and not gpu and not slow"

model-tests: model
	$(PYTEST) -q -m "model and not gpu and not slow"

gpu: model
	$(PYTEST) -q -m gpu

slow: model
	$(PYTEST) -q -m slow

screenshots: setup-dev
	$(PYTEST) -q tests/app/window/test_screenshots.py

bench-engine: model
	$(PY) -P tests/bench/engine.py

bench-suggestions: model
	PYTHONPATH=. $(PY) -P tests/bench/suggestions.py $(ARGS)

bench: model
	$(PY) -P tests/bench/run.py

wheel-test: setup-dev
	$(PYTEST) -q tests/e2e/test_wheel.py

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .ruff_cache .import_linter_cache .hypothesis
