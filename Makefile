# Every target is thin: the work is in xtask, so that people, hooks and CI run the same thing.
.PHONY: demo test test-all check bench bench-proxy bench-bindings conformance fuzz oracle clean

demo: ## Play an agent's session through policy, approval, masking and log; verify the log; tamper with a copy
	@cargo xtask demo

test: ## Set up what is needed and run every test that fits 25 minutes on 2 cores
	@cargo xtask test

test-all: ## Everything of `make test`, and what takes longer: fuzzing, long property runs
	@cargo xtask test-all

check: ## Format, lints, architecture, licences, documentation: what a commit must pass
	@cargo xtask check

bench: ## Measure, with ratios and figures
	@cargo xtask bench

bench-proxy: ## Measure the PostgreSQL proxy beside a direct connection and pgbouncer
	@cargo xtask bench-proxy

bench-bindings: ## Measure the Python and Node packages: what a call costs over the library's own time
	@cargo xtask bench-bindings

fuzz: ## Fuzz every door for a minute each (nightly Rust and cargo-fuzz)
	@cargo xtask fuzz

oracle: ## Compare what facts say of SQL with true grammars and real servers
	@cargo xtask oracle

clean:
	@cargo clean
