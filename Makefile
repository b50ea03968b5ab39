# make run [FOLDER=path]   set up, get the default model, open the editor
# make test                set up, check, run every tier of tests that this machine can run
PYTHON ?= python3
FOLDER ?=
PY := .venv/bin/python
PYTEST := $(PY) -P -m pytest
# On both of two cores, on all of four, on no more than four: tests wait for processes as often as they compute.
CORES := $(shell $(PYTHON) -c "import os; print(min(4, os.cpu_count() or 1))" 2>/dev/null)
PARALLEL := -n $(if $(CORES),$(CORES),1) --dist worksteal
MODEL ?= qwen2.5-coder-0.5b-instruct

.PHONY: help debian13 run test setup setup-dev model lint format plain gui e2e model-tests gpu slow torture bench bench-train bench-planted bench-canaries bench-settings bench-engine bench-gpu gpu-extra coverage screenshots peer-tests bench-index bench-suggestions bench-doors hole-sources wheel-test clean

help:
	@echo "make run [FOLDER=path]  set up, get the default model, open the editor"
	@echo "make test               set up, check, run the tests (plain, gui, e2e, model)"
	@echo "make bench              start-up time, key to ghost text, on the real model"
	@echo "make bench-planted      a convention planted in a generated repository, learned and asked for [ARGS=--minutes M]"
	@echo "make bench-canaries     whether made-up secrets can be drawn out of an adapter, beside one that learned them [ARGS=--minutes M]"
	@echo "make bench-settings     held-out loss with each setting of training changed [ARGS='REPO --steps N']"
	@echo "make bench-engine       tokens a second of each path on this processor"
	@echo "make bench-gpu          tokens a second on a CUDA card, in each way; installs torchao"
	@echo "make bench-index        lines a second, memory and answers of the index [FOLDER=path]"
	@echo "make bench-suggestions  what must never be shown, counted over 2,000 suggestions in 12 languages [ARGS='--seconds S']"
	@echo "make bench-doors        whether every editor gets what the window gets, and no bracket twice [ARGS=--perfect]"
	@echo "make hole-sources       source code in 12 languages into build/sources, for 'grafter evaluate holes' [ARGS=LANGUAGE]"
	@echo "make bench-train        tokens a second and memory of training, beside peft alone and trl (installs trl aside)"
	@echo "make torture            kill a training run twenty times, and see that it ends as an unbroken one"
	@echo "make screenshots        pictures of the window in build/screenshots"
	@echo "make coverage           fails where a branch of the filters or of when-to-ask is not tested"
	@echo "make lint | format      the checks alone; format the code"
	@echo "make plain | gui | e2e | model-tests | gpu | slow   one tier of tests"
	@echo "make peer-tests         ask a real llama.cpp and vLLM, and be asked by editors' own code (2 GB, minutes)"
	@echo "make debian13           the plain tests under Debian 13 and Python 3.13, as root [ARGS='plain gui']"
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
	$(PY) -P tools/layout.py
	$(PY) -P tools/resolve.py
	$(PY) -m pyright -p pyproject.toml

format: setup-dev
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

plain: setup-dev
	$(PYTEST) -q $(PARALLEL) -m "not gui and not e2e and not model and not gpu and not slow and not peer and not torture"

gui: setup-dev
	$(PYTEST) -q $(PARALLEL) -m "gui and not e2e and not model and not gpu and not slow and not peer and not torture"

e2e: setup-dev
	$(PYTEST) -q -m "e2e and not model and not gpu and not slow and not peer and not torture"

model-tests: model
	$(PYTEST) -q -m "model and not gpu and not slow and not peer and not torture"

# Weights in 8 or 4 bits on a card: not for machines without one.
gpu-extra: setup-dev
	@$(PY) -m pip install -q --disable-pip-version-check -c constraints.txt -e ".[gpu]"

gpu: model gpu-extra
	$(PYTEST) -q -m "gpu and not peer"

slow: model
	$(PYTEST) -q -m "slow and not peer and not torture"

peer-tests: model
	$(PY) -P tools/peers.py
	$(PYTEST) -q -m peer

# The plain tests under Debian 13's Python 3.13, as root, in a root of its own under build/.
debian13:
	$(PYTHON) tools/debian13.py $(ARGS)

torture: setup-dev
	$(PYTEST) -q -m torture

bench-train: model
	$(PY) -P tests/bench/train.py $(ARGS)

coverage: setup-dev
	$(PYTEST) -q tests/assistant/completion --cov=assistant.completion --cov-branch --cov-report=term-missing:skip-covered --cov-fail-under=100
	$(PYTEST) -q tests/assistant/editing/suggestions tests/assistant/editing/acceptance tests/app/workspace/test_recent_places.py tests/app/workspace/test_unsaved_texts.py \
		--cov=assistant.editing.suggestions --cov=assistant.editing.acceptance.retention --cov=assistant.editing.acceptance.summary \
		--cov=app.workspace.recent_places --cov=app.workspace.unsaved_texts \
		--cov-branch --cov-report=term-missing:skip-covered --cov-fail-under=100

screenshots: setup-dev
	$(PYTEST) -q tests/app/test_screenshots.py tests/app/test_train_screenshots.py

bench-planted: model
	$(PY) -P tests/bench/planted.py $(ARGS)

bench-canaries: model
	PYTHONPATH=. $(PY) -P tests/bench/canaries.py $(ARGS)

bench-settings: model
	PYTHONPATH=. $(PY) -P tests/bench/settings.py $(ARGS)

bench-engine: model
	$(PY) -P tests/bench/engine.py

bench-gpu: setup-dev
	@$(PY) -P tests/bench/gpu.py --check
	@$(MAKE) --no-print-directory model gpu-extra
	$(PY) -P tests/bench/gpu.py

bench-index: setup-dev
	$(PY) -P tests/bench/index.py $(if $(FOLDER),"$(FOLDER)")

bench-suggestions: model
	PYTHONPATH=. $(PY) -P tests/bench/suggestions.py $(ARGS)

bench-doors: model
	PYTHONPATH=. $(PY) -P tests/bench/doors.py $(ARGS)

hole-sources: setup-dev
	$(PY) -P tools/hole_sources.py $(ARGS)

bench: model
	$(PY) -P tests/bench/run.py

wheel-test: setup-dev
	$(PYTEST) -q tests/e2e/test_wheel.py

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .ruff_cache .import_linter_cache .hypothesis
