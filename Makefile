# Each target does its own set-up; nothing but Python 3.11 to 3.13 with pip is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONFIG ?= my-config
PYTEST_WORKERS ?= 2
.DEFAULT_GOAL := help

.PHONY: help
help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Debian splits ensurepip off; where it is missing, the system's pip fills the venv from outside.
$(BIN)/python:
	$(PYTHON) -m venv $(VENV) 2>/dev/null \
	|| { rm -rf $(VENV); $(PYTHON) -m venv --without-pip $(VENV) && $(PYTHON) -m pip --python $(BIN)/python install -q pip; }

$(VENV)/.installed: requirements.txt pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.txt
	touch $@

.PHONY: setup
setup: $(VENV)/.installed ## Make .venv with the product installed

.PHONY: demo
demo: $(VENV)/.installed ## Start the product with a made-up company; prints one address
	$(BIN)/complaint-router demo

.PHONY: run
run: $(VENV)/.installed ## Start the product on CONFIG (default: my-config, made if missing)
	test -e $(CONFIG) || $(BIN)/complaint-router init $(CONFIG)
	$(BIN)/complaint-router run --config $(CONFIG)

.PHONY: test
test: $(VENV)/.installed-dev ## Run all tests; those that need a server say so when it is not installed
	$(BIN)/python -m compileall -q router channels classifiers # the tests start the product some hundred times
	$(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist worksteal $(PYTEST_FLAGS)

.PHONY: check
check: $(VENV)/.installed-dev ## Format, lint, types, YAML
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/yamllint --strict .

.PHONY: format
format: $(VENV)/.installed-dev ## Put the code in shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: docs
docs: $(VENV)/.installed ## Write the generated pages and schemas anew
	$(BIN)/python -m router.config.schema_files
	$(BIN)/python -m router.cli.reference
	$(BIN)/python -m router.schema_json
	$(BIN)/python -m classifiers.reference

.PHONY: bench
bench: $(VENV)/.installed-dev ## Measure speed; prints medians
	$(BIN)/python -m tests.bench

FUZZ_SECONDS ?= 60
.PHONY: fuzz
fuzz: $(VENV)/.installed-dev ## Fuzz each reader for FUZZ_SECONDS (60); follows coverage where atheris is installed
	$(BIN)/python -m tests.fuzz $(FUZZ) --seconds $(FUZZ_SECONDS)

.PHONY: lock
lock: ## Write the hash-locked requirement files anew (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --group build --all-extras pyproject.toml -o requirements.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --group build --group dev --all-extras -c requirements.txt pyproject.toml -o requirements-dev.txt

.PHONY: clean
clean: ## Remove what was built
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis demo-data
