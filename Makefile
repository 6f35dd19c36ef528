# Every task of the project; `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
# Behind a company's proxy only the system's store knows who signs; pip looks there too.
export UV_SYSTEM_CERTS ?= 1
export NODE_USE_SYSTEM_CA ?= 1
INSTALL = $(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/$*.lock
PROJECTS := --no-deps --no-build-isolation -e layers/waveflow -e local
LOCK = $(UV) pip compile --quiet --universal --generate-hashes --no-header \
	--python-version 3.11 --no-emit-package waveflow --no-emit-package waveflow-local

ARCHITECTURE ?= x86_64
# Tools whose own dependencies must not meet ours: each has its own environment.
TOOL := $(BIN)/uvx --quiet --from
SAM := SAM_CLI_TELEMETRY=0 $(TOOL) aws-sam-cli==1.170.0 sam
IMAGE_LOCK := $(UV) pip compile --quiet --universal --generate-hashes --no-header \
	--python-version 3.13 --no-emit-package waveflow -c requirements/run.lock \
	layers/waveflow/pyproject.toml --extra lambda

.DEFAULT_GOAL := help
.PHONY: help setup hooks run up soak-api test coverage check format lock clean images test-images \
	validate deploy bench-parity costs

help: ## List the tasks.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## (.*)/  make \1	\2/' | expand -t 22

$(UV): requirements/bootstrap.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "WaveFlow needs Python 3.11 or newer; name one: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "Python's venv module is missing; on Debian and Ubuntu: sudo apt install python3-venv" >&2; exit 1; }
	@echo "Setting up $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.lock
	@touch $(UV)

$(VENV)/.%: $(UV) requirements/%.lock layers/waveflow/pyproject.toml local/pyproject.toml
	@$(INSTALL)
	@$(UV) pip install --quiet --python $(BIN)/python $(PROJECTS)
	@touch $@

PAGE := local/page
PLAYER := $(PAGE)/node_modules/.package-lock.json

# The page's player; without Node the server draws, and the browser plays.
$(PLAYER): $(PAGE)/package-lock.json
	@if command -v npm >/dev/null; then \
		cd $(PAGE) && npm ci --silent --no-audit --no-fund && touch -c node_modules/.package-lock.json || \
		echo "npm could not install the page's player; the page works without it." >&2; \
	fi

# What numba compiles on the first call would hold up the first `make run`.
$(VENV)/.compiled: $(VENV)/.dev
	@$(BIN)/python -m waveflow.audio.listen.compiled
	@touch $@

setup: $(VENV)/.dev $(VENV)/.compiled $(PLAYER) ## Prepare .venv with everything that development needs.

hooks: setup ## Let git check each commit: format, lint, imports, syntax, subject.
	@$(BIN)/pre-commit install

soak-api: setup ## Upload 200 files of 5 MB to the API, 20 at once, and watch its memory.
	@$(BIN)/python -m tests.performance.soak_api

check: setup ## Check format, lint, types and imports, and run the fast tests.
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@report=$$($(BIN)/lint-imports --no-cache) || { echo "$$report"; exit 1; }
	@$(BIN)/pytest --quiet tests/unit tests/contract

# By file: a process holds one local AWS at a time, and a file shares its own.
test: setup ## Run every test.
	@$(BIN)/pytest --quiet --numprocesses 2 --dist loadfile

MEASURED := .cache/coverage

# The tests of `make test`, and every process that they start, under coverage.py.
coverage: setup ## Run every test and list the branches that none takes.
	@rm -rf $(MEASURED) && mkdir -p $(MEASURED)
	@$(BIN)/coverage run -m pytest --quiet --numprocesses 2 --dist loadfile
	@$(BIN)/coverage combine --quiet; rm -f $(MEASURED)/data.*
	@$(BIN)/coverage report --include='layers/*' --fail-under=95
	@$(BIN)/coverage report --include='local/*' --fail-under=90

format: setup ## Format the code, and mend what can be mended.
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

clean: ## Remove everything that was made here.
	@rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis out

lock: $(UV) ## Resolve the locks again.
	@$(LOCK) pyproject.toml --group run -o requirements/run.lock
	@$(LOCK) pyproject.toml --group dev -o requirements/dev.lock
	@$(IMAGE_LOCK) -o requirements/image-core.lock
	@$(IMAGE_LOCK) --extra webhook -o requirements/image-webhook.lock
	@$(IMAGE_LOCK) --extra audio -o requirements/image-audio.lock
	@$(IMAGE_LOCK) --extra audio --extra music -o requirements/image-music.lock
	@$(IMAGE_LOCK) --extra api -o requirements/image-api.lock

run: $(VENV)/.run ## Send audio through the whole pipeline; FILES="a.wav b.flac" for your own.
	@$(BIN)/waveflow run $(FILES)

up: $(VENV)/.run $(PLAYER) ## Keep the pipeline running for a server; ARGS="--port 4566" for options.
	@$(BIN)/waveflow up $(ARGS)

# The command that is printed is the command that runs.
.PHONY: invoke
invoke: $(VENV)/.run ## Run a stage's image by sam against `make up`; STAGE=waveform FILE=song.wav.
	@SAM_CLI_TELEMETRY=0 WAVEFLOW_SAM="$(TOOL) aws-sam-cli==1.170.0 sam" WAVEFLOW_ARCHITECTURE=$(ARCHITECTURE) \
		$(BIN)/waveflow invoke $(STAGE) $(if $(FILE),"$(FILE)") $(ARGS)

ADAPTER := public.ecr.aws/awsguru/aws-lambda-adapter:0.9.1

.PHONY: adapter
adapter:
	@docker image inspect $(ADAPTER) >/dev/null 2>&1 || docker pull --quiet $(ADAPTER) || { \
		echo "No registry gives the adapter: a stand-in takes its place, and streaming through it is not tried." >&2; \
		docker build --quiet --target no-adapter --tag $(ADAPTER) --file functions/Dockerfile .; }

images: $(UV) adapter ## Build the images with SAM; needs a container engine.
	@$(SAM) build --region ap-northeast-2 \
		--parameter-overrides Architecture=$(ARCHITECTURE)
	@built=$$(docker image inspect --format '{{.Architecture}}' hashfunction:hash) && \
		test "$$built" = "$(ARCHITECTURE:x86_64=amd64)" || \
		{ echo "The images are for $$built, not for $(ARCHITECTURE): Lambda could not run them." >&2; exit 1; }

test-images: setup images ## Run the images as Lambda would; needs a container engine.
	@WAVEFLOW_SAM="$(TOOL) aws-sam-cli==1.170.0 sam" WAVEFLOW_ARCHITECTURE=$(ARCHITECTURE) \
		$(BIN)/pytest --quiet --durations 20 tests/e2e/test_images.py

validate: setup ## Check template.yaml with SAM, cfn-lint and checkov, and what SAM makes of it.
	@$(SAM) validate --lint --region ap-northeast-2
	@$(TOOL) cfn-lint==1.58.0 cfn-lint template.yaml
	@$(TOOL) checkov==3.3.30 checkov --config-file .checkov.yaml
	@WAVEFLOW_SAM="$(TOOL) aws-sam-cli==1.170.0 sam" $(BIN)/pytest --quiet tests/contract/test_sam.py

# What samconfig.toml says, which a command line would replace as a whole.
CONFIG ?= dev
# `sam deploy --guided` writes a string there, not a list.
CONFIGURED = $(BIN)/python -c 'import sys, tomllib; own = tomllib.load(open( \
	"samconfig.toml", "rb"))[sys.argv[1]]["deploy"]["parameters"]["parameter_overrides"]; \
	print(own if isinstance(own, str) else " ".join(own))'

# The last value of a parameter counts: of the processor, the one that is built for.
deploy: images ## Deploy to AWS; CONFIG=prod, OVERRIDES="WebhookUrl=https://…".
	@$(SAM) deploy --config-env $(CONFIG) $(if $(AWS_REGION),--region $(AWS_REGION)) --parameter-overrides \
		$$($(CONFIGURED) $(CONFIG)) Release=$$(git rev-parse --short=12 HEAD) $(OVERRIDES) \
		Architecture=$(ARCHITECTURE)

costs: setup ## Work out what 1,000 uploads, mixes and comparisons cost, from measured figures.
	@$(BIN)/python scripts/costs.py

bench-parity: setup ## Measure the seed's table of times again, within 2 CPUs and 4 GB.
	@$(BIN)/python scripts/bench_parity.py --write

.PHONY: bench
bench: setup ## Race the engine against the tools found here; QUICK=1 takes a minute.
	@$(BIN)/python tests/performance/bench.py $(if $(QUICK),--quick)

# Reliability: large volumes; `make test` runs smaller ones of the same.
.PHONY: soak fuzz audit
N ?= 200000
RELIABILITY := PYTHONPATH=tests $(BIN)/python -m

soak: setup ## Simulate 100,000 executions, explore longer, run warm, and remove each guard once.
	@$(RELIABILITY) support.simulation.volume --executions 100000 --seeds 20
	@WAVEFLOW_EXAMPLES=2000 WAVEFLOW_STEPS=50 $(BIN)/pytest --quiet tests/reliability/test_explorer.py
	@WAVEFLOW_SCHEDULES=3000 $(BIN)/pytest --quiet tests/reliability/test_interleaving.py
	@WAVEFLOW_WARM=1000 WAVEFLOW_TRANSFERS=1000 WAVEFLOW_MESSAGES=10000 $(BIN)/pytest --quiet \
		tests/reliability/test_warm.py tests/reliability/test_transport.py \
		tests/reliability/test_fuzz.py -k 'warm or transfers or message'
	@WAVEFLOW_STEMS=1000 WAVEFLOW_LINES=1000000 WAVEFLOW_BACKFILL=200 $(BIN)/pytest --quiet \
		tests/reliability/test_backfill_volume.py tests/integration/local/test_manifests.py \
		tests/integration/local/test_backfill.py
	@WAVEFLOW_MUTANTS=all $(BIN)/pytest --quiet --numprocesses 2 tests/reliability/test_mutants.py
	@WAVEFLOW_CLICK_STEP=1 $(BIN)/pytest --quiet tests/integration/audio/test_tempo_and_key.py
	@WAVEFLOW_COMPARED_MINUTES=60 $(BIN)/pytest --quiet tests/integration/audio/test_compare_memory.py
	@$(RELIABILITY) performance.comparing

fuzz: setup ## Draw N damaged files (200,000), and a quarter as many made of whole parts.
	@$(RELIABILITY) support.fuzz --count $(N)
	@$(RELIABILITY) support.fuzz --count $$(($(N) / 4)) --kind structured

audit: setup ## Check code and locks for known weaknesses and secrets.
	@# B108 and B506 are ruff's S108 and S506, whose exceptions give their reasons in the code.
	@$(TOOL) bandit==1.9.4 bandit --quiet --severity-level medium --skip B108,B506 \
		--recursive layers functions local
	@$(TOOL) detect-secrets==1.5.0 detect-secrets-hook --exclude-lines 'noqa: S105|whsec_|SecretStringTemplate|secret:[A-Z]|GetSecretValue|PasswordLength|WebhookSecret|GenerateStringKey' \
		$$(git ls-files layers functions local statemachine template.yaml)
	@$(BIN)/python scripts/audit.py
