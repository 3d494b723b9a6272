# make run    set up, index corpus/, open the chat page on http://127.0.0.1:7860
# make test   set up with the test tools, lint, check types, run the tests (SLOW=1: all of them)
# make audit  ask for known weaknesses of what is installed; needs the network
# make install alone makes .venv with the `rag` command in it

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
AUDIT  := $(VENV)/audit
PIP    := $(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt
HOST   ?= 127.0.0.1
PORT   ?= 7860
CORPUS := $(shell find corpus -type f)

.PHONY: run test install index lint types tests audit clean

run: index
	$(BIN)/rag chat --host $(HOST) --port $(PORT)

test: $(VENV)/test lint types tests

install: $(VENV)/run

index: indexes/default/current

indexes/default/current: $(VENV)/run $(CORPUS)
	$(BIN)/rag index corpus/
	@touch $@

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/run: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "installing; the first time this downloads about 500 MB"
	$(PIP) --editable .
	@touch $@

$(VENV)/test: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "installing with the test tools; the first time this downloads about 750 MB"
	$(PIP) --editable '.[test]'
	@touch $@ $(VENV)/run

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types:
	$(BIN)/mypy

tests:
	OMP_WAIT_POLICY=passive $(BIN)/python -m pytest -n 2 $(if $(SLOW),,-m "not slow")

# Its own errors, tracebacks among them, go to a file, of which the last line is told.
audit: $(VENV)/run
	$(PYTHON) -m venv $(AUDIT)
	@$(AUDIT)/bin/pip install -qq --disable-pip-version-check pip-audit 2> $(AUDIT)/said || { \
	  echo "pip-audit can't be installed ($$(tail -n 1 $(AUDIT)/said | cut -c 1-200)); it comes" \
	    "from PyPI; where PyPI can be reached: make audit"; exit 1; }
	@$(AUDIT)/bin/pip-audit --strict --skip-editable --progress-spinner off \
	  --path $$($(BIN)/python -c "import sysconfig; print(sysconfig.get_path('purelib'))") \
	  > $(AUDIT)/found 2> $(AUDIT)/said || { \
	  if [ -s $(AUDIT)/found ]; then cat $(AUDIT)/found; \
	    echo "these packages have known weaknesses; none should; put a version that mends them" \
	      "into constraints.txt, then: make test SLOW=1"; \
	  else echo "not audited ($$(tail -n 1 $(AUDIT)/said | cut -c 1-200)); every package must be" \
	    "found in PyPI's database, https://pypi.org; where it can be reached: make audit"; \
	  fi; exit 1; }
	@tail -n 1 $(AUDIT)/said

clean:
	rm -rf $(VENV) indexes/default .pytest_cache .mypy_cache .ruff_cache
