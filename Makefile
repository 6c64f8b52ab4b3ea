# maspo: `make demo` and `make test` do all the set-up themselves. They need python3 (3.11 or newer) and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check --no-input
export PIP_ROOT_USER_ACTION := ignore

.PHONY: help demo test picture clean

help:
	@echo "make demo     install maspo into $(VENV) and run it on the simulated world (no key, no model)"
	@echo "make test     install the development tools as well and run every check"
	@echo "make picture  run the demo again and renew its picture in README.md (needs chromium)"
	@echo "make clean    remove $(VENV) and caches"

demo: $(VENV)/installed
	@$(BIN)/maspo demo

test: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

picture: $(VENV)/installed
	$(BIN)/python docs/images/refresh.py

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis

# The stamps are renewed when pyproject.toml changes. The source is installed in place, so its changes need no install.
$(VENV)/installed: pyproject.toml | $(VENV)/ready
	$(PIP) install --editable .
	@touch $@

$(VENV)/installed-dev: pyproject.toml $(VENV)/installed
	$(PIP) install --group dev
	@touch $@

# pip reads dependency groups from 25.1 on; the pip that comes with Python 3.11 is older.
$(VENV)/ready:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "maspo needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) --version 2>&1)." >&2; \
	  echo "Name a newer one: make $(or $(MAKECMDGOALS),demo) PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV) || { \
	  echo "$(PYTHON) cannot make a virtual environment; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	$(PIP) install --upgrade 'pip>=25.1'
	@touch $@
