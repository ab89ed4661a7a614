# Mail Trace. `make run` shows the main job, `make test` checks everything; both set up what they need in .venv.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# The compiled build has an environment of its own, so that the checkout stays what is worked on.
COMPILED ?= .venv-compiled
COMPILED_BIN := $(COMPILED)/bin
# What a compiled build must keep: the promises, and the answers. Tests of the heart are quick, and show where it breaks.
COMPILED_TESTS ?= tests/test_compiled.py tests/heart tests/formats tests/truth tests/promise tests/contract
# What speaks to an Elasticsearch itself, and what it holds: the rest sees no difference between its versions. With `tests` all that need one.
EIGHT_TESTS ?= tests/contract tests/cluster tests/servers tests/earlier tests/truth
# Where `make run` keeps its traces; a folder of the checkout, so that trying it out touches nothing else.
DATA ?= data
# Log files of your own for `make run`, as the shell expands them: make run LOGS="/var/log/mail.log*"
LOGS ?=
# How many processes run the tests side by side; each has servers of its own. With 0 pytest runs them itself, for --pdb, say.
WORKERS ?= 2
# A file of tests stays in one process, so that what is made for a module is made once; files come in random order, as tests do. A process
# that crashes ends the run: in place of one whose last tests these were, another would be waited for without end.
SIDE_BY_SIDE := --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder --max-worker-restart 0
PYTEST := $(BIN)/python -m pytest $(SIDE_BY_SIDE)
COMPILE := $(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-annotate --no-header \
	--no-emit-index-url --no-emit-trusted-host --no-emit-options


# What the compiled build is made of: anything of it that changes has it made anew. It is made of a copy, so that whoever builds something
# of the checkout meanwhile, as tests do, finds nothing of it there.
BUILT_OF := mappings ingest search mailtrace building setup.py pyproject.toml MANIFEST.in README.md LICENSE requirements
SOURCE := $(shell find mappings ingest search mailtrace building -type f -not -name '*.pyc') setup.py pyproject.toml

.PHONY: help run stop compiled test test-8 test-compiled test-containers lint docs format bench truth soak venv sbom audit lock clean
.DEFAULT_GOAL := help

help: ## What can be made
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

# The two stamps stand for an installation: it is made anew when a lock file or the project's metadata changes.
$(VENV)/.run: requirements/run.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed; name one with: make PYTHON=python3.12 ..." >&2; exit 1; }
	@echo "== installing into $(VENV)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.test: requirements/test.txt $(VENV)/.run
	@echo "== installing what the tests need"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/test.txt
	@touch $@

# What makes clients of the API's description for tests: a Python package with much of its own, and some of npm's.
$(VENV)/clients/.done: requirements/clients.txt tests/http/clients/package-lock.json $(VENV)/.run
	@echo "== installing what makes clients"
	@$(BIN)/python -m venv $(VENV)/clients
	@$(VENV)/clients/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/clients.txt
	@cp tests/http/clients/package.json tests/http/clients/package-lock.json $(VENV)/clients/
	@npm ci --prefix $(VENV)/clients --ignore-scripts --no-audit --no-fund --silent
	@touch $@

venv: $(VENV)/.test $(VENV)/clients/.done ## The environment for working on it, in .venv

run: $(VENV)/.run ## Read logs (LOGS="...", else a bundled real capture), show a search and a report, then the page
ifeq ($(strip $(LOGS)),)
	@$(BIN)/mailtrace --data $(DATA)/demo demo
	@deploy/page $(BIN)/mailtrace $(DATA)/demo
else
	@echo '$$ $(BIN)/mailtrace --data $(DATA) ingest --once $(LOGS)'
	@$(BIN)/mailtrace --data $(DATA) ingest --once $(LOGS)
	@echo '$$ $(BIN)/mailtrace --data $(DATA) search --limit 20'
	@$(BIN)/mailtrace --data $(DATA) search --limit 20
	@id=$$($(BIN)/mailtrace --data $(DATA) search --limit 1 --format jsonl 2>/dev/null | sed -E 's/^\{"id":"([0-9a-z]+)".*/\1/'); \
	  if [ -n "$$id" ]; then echo "$$ $(BIN)/mailtrace --data $(DATA) report $$id"; $(BIN)/mailtrace --data $(DATA) report "$$id"; fi
	@deploy/page $(BIN)/mailtrace $(DATA)
endif

stop: ## End a page that `make run` left running
	@deploy/page --stop $(DATA)/demo $(DATA)

$(COMPILED)/.run: requirements/run.txt requirements/compile.txt $(SOURCE)
	@echo "== compiling into $(COMPILED); it takes some minutes"
	@test -x $(COMPILED_BIN)/python || $(PYTHON) -m venv $(COMPILED)
	@$(COMPILED_BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt -r requirements/compile.txt
	@rm -rf $(COMPILED)/source && mkdir $(COMPILED)/source && cp -R $(BUILT_OF) $(COMPILED)/source
	@MAILTRACE_COMPILED=1 $(COMPILED_BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --force-reinstall $(abspath $(COMPILED))/source
	@rm -rf $(COMPILED)/source
	@touch $@

compiled: $(COMPILED)/.run ## The same program with its hot modules compiled, in .venv-compiled
	@echo "$(COMPILED_BIN)/mailtrace is the compiled build"

lint: $(VENV)/.test ## Style and types
	@echo "== ruff"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@echo "== mypy"
	@$(BIN)/mypy

test: lint $(VENV)/clients/.done ## Style, types and all tests
	@echo "== pytest"
	@$(PYTEST) $(TESTS)

$(COMPILED)/.test: requirements/test.txt $(COMPILED)/.run
	@$(COMPILED_BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/test.txt
	@touch $@

# The tests see the checkout without its packages, so that they find those that are installed; the first of them looks that they do.
test-compiled: $(VENV)/.test $(COMPILED)/.test ## The promises, formats and contracts on the compiled build; without a cluster
	@echo "== pytest on the compiled build"
	@rm -rf $(COMPILED)/checkout && mkdir $(COMPILED)/checkout
	@for one in tests bench building deploy docs requirements pyproject.toml README.md; do ln -s ../../$$one $(COMPILED)/checkout/$$one; done
	@cd $(COMPILED)/checkout && MAILTRACE_TEST_COMPILED=1 ../bin/python -m pytest $(SIDE_BY_SIDE) -m "not elasticsearch" $(COMPILED_TESTS)
	@echo "== the whole stores of the captures, pure and compiled"
	@rm -rf $(COMPILED)/answers
	@PYTHONPATH=tests $(BIN)/python -m whole_stores $(COMPILED)/answers/pure & \
	  (cd $(COMPILED)/checkout && PYTHONPATH=tests ../bin/python -m whole_stores ../answers/compiled) && wait $$!
	@diff -rq $(COMPILED)/answers/pure $(COMPILED)/answers/compiled && echo "they are the same"

test-8: $(VENV)/.test ## What speaks to an Elasticsearch, on version 8 (the other tests use 9)
	@echo "== pytest on Elasticsearch 8"
	@MAILTRACE_TEST_ELASTICSEARCH_VERSION=8 $(PYTEST) -m elasticsearch $(EIGHT_TESTS)

test-containers: $(VENV)/.test ## The tests that need Docker: the image, docker-compose.yml, testcontainers
	@tests/containers/run $(BIN)/python

truth: $(VENV)/.test ## Ask about every message of the captures, and compare with what really happened
	@PYTHONPATH=tests $(BIN)/python -m truth

bench: $(VENV)/.run ## What reading, storing, following and searching cost (BENCH="--large" for a million lines)
	@$(BIN)/python -m bench $(BENCH)

soak: $(VENV)/.test ## Long runs: kills, files, memory, hostile lines; figures add up in .soak (SOAK="--hour" for the hour too)
	@PYTHONPATH=tests $(BIN)/python -m soak $(SOAK)

sbom: $(VENV)/.test ## What it is made of, as sbom.json (CycloneDX)
	@$(BIN)/python deploy/sbom.py sbom.json
	@echo "sbom.json: $$(grep -c '"type": "library"' sbom.json) packages"

$(VENV)/audit/.done: requirements/audit.txt $(VENV)/.run
	@$(BIN)/python -m venv $(VENV)/audit
	@$(VENV)/audit/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/audit.txt
	@touch $@

audit: $(VENV)/audit/.done ## Ask for known advisories on the pinned versions
	@$(BIN)/python deploy/audit.py $(VENV)/audit/bin/pip-audit requirements/run.txt requirements/test.txt

docs: $(VENV)/.test ## Write the generated parts of the docs anew
	@$(BIN)/python -m mailtrace.cli.reference README.md docs/*.md

format: $(VENV)/.test ## Bring the style in order
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: ## Pin the dependencies anew (run with the oldest Python that is supported)
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'pip-tools>=7'
	@$(COMPILE) --extra=counts --output-file=requirements/run.txt pyproject.toml requirements/build.in
	@$(COMPILE) --extra=counts --extra=test --constraint=requirements/run.txt --output-file=requirements/test.txt pyproject.toml requirements/build.in
	@$(COMPILE) --constraint=requirements/run.txt --constraint=requirements/test.txt --output-file=requirements/compile.txt requirements/compile.in
	@$(COMPILE) --output-file=requirements/audit.txt requirements/audit.in
	@$(COMPILE) --output-file=requirements/clients.txt requirements/clients.in

clean: ## Remove what was installed and made
	@rm -rf $(VENV) $(COMPILED) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
