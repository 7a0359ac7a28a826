# What people type. Each target sets up what it needs, on a fresh Debian machine too.
.PHONY: help run test bench clients deb boot fmt lint floors ui api clean

help:
	@echo 'make run     build it and start the demo business; opens the browser'
	@echo 'make test    every check and every test, as CI runs them'
	@echo 'make bench   measure it, beside ceilings of this machine'
	@echo 'make clients try client libraries of others against the simulator (Python, PyPI)'
	@echo 'make deb     build the Debian package'
	@echo 'make boot    try the package on a Debian system of its own, under a real systemd (root)'
	@echo 'make fmt     format the sources'
	@echo 'make lint    format, clippy, house rules, scripts, browser app'
	@echo 'make ui      rebuild ui-dist/ from ui/'
	@echo 'make api     rewrite what is generated from the code: API description, man page, shell completions'
	@echo 'make clean   remove what was built'

run:
	@scripts/run.sh

test:
	@scripts/test.sh

bench:
	@scripts/bench.sh

clients:
	@scripts/clients-test.sh

deb:
	@scripts/deb.sh

boot:
	@scripts/package-boot.sh

fmt:
	cargo fmt --all

lint:
	@scripts/test.sh lint

floors:
	@scripts/floors.sh

ui:
	@scripts/ui.sh build

api:
	@scripts/api.sh write

clean:
	cargo clean
	rm -rf ui/node_modules ui/test-results ui/playwright-report
