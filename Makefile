# Everything a newcomer needs, in a few words each: `make help`.

PYTHON ?= python3
# On 2 cores: many tests wait for processes, leases and polls.
TEST_PROCESSES ?= 4
VENV := .venv
BIN := $(VENV)/bin
# The migration from Celery. Once it is over: remove the folder and this line.
BRIDGE := celery_bridge
RUN := $(BIN)/python -m

# Tests start hundreds of Python processes, and none needs to compile the modules again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo drill up test test-quick campaigns rehearsals fuzz-api soak prove-objectives sabotage check format artwork bench-video bench-telemetry bench-upload bench-api bench-worker bench-cloudwatch release deploy-plan clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

# One stamp file for each list of packages: set-up happens once, and again when a list changes.
$(VENV)/%.stamp: %.txt requirements.txt requirements-local.txt requirements-dev.txt constraints.txt $(BRIDGE:%=%/requirements.txt)
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing $< (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r $< $(if $(findstring dev,$*),$(BRIDGE:%=-r %/requirements-tests.txt))
	@touch $@

demo: $(VENV)/requirements-local.stamp ## upload a clip, watch it being processed, vote, see the metrics (CLIP=path/to/clip.mp4)
	@$(RUN) local.demo $(if $(CLIP),--clip "$(CLIP)")

drill: $(VENV)/requirements-local.stamp ## a burst, the loss of a zone and scaling in, with real workers (ARGS="--short")
	@$(RUN) local.drill $(ARGS)

up: $(VENV)/requirements-local.stamp ## the whole system on this machine until Ctrl-C
	@$(RUN) local.up

test: $(VENV)/requirements-dev.stamp ## all tests but the campaigns, on SQLite and on a real PostgreSQL
	@$(RUN) pytest -n $(TEST_PROCESSES) --dist worksteal $(ARGS)

test-quick: $(VENV)/requirements-dev.stamp ## the tests that find most faults, in a minute: no PostgreSQL, no ffmpeg, no processes of the product
	@$(RUN) pytest --quick -n 3 --dist worksteal -q $(ARGS)

campaigns: $(VENV)/requirements-dev.stamp ## the tests that take minutes each: the drill, incidents and their alarms, 500 videos over the bridge, 24,000 random alarms, 100,000 random series of errors
	@$(RUN) pytest --campaigns -n $(TEST_PROCESSES) --dist worksteal $(ARGS)

rehearsals: $(VENV)/requirements-dev.stamp ## ten incidents on real processes: the pages and minutes of each (ARGS="--alarms-before REV" adds those of a revision)
	@$(RUN) pytest tests/faults/test_rehearsal.py -n 0 -q -s $(ARGS)

fuzz-api: $(VENV)/requirements-dev.stamp ## more than 5,000 requests that schemathesis thinks of, on SQLite and PostgreSQL each
	@$(RUN) pytest tests/service/openapi/test_fuzz.py -n 0 --fuzz-examples 420 $(ARGS)

soak: $(VENV)/requirements-dev.stamp ## five minutes of random faults over 500 videos (ARGS="--seed 7 --minutes 20")
	@$(RUN) tests.soak $(ARGS)

prove-objectives: $(VENV)/requirements-dev.stamp ## the alarms of the objectives beside naive promises, over 100,000 random series (ARGS="--from-seed 100000")
	@$(RUN) tests.alarms.burn_rates $(ARGS)

sabotage: $(VENV)/requirements-dev.stamp ## break copies of the product on purpose, and see each breakage found by its test (ARGS="NAME …")
	@$(RUN) tests.sabotage $(ARGS)

check: $(VENV)/requirements-dev.stamp ## ruff, mypy (strict), the imports between rooms, and the alarms: contract, quirks, unit tests, mutants
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@mkdir -p .local
	@for contracts in pyproject.toml $(BRIDGE:%=%/import-contracts.toml); do \
	  $(BIN)/lint-imports $$contracts >.local/import-contracts.txt || { cat .local/import-contracts.txt; exit 1; }; done
	@$(RUN) tests.architecture
	@$(RUN) alarms.check
	@$(RUN) alarms.test --mutants

format: $(VENV)/requirements-dev.stamp ## let ruff put the code in form
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --fix --quiet .

artwork: $(VENV)/requirements-local.stamp ## draw watermark and bumpers again
	@$(RUN) local.artwork

bench-video: $(VENV)/requirements-dev.stamp ## the clip pipeline beside its alternatives (minutes)
	@$(RUN) benchmarks.video $(ARGS)

bench-telemetry: $(VENV)/requirements-dev.stamp ## the API with a stalled metrics destination beside a healthy one
	@$(RUN) benchmarks.telemetry $(ARGS)

bench-upload: $(VENV)/requirements-dev.stamp ## memory of the API under uploads of 100 MB
	@$(RUN) benchmarks.upload $(ARGS)

bench-api: $(VENV)/requirements-dev.stamp ## the API beside FastAPI and Flask, and its pages in a contest of 2,000,000 votes
	@$(RUN) benchmarks.api $(ARGS)

bench-worker: $(VENV)/requirements-dev.stamp ## what the worker spends around the media work, beside Celery, dramatiq and boto3
	@$(RUN) benchmarks.worker $(ARGS)

bench-cloudwatch: $(VENV)/requirements-dev.stamp ## EMF lines read, alarms evaluated, plans made
	@$(RUN) benchmarks.cloudwatch $(ARGS)

deploy-plan: $(VENV)/requirements-dev.stamp ## what a deployment would change in the AWS account; changes nothing (ARGS="Release=…")
	@infra/deploy-plan $(ARGS)

release: $(VENV)/requirements-dev.stamp ## one versioned archive with wheels, for instances without a package index
	@infra/make-release

clean: ## remove the virtual environment and everything local
	rm -rf $(VENV) .local .mypy_cache .pytest_cache .ruff_cache .hypothesis
