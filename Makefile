# Set-up and checks. `make demo` and `make test` need Python 3.11+, pip and make, and install the rest:
# what pip cannot bring (libgomp, a browser, Java, PostgreSQL) through apt where they run as root.
PYTHON ?= python3
VENV ?= .venv
WORKERS ?= 2
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: help demo test check docs notebooks site benchmarks clean

help:  ## show this help
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c "import sys; sys.exit('Python 3.11 or newer is needed; set PYTHON=') if sys.version_info < (3, 11) else None"
	@$(PYTHON) tests/support/machine.py library
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { \
	  $(PYTHON) -m venv --clear --without-pip $(VENV) && $(PYTHON) -m pip --python $(BIN)/python install --quiet pip; }
	$(BIN)/python -m pip install --quiet --upgrade --constraint constraints.txt pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group dev --editable ".[all]"
	touch $(INSTALLED)

demo: $(INSTALLED)  ## simulate, train, write the morning's watch list, serve one request
	$(BIN)/dropout-risk demo --out demo

test: $(INSTALLED)  ## run all tests, by two workers unless WORKERS says otherwise
	@$(BIN)/python tests/support/machine.py tests
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal

check: $(INSTALLED)  ## lint, types, layers, every module importable
	$(BIN)/ruff format --check src tests serving benchmarks models notebooks docs/_site
	$(BIN)/ruff check src tests serving benchmarks models notebooks docs/_site
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tests/import_every_module.py

docs: $(INSTALLED)  ## write the generated pages again
	$(BIN)/python -m dropout_risk.catalogue.render docs/reference/catalogue.md
	$(BIN)/python -m dropout_risk.pages.errors_page docs/reference/errors.md
	$(BIN)/python -m dropout_risk.access.access_page docs/reference/access.md
	$(BIN)/python -m dropout_risk.scoring.request_schema src/dropout_risk/scoring/contract/score.request.schema.json

$(VENV)/.site: $(INSTALLED)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group site
	touch $@

notebooks: $(VENV)/.site  ## run the notebooks and keep them with what they show, in build/notebooks
	$(BIN)/python docs/_site/run_notebooks.py build/notebooks

site: $(VENV)/.site  ## write the documentation site to build/site, with the notebooks that were run
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

benchmarks: $(INSTALLED)  ## measure what docs/explanation reports
	$(BIN)/python benchmarks/real_data.py
	$(BIN)/python benchmarks/oulad.py
	$(BIN)/python benchmarks/oulad_hazard.py
	$(BIN)/python benchmarks/hsls_records.py
	$(BIN)/python benchmarks/simulated.py
	$(BIN)/python benchmarks/simulated_hazard.py truth
	$(BIN)/python benchmarks/simulated_hazard.py when
	$(BIN)/python benchmarks/leaks.py
	$(BIN)/python benchmarks/faithfulness.py
	$(BIN)/python benchmarks/simulator.py
	$(BIN)/python benchmarks/missing_values.py
	$(BIN)/python benchmarks/kdd16.py
	$(BIN)/python benchmarks/kdd16.py --out-of-course
	$(BIN)/python benchmarks/training.py

clean:  ## remove the environment and everything made
	rm -rf $(VENV) build demo .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
