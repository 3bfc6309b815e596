# Why: a newcomer needs two commands, `make demo` and `make test`; the others serve whoever works on the code.
# Rule: each target works in a fresh clone, does its own set-up once, and writes to ignored files only.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
ROUNDS ?=
# Most tests wait, for a broker, a round or a process: two for each processor keep it at work, and two more while the
# brokers' tests go on.
JOBS ?= $(shell echo $$((2 * $$(nproc) + 2)))
BIN := .venv/bin
# Where it is set, each program that a test starts would compile all of ours anew.
unexport PYTHONDONTWRITEBYTECODE

# What makes and runs two Xen hypervisors on this machine.
LAB_PACKAGES := e2fsprogs mmdebstrap qemu-system-x86
# And two hosts of libvirt's QEMU driver, each in namespaces of its own.
PAIR_PACKAGES := iproute2 libvirt-clients libvirt-daemon libvirt-daemon-driver-qemu

# What the tests ask of Debian: the real brokers and the real MCollective (with what its process agent needs), libvirt
# (built for .venv's Python), promtool, systemd-analyze, Vim; and a lab of two hypervisors.
PACKAGES := activemq default-jre-headless gcc libc6-dev libvirt-dev mcollective mcollective-client pkg-config \
	prometheus python3-dev rabbitmq-server ruby-sys-proctable systemd vim $(LAB_PACKAGES) $(PAIR_PACKAGES)

.PHONY: help
help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: .venv/ready-demo  ## broker, agents and balancer on this machine; `make demo ROUNDS=12` ends by itself
	@$(BIN)/xen-balancer demo $(if $(ROUNDS),--rounds $(ROUNDS))

# What only reckons, and neither waits for anybody nor is waited for.
RECKONING := tests/core tests/dsl

# The Xen hypervisors come last: beside tests that want the processors for themselves an agent in there does not answer
# in time. They leave half of them idle, which is for whoever only reckons, last in the queue.
.PHONY: test
test: .venv/ready-test  ## all tests, with the real brokers, MCollective, libvirt and promtool, and two Xen hypervisors
	@code=0; \
		$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadgroup --no-loadscope-reorder -m "not xen" \
			$(RECKONING:%=--ignore %) || code=$$?; \
		nice -n 19 $(BIN)/python -m pytest --numprocesses 2 --timeout 900 $(RECKONING) >.venv/reckoning.log 2>&1 & \
		$(BIN)/python -m pytest -m xen tests/xen || code=$$?; \
		wait $$! || code=$$?; cat .venv/reckoning.log; exit $$code

.PHONY: lint
lint: .venv/ready-lint  ## ruff, its formatter, mypy --strict, the import contracts
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

.PHONY: lab
lab: | $(BIN)/python  ## two real Xen hypervisors on this machine, until Ctrl-C; as root on Debian 12
	@.ci/packages $(LAB_PACKAGES)
	@deploy/lab/run.sh $(BIN)/python

.PHONY: bench
bench: .venv/ready-test  ## how long a round takes: the core over 1,000 hosts, the wire over both brokers; long windows; a rule file
	@$(BIN)/python tests/bench/core_round.py
	@PYTHONPATH=. $(BIN)/python tests/bench/rules_round.py
	@PYTHONPATH=. $(BIN)/python tests/bench/long_windows.py
	@PYTHONPATH=. $(BIN)/python tests/bench/rules_file.py
	@PYTHONPATH=. $(BIN)/python tests/bench/wire_round.py

.PHONY: transcripts
transcripts: .venv/ready-test  ## writes what each scenario prints anew; read the difference before it is committed
	@$(BIN)/python -m tests.scenarios.regenerate

.PHONY: editors
editors: .venv/ready-test  ## writes the colours of rule files for editors anew, from the grammar and the vocabulary
	@PYTHONPATH=. $(BIN)/python deploy/editors/generate.py

.PHONY: reference
reference: .venv/ready-test  ## writes the tables of all words in docs/rules-words.md anew
	@PYTHONPATH=. $(BIN)/python docs/reference.py

.PHONY: picture
picture: .venv/ready-demo  ## draws docs/demo.svg anew, from a real run of the demo
	@$(BIN)/python docs/picture.py

.PHONY: setup
setup: .venv/ready-test .venv/ready-lint  ## everything that the other targets need, and nothing else

.PHONY: clean
clean:  ## removes what the other targets made, Debian's packages excepted
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist demo-state
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@.ci/venv "$(PYTHON)"

.venv/ready-%: pyproject.toml | $(BIN)/python
	@echo "Installing into .venv what the $* target needs: a minute or two, once"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --editable '.[$*]'
	@touch $@

.venv/ready-test: | packages

.PHONY: packages
packages: | $(BIN)/python
	@PYTHON=$(BIN)/python .ci/packages $(PACKAGES)
