"""docs/errata.md is what the ledger, the catalogue and the golden checks say now."""

from pathlib import Path

from nnspec_conformance import errata
from nnspec_reference import ledger

PAGE = Path(__file__).parents[2] / "docs" / "errata.md"


def test_the_page_is_what_is_generated() -> None:
    assert PAGE.read_text(encoding="utf-8") == errata.markdown(), "run: nnspec errata --output docs/errata.md"


def test_every_erratum_has_its_section() -> None:
    text = errata.markdown()
    assert len(ledger.errata()) == 80
    for ident in ledger.errata():
        assert f"\n## {ident}\n" in text
