# SPDX-License-Identifier: GPL-2.0
#
# Two commands matter: `make demo` and `make check`. Everything they fetch or
# build goes to $RSPDM_CACHE (default: ~/.cache/rspdm), never into the checkout.

KERNEL ?= plain
CHECK  := tools/testing/rspdm/check
VM     := tools/testing/rspdm/vm

.PHONY: help demo check check-fast kernel shell bench clean-cache python

help:
	@echo 'make demo            set up, build, boot, and authenticate an emulated device'
	@echo 'make check           every test there is'
	@echo 'make check-fast      the tests that need neither a kernel build nor a VM'
	@echo 'make kernel          build the kernel (KERNEL=plain, or KERNEL=debug)'
	@echo 'make shell           a shell in the guest (KERNEL=plain, or KERNEL=debug)'
	@echo 'make bench           what an authentication costs, and reading what came of it; compares'
	@echo '                     with libspdm if SPDM_EMU_BIN names a directory that holds its tools'
	@echo 'make clean-cache     remove what the above have fetched and built'
	@echo
	@echo 'More:  $(CHECK) --list       the tests one by one'
	@echo '       $(VM)/run --help      boot the kernel and run a script in it'
	@echo '       overlay/apply --help        put the code on a kernel tree of your own'

demo: python
	@$(VM)/demo

check: python
	@$(CHECK)

check-fast: python
	@$(CHECK) --fast

kernel: python
	@$(VM)/build kernel $(KERNEL)

shell: python
	@$(VM)/run --kernel $(KERNEL) --timeout 86400 --interactive

bench: python
	@cd $(dir $(CHECK)) && vm/enter cargo bench --locked --profile dev --package rspdm-host --bench connect
	@$(VM)/bench

clean-cache: python
	@$(VM)/build --clean

# A minimal Debian has no python3, which everything else is started by.
python:
	@command -v python3 >/dev/null || { apt-get update -q && apt-get install -q -y --no-install-recommends python3; } >&2
