# Two commands matter, `make demo` and `make test`; each sets up what it needs, once.
# Another Python than the one found: make setup PYTHON=/path/to/python3

SHELL := /bin/bash
VENV := .venv
JAVA := $(VENV)/java_home
PACKAGES := $(VENV)/packages
SPARK := $(VENV)/spark

PY := $(VENV)/bin/python
SPARK_ENV = JAVA_HOME="$$(cat $(JAVA))" PYSPARK_PYTHON="$(CURDIR)/$(PY)"
WITH_SPARK = $(SPARK_ENV) $(PY)
USERS ?= 100000
MONTHS ?= 8
TIMES ?= 3
KEEP_HOURS ?= 168
N ?= 50
INSTANCES ?= 200
BENCHMARK_CYCLE ?= 2026-05
THROUGH ?= 2026-10
BANKS ?= 10
RECORDS ?= tests/data/benchmark/*.jsonl
LOOPS ?= tests/data/benchmark/loops/*.jsonl
ALLOCATIONS ?= tests/data/benchmark/allocations/*.jsonl
ROOT_GIVEN := $(ROOT)
ROOT ?= build/benchmark-$(USERS)
CYCLE = $(WITH_SPARK) jobs/run_cycle.py --env local --scenario mobile_activity $(if $(VERBOSE),--verbose) $(if $(OPEN),--open)

# What belongs to another Spark or another project on this machine must not reach ours.
unexport SPARK_HOME SPARK_CONF_DIR PYTHONPATH PYTHONHOME VIRTUAL_ENV

.PHONY: help demo demo-loop demo-berka benchmark benchmark-training benchmark-readout benchmark-allocation check-allocation compare-allocations benchmark-against benchmarks new-region vacuum test test-cluster screenshots torture lint setup zip wheel clean
.DEFAULT_GOAL := help

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' Makefile

demo: setup ## A month of the simulated bank, 2026-05, from raw tables to the read-out (into build/demo): [OPEN=1] [VERBOSE=1]
	@$(CYCLE) --region sandbox --cycle 2026-05

demo-loop: setup ## The demo and the month after it, 2026-06; what is done already is not done again
	@$(CYCLE) --region sandbox --cycle 2026-05 --through 2026-06

demo-berka: setup ## A month of a real Czech bank of the nineties, up to its scores (into build/demo-berka)
	@$(CYCLE) --region berka --cycle 1994-03 --as-of 1994-04-01 --set paths.root=build/demo-berka

benchmark: setup ## One measured cycle of a bank of any size: USERS=100000 [MONTHS=8] [ROOT=…] [SET="--set …"]
	@$(WITH_SPARK) jobs/lab/benchmark_month.py --env benchmark --cycle $(BENCHMARK_CYCLE) --vacuum \
	  --set sandbox.users=$(USERS) --set sandbox.history_months=$(MONTHS) --set paths.root=$(ROOT) $(SET)

benchmark-training: setup ## One training, a built bank's rows repeated: FROM=build/benchmark-100000 COPIES=70 [ROOT=…] [SET="--set …"]
	@$(WITH_SPARK) jobs/lab/benchmark_training.py --env benchmark --cycle $(BENCHMARK_CYCLE) --source $(FROM) --copies $(COPIES) \
	  --set paths.root=$(if $(ROOT_GIVEN),$(ROOT),$(FROM)-times-$(COPIES)) $(SET)

benchmark-readout: setup ## The month's read-out at any size, against one query per contrast: USERS=3370000 [TIMES=3] [ROOT=…]
	@$(WITH_SPARK) jobs/lab/benchmark_readout.py --env benchmark --users $(USERS) --times $(TIMES) --set paths.root=$(ROOT) $(SET)

benchmark-allocation: setup ## A wave's allocation by prices at any size, beside score and chunks: USERS=3370000 [ROOT=…] [SET="--set …"]
	@$(WITH_SPARK) jobs/lab/benchmark_allocation.py --env benchmark --users $(USERS) --set paths.root=$(ROOT) $(SET)

check-allocation: setup ## The allocation by prices against exact optima of so many instances: [INSTANCES=200]
	@$(PY) jobs/lab/check_allocation.py --env benchmark --instances $(INSTANCES)

compare-allocations: setup ## Users moved by the order, by prices and by the truth at equal spend: BANKS=10 USERS=20000 [THROUGH=2026-10] [ROOT=…]
	@$(WITH_SPARK) jobs/lab/compare_allocations_by_truth.py --env local --cycle $(BENCHMARK_CYCLE) --through $(THROUGH) --seeds $(BANKS) \
	  --set paths.root=$(if $(ROOT_GIVEN),$(ROOT),build/allocations) --set sandbox.users=$(USERS) --set campaign.arms.selected_share=0.3 \
	  --set model.lift.is_learnt=true --set model.reasons=false $(SET)

benchmark-against: setup ## This tree against another commit, side by side: REV=b1f37fb [ROWS="demo ingest"] [WITH="--users 200000"]
	@$(PY) jobs/lab/benchmark_against.py --rev $(REV) $(if $(ROWS),--rows $(ROWS)) $(WITH)

benchmarks: setup ## BENCHMARKS.md from records: [RECORDS="tests/data/benchmark/*.jsonl"] [LOOPS=…] [ALLOCATIONS=…]
	@$(WITH_SPARK) jobs/lab/render_benchmarks.py --records $(RECORDS) --loops $(wildcard $(LOOPS)) \
	  --allocations $(wildcard $(ALLOCATIONS)) --out BENCHMARKS.md

new-region: setup ## The conf of a new region, to be filled in: NAME=north (see docs/new-region.md); its guide's tables: GUIDE=docs/new-region.md
	@$(PY) jobs/new_region.py $(if $(GUIDE),--guide $(GUIDE),--name $(NAME))

vacuum: setup ## Remove files of old Delta versions: [ROOT=build/demo] [KEEP_HOURS=168] [FORCE=--force]
	@$(WITH_SPARK) jobs/lab/vacuum_bank.py --keep-hours $(KEEP_HOURS) $(FORCE) $(if $(ROOT_GIVEN),--set paths.root=$(ROOT))

test: lint ## Format, types and all tests; a part of them: make test TESTS=tests/features
	@$(if $(TESTS),$(WITH_SPARK) -m pytest $(TESTS),$(SPARK_ENV) .ci/tests $(PY))

screenshots: setup ## Pictures of the newest report and of the registry for docs/images, by Chromium: [ROOT=build/demo]
	@$(PY) .ci/screenshots.py $(if $(ROOT_GIVEN),$(ROOT),build/demo) docs/images
	@$(PY) .ci/registry_page.py $(if $(ROOT_GIVEN),$(ROOT),build/demo) docs/images/mlflow.png

torture: setup ## A tiny month killed (kill -9) at N random moments and run on each time: N=50 [SEED=…]
	@TORTURE_KILLS=$(N) TORTURE_SEED=$(SEED) $(WITH_SPARK) -m pytest -s tests/cycle/again/test_killed.py

test-cluster: setup ## A small month on Spark's own master and two workers, which lose executors
	@$(WITH_SPARK) -m pytest tests/cycle/cluster

lint: setup ## Format and types alone (ruff, mypy)
	@$(PY) -m ruff check . && $(PY) -m ruff format --check . && $(PY) -m mypy

setup: $(SPARK) ## Python packages, Java and Spark's jars; the other targets call it

zip: build/reactivation.zip build/reactivation_lab.zip ## Two libraries for spark-submit's --py-files: the product, and the lab that simulates a bank

build/%.zip: FORCE
	@rm -rf build/zip-$* $@ && mkdir -p build/zip-$* && cp -R lib/$* build/zip-$*
	@find build/zip-$* -name __pycache__ -prune -exec rm -rf {} +
	@python="$$(.ci/python $(PYTHON))" && cd build/zip-$* && "$$python" -m zipfile -c ../$*.zip $*
	@rm -rf build/zip-$* && echo $@

FORCE:

wheel: $(PACKAGES) ## The library for Databricks (dist/reactivation-…-py3-none-any.whl)
	@rm -rf dist build/lib build/bdist.*
	@$(PY) -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist . && ls dist/*.whl
	@rm -rf build/lib build/bdist.*

clean: ## Remove what runs and tests wrote (.venv stays)
	@rm -rf build dist spark-warehouse metastore_db derby.log mlruns .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

# Java comes first: where a person has to install it, nobody should have waited for the packages.
$(JAVA): .ci/java
	@home="$$(.ci/java)" && mkdir -p $(VENV) && echo "$$home" > $@

# Where the Java found last time is gone, look again.
ifeq ($(wildcard $(shell cat $(JAVA) 2>/dev/null)/bin/java),)
.PHONY: $(JAVA)
endif

# From nothing, so that .venv holds what the lock says and nothing else. Spark comes as a source archive: setuptools first.
$(PACKAGES): requirements.lock setup.py | $(JAVA)
	@python="$$(.ci/python $(PYTHON))" && cd $(VENV) && rm -rf bin etc include lib lib64 share pyvenv.cfg packages spark && \
	  echo "Setting up $(VENV) with $$("$$python" --version): some minutes, once" >&2 && "$$python" -m venv .
	@$(PY) -m pip install --quiet --no-deps $$(grep '^setuptools==' requirements.lock)
	@$(PY) -m pip install --quiet --no-deps --no-build-isolation --use-pep517 -r requirements.lock -e .
	@touch $@

# The first start fetches Delta's jars and proves that Python, Java and Spark go together.
$(SPARK): $(PACKAGES) $(JAVA)
	@echo "Starting Spark for the first time: it fetches Delta's jars" >&2
	@$(WITH_SPARK) -c 'from reactivation.runtime.session import start; print("Spark", start({}).version, "is ready")' > $@.log 2>&1 \
	  || { cat $@.log >&2; echo "Spark did not start; what it said is above and in $@.log" >&2; exit 1; }
	@mv $@.log $@ && grep '^Spark ' $@ >&2
