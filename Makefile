# `make help` is the map. The two commands of the README are `make start` and `make test`.

PYTHON := .venv/bin/python
PYTEST := .venv/bin/pytest
SOURCES := server benchmarks scripts docs manage.py

# If the environment forbids writing compiled modules, every process compiles all of them again.
export PYTHONDONTWRITEBYTECODE :=

LONG_FORMS := $(if $(filter full,$(UWS_TEST_BUDGET)),-m "soak or not soak")

.DEFAULT_GOAL := help
.PHONY: help start stop test test-all test-fast lint types docs sizes spec rules fuzz-api bench-api bench-extension bench-launch bench-live bench-memory bench-relay bench-zip extension reana test-reana test-reana-front test-reana-wheel screenshots locks run-parts extension-part dev-parts test-parts reana-parts

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

start: run-parts extension-part ## Install what is missing, start the server, print its URL and a login link
	@exec $(PYTHON) manage.py start

stop: run-parts ## End every session and the server
	@$(PYTHON) manage.py stop

test: dev-parts test-parts ## Check everything: style, types, layers, SQLite, PostgreSQL, browser, extension
	@scripts/test

test-all: dev-parts test-parts ## Check everything, with the long forms: crowds, kills, full fuzz budgets, PostgreSQL, VS Code
	@scripts/install vscode
	@UWS_TEST_BUDGET=full scripts/test

test-fast: dev-parts ## Run the short tests of every part, on SQLite (at most 90 seconds)
	@$(PYTEST) -q -n 3 --dist loadscope -m "not slow and not browser and not environment"

lint: dev-parts ## Check style, layers and templates
	.venv/bin/ruff check $(SOURCES)
	.venv/bin/ruff format --check $(SOURCES)
	.venv/bin/lint-imports
	.venv/bin/djlint server/src --check --lint --quiet

types: dev-parts ## Check types, strictly
	.venv/bin/mypy server/src server/tests

docs: dev-parts ## Build the documentation; a warning is an error
	.venv/bin/sphinx-build -W -q docs docs/_build/html

dev-parts: ## Install what the tests and checks need into .venv (pytest, mypy, ruff, ...)
	@scripts/install dev

sizes: dev-parts ## Print the sizes of files and functions against their limits
	@$(PYTHON) scripts/sizes.py

spec: dev-parts ## Write the description of the API: user-workspaces-spec.yaml
	@$(PYTHON) manage.py spec > .spec.yaml && mv .spec.yaml user-workspaces-spec.yaml

fuzz-api: dev-parts ## Send 5,000 requests generated from the API's description to a running server
	@PYTHONPATH=server/tests $(PYTHON) scripts/fuzz_api.py

bench-api: dev-parts ## Measure the CPU time of the web process per request, against a constant view
	@PYTHONPATH=server/tests:server/src $(PYTHON) -P benchmarks/api.py

bench-launch: dev-parts ## Time from a launch to JupyterLab, against a bare `jupyter lab` in the same run
	@PYTHONPATH=server/tests $(PYTHON) benchmarks/launch.py

bench-zip: dev-parts ## CPU time and memory of zip downloads, against two libraries that have to be installed
	@PYTHONPATH=server/src $(PYTHON) -P benchmarks/zip_stream.py

bench-relay: dev-parts ## Speed of the proxy's relay against going direct (and nginx, where it is installed)
	@$(PYTHON) benchmarks/relay.py

bench-live: dev-parts ## Measure the time from a change of a job to a thousand WebSockets, and their memory
	@PYTHONPATH=server/tests:server/src $(PYTHON) -P benchmarks/live.py

bench-memory: dev-parts ## Measure the memory that the web process keeps after long lists, with and without its bound
	@PYTHONPATH=server/tests:server/src $(PYTHON) -P benchmarks/memory.py

extension: run-parts ## Build the wheel of the REANA extension, which sessions get, if its sources have changed
	@scripts/install extension

rules: ## Copy the rules of specifications from the server into the extension; a test compares them
	@rm -rf reana/reana_jupyterlab/reana/rules
	@cp -r server/src/user_workspaces/workflows/specification/rules reana/reana_jupyterlab/reana/rules
	@rm -rf reana/reana_jupyterlab/reana/rules/__pycache__

reana: ## Build the front end of the REANA extension where its sources are, to work on it (needs Node)
	@scripts/install reana-front
	@cd reana && PATH="$(CURDIR)/.venv-reana/bin:$$PATH" && jlpm build:prod

test-reana-front: reana ## Check style, types, units and browser tests of the extension's front end
	@cd reana && PATH="$(CURDIR)/.venv-reana/bin:$$PATH" && jlpm lint && jlpm test
	@cd reana && ../.venv-reana/bin/pytest -q -n 2 $(LONG_FORMS) ui-tests

test-reana: reana-parts ## Check the REANA extension's server part, in an environment of its own
	@cd reana && ../.venv-reana/bin/ruff check . && ../.venv-reana/bin/ruff format --check . && ../.venv-reana/bin/mypy
	@cd reana && ../.venv-reana/bin/pytest -q -n 2

test-reana-wheel: extension reana-parts ## Try the wheel in a fresh environment without Node, in the newest JupyterLab (test-all: and the oldest)
	@cd reana && ../.venv-reana/bin/pytest -q $(LONG_FORMS) wheel-tests

bench-extension: reana-parts ## Measure Jupyter's response times while REANA hangs, the overhead of a list, the memory of a download
	@.venv-reana/bin/python reana/benchmarks/extension.py

screenshots: dev-parts test-parts extension reana ## Take the screenshots of the documentation
	@PYTHONPATH=server/tests $(PYTHON) docs/take_screenshots.py
	@PYTHONPATH=server/tests $(PYTHON) docs/take_application_screenshots.py
	@cd reana && ../.venv-reana/bin/python ui-tests/take_screenshots.py

locks: dev-parts ## Resolve the dependencies again (hashes, no addresses)
	.venv/bin/uv pip compile pyproject.toml -q --generate-hashes --universal --no-header -o requirements.lock
	.venv/bin/uv pip compile pyproject.toml -q --extra dev --generate-hashes --universal --no-header -o requirements-dev.lock
	.venv/bin/uv pip compile reana/pyproject.toml -q --extra dev --generate-hashes --universal --no-header -o reana/requirements-dev.lock
	cd server/src/user_workspaces/plugins/job_type/jupyter_lab && $(CURDIR)/.venv/bin/uv pip compile requirements.in -q --generate-hashes --universal --no-header --python-version 3.11 -o requirements.lock
	cd server/src/user_workspaces/plugins/environment/python && $(CURDIR)/.venv/bin/uv pip compile requirements.in -q --generate-hashes --universal --no-header --python-version 3.11 -o requirements.lock
	.venv/bin/uv pip compile reana/packaging/requirements.in -q --generate-hashes --universal --no-header -o reana/packaging/requirements.lock
	.venv/bin/uv pip compile reana/packaging/node.in -q --generate-hashes --universal --no-header -o reana/packaging/node.lock

run-parts:
	@scripts/install run

# The server also starts without the extension.
extension-part:
	@scripts/install extension || true

reana-parts:
	@scripts/install reana

test-parts:
	@scripts/install system
	@scripts/install reana-client || true
	@scripts/install docker || true
