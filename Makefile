# Needs Python 3.11 or newer with its venv module, and nothing else. `make help` lists the commands.

PYTHON := $(shell for one in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$one" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$one" && break; done)
VENV := .venv/bin/python
CHECKED := bmc switches workers opsportal/domain stack lab

# Hundreds of processes are started from the same code: it is compiled once, whatever the environment says.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo test installers lint format bench clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: setup ## Portal, workers and a data centre to play with; PORT=8000 LAB=24 (servers) DATA=.data MACHINES=qemu (real ones)
	@$(VENV) -m stack demo --ends-with-parent

test: setup-dev ## Everything: installs what tests need, checks, runs all tests; ARGS for pytest
	@$(VENV) -m stack.system_tools requirements-apt.txt
	@$(if $(ARGS),:,$(VENV) -m stack.frontend </dev/null >/dev/null 2>&1 &) # pages for the browser tests, meanwhile
	@$(MAKE) --no-print-directory lint
	@$(VENV) -m pytest -p tests.ordering -n auto --maxprocesses 8 --dist loadgroup --no-loadscope-reorder $(ARGS)

lint: setup-dev ## ruff, mypy (strict) and the rules about who may import whom
	@$(VENV) -m ruff check .
	@$(VENV) -m mypy --strict $(wildcard $(CHECKED))
	@PYTHONPATH=. .venv/bin/lint-imports

format: setup-dev ## Formats the code
	@$(VENV) -m ruff format .

bench: setup-dev ## Measures beside peers, into build/bench.json; ONLY=name for one
	@$(VENV) -m stack.system_tools requirements-apt.txt
	@$(VENV) -m stack.system_tools requirements-apt-bench.txt
	@$(VENV) -m benchmarks

installers: setup-dev ## Distributions' own installers on real-part machines: KVM, apt, a mirror, an hour; ARGS for pytest
	@$(VENV) -m stack.system_tools requirements-apt.txt
	@$(VENV) -m pytest -p tests.ordering -s tests/installers/run_debian.py $(ARGS)

setup: ## The Python environment in .venv, from pinned requirements
	@$(if $(PYTHON),$(PYTHON) -m stack.environment,$(NO_PYTHON))

setup-dev:
	@$(if $(PYTHON),$(PYTHON) -m stack.environment --dev,$(NO_PYTHON))

clean: ## Removes what was built (not .venv, not the state in .data)
	rm -rf .web .states build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

NO_PYTHON = echo "This needs Python 3.11 or newer, and none is on PATH: install one (on Debian or Ubuntu: apt-get install python3 python3-venv)." >&2; exit 1
