# `make demo` and `make test` need Python 3.11 or newer and nothing else.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys, venv, ensurepip; raise SystemExit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$p; break; }; done)
VENV ?= .venv
BIN := $(VENV)/bin
DEMO ?= build/demo
DEMO_PAIRS ?= $(DEMO)-de-en
DEMO_SENTENCE := Der Arzt weiß, dass Krzysztof am Freitag im Park zwei Fahrräder sucht.
NATIVE := $(wildcard native/*.* native/kernels/* native/cells/* native/core/*)

# Where Python may not write bytecode, each process compiles all that it imports anew, which takes seconds
# for PyTorch, and the tests start hundreds of processes.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test format lint types imports tests coverage docs nightly page wasm sanitize fuzz clean

demo: $(VENV)/.demo
	$(BIN)/foreword train --out $(DEMO) --minutes 2.5 --vocab-size 10000 --hidden-size 256 --dropout 0.1 --overwrite
	$(BIN)/foreword info $(DEMO)
	@for opening in "How are" "I would like to" "I would li" "Do you have any" "What is your favo"; do \
		echo; $(BIN)/foreword predict $(DEMO) "$$opening"; done
	@echo; $(BIN)/foreword generate $(DEMO) "I really like" --seed 1
	@echo; echo "The model is in $(DEMO). Type with it: $(BIN)/foreword predict $(DEMO) --interactive"; echo
	$(BIN)/foreword train --pairs carried --valid-pairs carried:valid --out $(DEMO_PAIRS) --minutes 0.5 --overwrite \
		--hidden-size 128 --dropout 0 --set embedding_size=128 --set decoder_layers=1 --set batch_size=8 \
		--set learning_rate=0.01 --set label_smoothing=0 --set subword_dropout=0
	@for sentence in "Anna holt am Montag in Wien drei Briefe ab." "$(DEMO_SENTENCE)"; do \
		echo; echo "$$sentence"; $(BIN)/foreword translate $(DEMO_PAIRS) "$$sentence"; done
	@echo; echo "The same, where \"The doctor kn\" is typed:"; \
		$(BIN)/foreword translate $(DEMO_PAIRS) "$(DEMO_SENTENCE)" --prefix "The doctor kn" --n-best 2

# The tests wait now and then, for a server, a browser or npm; the rest is done beside them.
test: $(VENV)/.dev
	$(MAKE) lint
	FOREWORD_FIGURES=untrained $(MAKE) --jobs 2 tests types imports docs

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.dev
	$(BIN)/mypy

imports: $(VENV)/.dev
	$(BIN)/lint-imports --no-cache

# In processes of one thread each; tests of threads ask for theirs. Three for two cores: many tests wait.
tests: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/pytest -q --numprocesses 3 --dist worksteal

# What the tests reach; a fifth slower than the tests alone.
coverage: $(VENV)/.dev
	$(BIN)/pytest --cov --cov-report=term -q

docs: $(VENV)/.dev
	OMP_NUM_THREADS=1 NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet --site-dir build/site

# What the gate leaves out because it takes long: the tests of the mark `nightly`, and the figures of the
# documentation for which networks are trained.
nightly: $(VENV)/.dev build/flower
	OMP_NUM_THREADS=1 $(BIN)/pytest -q -m nightly --numprocesses 2 --dist worksteal
	$(MAKE) docs

# Flower, for the nightly test of a deployment. Needs older versions of some libraries than the other tests, so it is
# installed beside them: docs/explanation/decisions.md.
build/flower: $(VENV)/.dev
	rm -rf $@ $@.new
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --target $@.new "flwr>=1.42,<2"
	mv $@.new $@

# The scripts of the pages of `foreword serve` and `foreword inspect` and of packages/javascript, from their TypeScript.
# Needs npm.
page:
	cd page && npm ci --no-audit --no-fund && npm run check && npm run build

# The core for browsers. Needs Binaryen, and Clang with the C++ library for WASI:
# apt install binaryen clang lld libc++-dev-wasm32 libclang-rt-dev-wasm32
wasm: $(VENV)/.python
	$(BIN)/python native/wasm/build.py packages/javascript/foreword.wasm

# The native code under ThreadSanitizer, and under AddressSanitizer and UndefinedBehaviorSanitizer: two
# C++ programs under both, and a third, which edits texts at random; under the latter also Python's tests of kernels,
# predictor, translator and libforeword, whose reports pytest must not capture. Takes g++, a quarter of an hour and
# two cores. The folders have no comma in their names, which would end an option to the linker.
ASAN := LD_PRELOAD="$$(c++ -print-file-name=libasan.so) $$(c++ -print-file-name=libubsan.so) \
	$$(c++ -print-file-name=libstdc++.so)" ASAN_OPTIONS=detect_leaks=0 \
	UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
SANITIZED := tests/kernels/test_door.py tests/kernels/test_native.py tests/kernels/test_packed.py \
	tests/kernels/test_step.py tests/predictor/test_compiled_network.py tests/predictor/test_core.py \
	tests/text/test_core.py tests/translator/test_compiled_network.py tests/core/test_library.py \
	tests/core/test_typist.py tests/core/test_letters.py tests/core/test_any_bytes.py
sanitize: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check nanobind cmake ninja
	for kind in thread address,undefined; do folder=build/sanitize/$${kind%,*}; \
		$(BIN)/cmake -S native -B $$folder -G Ninja -DFOREWORD_SANITIZE=$$kind \
			-DFOREWORD_INSTRUCTION_SETS=all -DFOREWORD_C_LIBRARY=ON \
			-DCMAKE_MAKE_PROGRAM=$(abspath $(BIN))/ninja \
			-DPython_EXECUTABLE=$(abspath $(BIN))/python && \
		$(BIN)/cmake --build $$folder --target kernels_test network_test || exit 1; \
		export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1; \
		for program in kernels_test network_test; do $$folder/$$program || exit 1; done; \
		test $$kind = thread && edits=500 || edits=20000; \
		$$folder/kernels/*/typist_test packages/everyday-en/src/foreword_everyday_en/model $$edits 1 \
			|| exit 1; done
	$(BIN)/cmake --build build/sanitize/address --target _native
	$(ASAN) PYTHONPATH=native/tests FOREWORD_NATIVE=build/sanitize/address OMP_NUM_THREADS=2 \
		FOREWORD_C_LIBRARY="$$(echo build/sanitize/address/kernels/*/libforeword.so)" \
		$(BIN)/python -m pytest -q --capture=sys -p built_elsewhere $(SANITIZED) -k "not forked and not example"

# Atheris (Linux) looks for input that breaks what must hold of the predictor whatever comes in: every
# property of fuzz/fuzz.py --list for so many seconds, from where the last search ended. What breaks one
# is left in build/fuzz. Then Hypothesis tries new examples in every test that has it: in `make test` it
# tries the same ones each time. Pin an example that fails with @example. Crashes: every state that a kill
# may leave is gone on with, not one of three.
FUZZ_SECONDS ?= 10
fuzz: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check atheris
	for property in $$($(BIN)/python fuzz/fuzz.py --list); do \
		mkdir -p build/fuzz/$$property && OMP_NUM_THREADS=1 $(BIN)/python fuzz/fuzz.py $$property \
			-max_total_time=$(FUZZ_SECONDS) -max_len=2048 -len_control=0 -timeout=60 \
			-artifact_prefix=build/fuzz/ -verbosity=0 -print_final_stats=1 \
			build/fuzz/$$property || exit 1; done
	FOREWORD_CRASHES=all OMP_NUM_THREADS=1 $(BIN)/pytest -q -k crashing --numprocesses 2 --dist worksteal
	FOREWORD_HYPOTHESIS=random OMP_NUM_THREADS=1 $(BIN)/pytest -q -m hypothesis --numprocesses 2 --dist worksteal

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(VENV)/.python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer (with venv) was not found. Name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.demo: $(VENV)/.python pyproject.toml $(NATIVE)
	$(BIN)/python native/install.py --editable '.[train,translate]' --editable packages/everyday-en
	@touch $@

$(VENV)/.dev: $(VENV)/.python pyproject.toml $(NATIVE)
	SKBUILD_CMAKE_DEFINE='FOREWORD_INSTRUCTION_SETS=runnable;FOREWORD_C_LIBRARY=ON' \
		$(BIN)/python native/install.py --editable '.[dev]' --editable packages/everyday-en
	@touch $@ $(VENV)/.demo

clean:
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
