# A machine needs only Python 3.11 and make; everything else is installed into .venv.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# The package versions that passed the tests, so that a new release changes nothing on any machine.
VERSIONS := constraints.txt
RUN_STAMP := $(VENV)/.run-installed
TEST_STAMP := $(VENV)/.test-installed

.DEFAULT_GOAL := help
# The tests start Python about a hundred times, and without .pyc files each start would compile every module again.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help run serve test check generate docs fuzz bench interop upgrade cql clean

help: ## Show this help
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null 2>&1 && $(PYTHON) -m venv $(VENV) || python3 -m venv $(VENV)

$(RUN_STAMP): setup.cfg pyproject.toml $(VERSIONS) | $(BIN)/python
	@echo "Installing into $(VENV), once ..."
	@$(INSTALL) --constraint $(VERSIONS) --editable .
	@touch $@

$(TEST_STAMP): setup.cfg pyproject.toml $(VERSIONS) | $(BIN)/python
	@echo "Installing what the tests need into $(VENV), once ..."
	@$(INSTALL) --constraint $(VERSIONS) --editable '.[test]'
	@touch $(RUN_STAMP) $@

run: $(RUN_STAMP) ## Start the service on 127.0.0.1:8080 and show how to try it
	@$(BIN)/python -m cds_service serve

serve: run

test: $(TEST_STAMP) ## Run every test
	@$(BIN)/python -m cds_service test
	@$(BIN)/python -m pytest -q -n auto --dist worksteal

check: $(TEST_STAMP) ## Lint and type-check
	@$(BIN)/ruff check cds_service tests
	@$(BIN)/ruff format --check cds_service tests
	@$(BIN)/mypy

upgrade: $(TEST_STAMP) ## Upgrade all packages to their newest versions; run the tests before you commit them
	@$(INSTALL) --upgrade --upgrade-strategy eager --editable '.[test]'
	@$(BIN)/python -m pip freeze --all --exclude pip --exclude-editable > $(VERSIONS)
	@touch $(RUN_STAMP) $(TEST_STAMP)

generate: $(RUN_STAMP) ## Regenerate what derives from cards, facts and value sets
	@rm -rf build/handed-over && mkdir -p build/handed-over
	@$(BIN)/python -m cds_service export --profiles
	@$(BIN)/python -m cds_service export --out build/handed-over
	@for plan in tests/fhir_profiles/handed_over/*.json; do cp build/handed-over/package/$${plan##*/} $$plan; done
	@$(BIN)/python -m cds_service schema > build/generated && mv build/generated cards/card.schema.json
	@$(BIN)/python -m cds_service doc

docs: $(RUN_STAMP) ## Write the documentation as a site into build/docs
	@$(BIN)/python -m cds_service doc --html build/docs

fuzz: $(TEST_STAMP) ## Attack the service for ten minutes and report the findings
	@$(BIN)/python -m tests.fuzz

bench: $(TEST_STAMP) ## Compare the service's speed with a server that does nothing
	@$(BIN)/python -m tests.bench

interop: $(TEST_STAMP) ## Test exports and answers with other systems (Java 17, Maven, Node)
	@$(BIN)/python -m tests.interop

cql: $(TEST_STAMP) ## Compare the criteria in CQL with the service's decisions (Node)
	@$(BIN)/python -m tests.interop cql

clean: ## Remove everything that make created
	@rm -rf $(VENV) build dist *.egg-info
