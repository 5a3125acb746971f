"""The tests that `--pyargs nnspec_conformance` runs on any implementation; see `nnspec_conformance.plugin`."""
