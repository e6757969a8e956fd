# Every target installs what is missing first: a fresh machine needs Node, npm and make, and g++ for bench and test.

NODE := node --import tsx
# Node 20's test runner takes files, not patterns.
TESTS = $(shell find test bench -name '*.test.ts' -not -path 'test/soak/*' | sort)
# Thousands of clients in processes of their own: one at a time, so that they are not short of a core because of others.
SOAKS = $(shell find test/soak -name '*.test.ts' | sort)

.PHONY: test start check build bench bench-quick bench-micro bench-topology clean

node_modules/.package-lock.json: package-lock.json
	npm ci --no-audit --no-fund
	@touch $@

check: node_modules/.package-lock.json
	npx tsc -p .
	npx biome check .

test: check
	$(NODE) --test --test-concurrency=1 $(SOAKS)
	$(NODE) --test --test-concurrency=2 $(TESTS)

# An example to look at: live prices in a browser, at the address it prints.
start: node_modules/.package-lock.json
	$(NODE) examples/ticker/server.ts

build: node_modules/.package-lock.json
	npm run --silent build

bench: node_modules/.package-lock.json
	$(NODE) bench/load/run.ts

bench-quick: node_modules/.package-lock.json
	$(NODE) bench/load/run.ts --quick

bench-micro: node_modules/.package-lock.json
	$(NODE) bench/micro/run.ts

bench-topology: node_modules/.package-lock.json
	$(NODE) bench/topology/run.ts

clean:
	rm -rf dist node_modules bench/load/generator/build
