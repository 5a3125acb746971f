"""The HTML report: one page that stands alone and says what failed."""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from nnspec_conformance import html
from nnspec_conformance.cli import main
from nnspec_conformance.report import Report, Row

WRONG = """
import numpy as np
def tanh(x): return np.tanh(x)
def tanh_vjp(cotangents, x): return {"x": cotangents["y"] * (1 - np.tanh(x))}
def relu(x): raise ValueError("<b>no</b> & \'quotes\'")
def identity(x): return x * 1.0
"""


class Page(HTMLParser):
    """The ids, links and foreign resources of a page, and whether its elements close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.resources: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        about = dict(attrs)
        if "id" in about:
            assert about["id"] not in self.ids
            self.ids.add(about["id"])
        if "href" in about:
            self.links.add(about["href"])
        self.resources += [about[k] for k in ("src", "srcset", "data") if k in about]
        self.resources += [tag] if tag in ("link", "iframe", "img", "object") else []
        if tag not in ("meta", "input", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open[-1] != tag and self.open[-1] in ("option", "li"):
            self.open.pop()
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("html")
    (folder / "wrong.py").write_text(WRONG, encoding="utf-8")
    file = folder / "report.html"
    call = ["check", str(folder / "wrong.py"), "numpy", "--equation", "activation.*", "--examples", "3"]
    more = ["--aspect", "forward", "--aspect", "gradient", "--dtype", "float64", "--workers", "1"]
    result = CliRunner().invoke(main, [*call, *more, "--html", str(file)], catch_exceptions=False)
    assert result.exit_code == 1, result.output
    return file.read_text(encoding="utf-8")


def test_the_page_stands_alone_and_its_links_lead_somewhere(text: str) -> None:
    page = Page(text)
    assert not page.open
    assert not page.resources
    assert page.links
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    assert not re.search(r"@import|url[(]|https?://", text)


def test_it_says_what_failed_and_how(text: str) -> None:
    assert "does not conform" in text
    assert "the derivative is 1 − t instead of 1 − t²" in text
    assert "gradient of x[0, 0]" in text
    assert "incoming gradient" in text
    assert "python " + ".".join(map(str, sys.version_info[:3])) in text
    assert "seed 0" in text


def test_what_a_candidate_says_is_text(text: str) -> None:
    assert "&lt;b&gt;no&lt;/b&gt; &amp;" in text
    assert "<b>no</b>" not in text


def test_every_verdict_has_its_mark_and_colour(tmp_path: Path) -> None:
    from nnspec_conformance.report import VERDICTS

    rows = [Row("activation.tanh", "forward", "float64", v, message=f"m{v}") for v in VERDICTS]
    rows.append(Row("activation.tanh", "law", "float64", "pass", law="P1/x"))
    for row in rows:
        page = html.page(Report(("t",), {"t": (row,)}, 0, "quick", (), 0.0))
        Page(page)
        assert f'<td class="{row.verdict.replace(" ", "-")}"' in page
        assert f".{row.verdict.replace(' ', '-')}" in page
    html.write(Report(("t",), {"t": tuple(rows)}, 0, "quick", ("unused <one>",), 0.0), tmp_path / "r.html")
    assert "unused &lt;one&gt;" in (tmp_path / "r.html").read_text(encoding="utf-8")
