"""`python -m nnspec_conformance` is the command `nnspec`."""

from nnspec_conformance.cli import main

if __name__ == "__main__":
    main(prog_name="nnspec")
