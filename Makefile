# `make` builds the book, `make test` tests everything; both set up .venv first.
PYTHON ?= $(shell command -v python3.11 || command -v python3 || command -v python)
VENV := .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
NEW_ENOUGH := import sys; assert sys.version_info >= (3, 11)
USABLE := $(NEW_ENOUGH); import pip # in an environment; Debian's own Python may be without
SHOW := print("%d.%d" % sys.version_info[:2])
# Of the Python in .venv, or else of the one that will be there.
VERSION := $(shell { $(BIN)/python -c '$(USABLE); $(SHOW)' || "$(PYTHON)" -c '$(NEW_ENOUGH); $(SHOW)'; } 2> /dev/null)
# Exact versions, for Python 3.11; empty for another Python: the newest that pyproject.toml allows.
CONSTRAINTS ?= $(if $(filter 3.11,$(VERSION)),constraints.txt)
NAME ?=
COURSE ?=
export NAME COURSE
export PIP_DISABLE_PIP_VERSION_CHECK := 1

CHAPTERS := $(wildcard *.qmd) _quarto.yml network.toml references.bib $(wildcard *.css *.scss interactive/adam/* interactive/backprop/*)
RESULTS := $(wildcard results/*.json results/*.csv results/weights.safetensors results/predictions.safetensors)
PACKAGE := $(shell find src -type f -not -path '*/__pycache__/*')
SOURCES := $(CHAPTERS) $(RESULTS) $(PACKAGE)

.DEFAULT_GOAL := book
.NOTPARALLEL: # two targets would install into one environment
.PHONY: book submission train coding check test coverage lint scripts types format lock clean help

book: _book/.qmdbook ## build site, PDF and notebooks into _book/ (the default)
	@echo "The book: _book/index.html and _book/hw1.pdf"

ifneq ($(words $(wildcard _book/index.html _book/hw1.pdf)),2)
.PHONY: _book/.qmdbook
endif
_book/.qmdbook: $(SOURCES) | $(VENV)/.installed
	$(BIN)/hw1 render

submission: | $(VENV)/.installed ## write submission/theory.pdf and coding.ipynb; NAME="…" and COURSE="…" go on both
	$(BIN)/python handin/hand_in.py submission --name="$$NAME" --course="$$COURSE" $(if $(EXAMPLE),--example)

train: | $(VENV)/.installed ## train question 3's nets again, run the hand-in's notebook, and write results/
	$(BIN)/hw1 train
	$(MAKE) coding

coding: | $(VENV)/.installed ## run the hand-in's notebook again (minutes)
	$(BIN)/python handin/hand_in.py execute

check: lint types coverage ## style, types and every test, the slow ones too

test: | $(VENV)/.installed-test ## run the tests, but the slow ones
	$(BIN)/python -m pytest -n auto -m "not slow"

coverage: | $(VENV)/.installed-test ## run every test, the slow ones too, and measure their coverage
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n auto
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

lint: | $(VENV)/.installed-test ## check style, spelling, the order of imports and the dependencies
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/lint-imports
	$(BIN)/deptry .
	@$(MAKE) --no-print-directory scripts

scripts: ## check style and types of the interactive figures' scripts, where Node is installed
	@if command -v npm > /dev/null && (cd interactive && npm ci --silent --no-audit --no-fund); \
	then cd interactive && npm run --silent lint; \
	else echo "SKIPPED: the scripts in interactive/ are not checked, for which Node 20 and its packages are needed."; fi

types: | $(VENV)/.installed-test ## check types
	$(BIN)/mypy

format: | $(VENV)/.installed-test ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	@if test -d interactive/node_modules; then cd interactive && npm run --silent format; fi

lock: ## write constraints.txt anew: the newest version of everything but PyTorch
	rm -rf .lock
	"$(PYTHON)" -m venv .lock
	grep '^torch' constraints.txt > .lock/torch.txt
	.lock/bin/python -m pip install --quiet --constraint .lock/torch.txt '.[test]'
	grep '^#' constraints.txt > .lock/constraints.txt
	.lock/bin/python -m pip freeze --all | sed 's/+.*//' | LC_ALL=C sort -f \
	  | grep -Ev '^(hw1lib|pip|wheel)\b|^(nvidia|cuda|triton)' >> .lock/constraints.txt
	mv .lock/constraints.txt constraints.txt
	rm -rf .lock

clean: ## remove everything that was built, the environment too
	rm -rf _book submission .cache .quarto .lock ._book.qmdbook-lock .submission.qmdbook-lock $(VENV)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

ANOTHER := name one by make PYTHON=/path/to/python

# Makes the environment, anew if it was left half made or has a Python that is too old.
.PHONY: $(VENV)
$(VENV):
	@test -n "$(PYTHON)" || { echo "No Python was found: install Python 3.11 or newer, or $(ANOTHER)."; exit 2; }
	@"$(PYTHON)" -c '$(NEW_ENOUGH)' 2> /dev/null || { echo "$(PYTHON) can't be used, since Python 3.11 or newer is needed: $(ANOTHER)."; exit 2; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2> /dev/null || { echo "$(PYTHON) can't make environments: on Debian, install its package python3-venv, or $(ANOTHER)."; exit 2; }
	"$(PYTHON)" -m venv --clear $(VENV)

$(VENV)/.installed: pyproject.toml $(CONSTRAINTS)
	$(call install,.[book])

$(VENV)/.installed-test: pyproject.toml $(CONSTRAINTS)
	$(call install,.[test])
	touch $(VENV)/.installed

define install
	@$(BIN)/python -c '$(USABLE)' 2> /dev/null || $(MAKE) --no-print-directory $(VENV)
	@echo "Installing into $(VENV) (the first time this takes a few minutes)"
	$(BIN)/python -m pip install --quiet $(addprefix --constraint ,$(CONSTRAINTS)) --editable '$(1)'
	touch $@
endef
