"""The month's report as a page: one file, in one language, readable in a browser of any width and on paper."""

import csv
import json
import re
import string
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from reactivation.report import Facts, charts, month_page, tables, words
from reactivation.report.drawn_months import calibration
from reactivation.report.evidence import Evidence
from reactivation.report.settings import LOCALES
from reactivation.report.table import of_picture
from reactivation.report.words import catalogue, default
from reactivation.statistics.said import SEVERAL
from report.browser import look, needs_browser, printed_pages
from report.made_month import facts, readout

pytestmark = pytest.mark.numbers
PICTURES = (
    *(
        "forest",
        "natural",
        "funnel",
        "options",
        "branches",
        "calibration",
        "bands",
        "cumulative",
        "months",
        "budget",
        "guidance",
    ),
)


SUBJECTS = {
    "sample_ratio_assigned": ("cells", "model", "rule_selected", "model_unpicked", "long_holdout"),
    "sample_ratio_by_part": ("branch=B01", "tier=high_potential"),
    "outside_contacts": ("model touched", "random long_holdout"),
    "outside_difference": ("policy_model_vs_rule",),
    "guardrail": ("touch_model opt_out",),
    "all_guardrails": ("guide_model",),
    "waves": ("W1 sms",),
    "benefits": ("login_discount",),
    "exploration": ("W1",),
}
"""What the checks of a month are about, as `readout_checks` names it."""


class Visible(HTMLParser):
    """The text that a reader sees, and the attributes that are read out."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hidden += tag == "style"
        self.texts += [value or "" for name, value in attrs if name == "aria-label"]

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag == "style"

    def handle_data(self, data: str) -> None:
        if not self.hidden and data.strip():
            self.texts.append(data.strip())


def visible(html: str) -> list[str]:
    parser = Visible()
    parser.feed(html)
    return parser.texts


SAMPLES: dict[str, Any] = {
    "": "120 : 130",
    "metric": "login",
    "day": "2026-06-05",
    "tier": "high_potential",
    "held_out": "redeemers",
}
"""A value for each format of a reason's field; for formats of numbers one half."""


def reasons() -> dict[str, dict[str, Any]]:
    """Every code that a reason can have, with values: the catalogue has one text for each (see `test_words`)."""
    found = {key.removeprefix("reason."): text for key, text in catalogue("en").items() if key.startswith("reason.")}
    fields = {code: string.Formatter().parse(text) for code, text in found.items() if code != "in_the_table"}
    return {code: {n: SAMPLES.get(spec or "", 0.5) for _, n, spec, _ in of if n} for code, of in fields.items()}


def with_english_reasons() -> Facts:
    """Rows as the tables have them: with a sentence in English beside each code, or without a code (0.1.0)."""
    rows = [{**row, "reason": "An English sentence from a table."} for row in readout()]
    coded = {"reason_code": "beside", "reason_values": "{}"}
    checks = [
        {
            "check": check,
            "subject": subject,
            "p_value": 0.5,
            "verdict": "holds",
            "says": "English.",
            "reason": "And more.",
        }
        for check, subjects in SUBJECTS.items()
        for subject in subjects
    ]
    own = {"check": "waves", "subject": "W1 sms", "p_value": None, "verdict": "warns", "reason": "English of a table."}
    every = [{"code": code, "values": values} for code, values in reasons().items()]
    checks += [own | {"reason_code": one["code"], "reason_values": json.dumps(one["values"])} for one in every]
    several = {"reason_code": SEVERAL, "reason_values": json.dumps({"parts": every[:2]}), "reason": "English; English."}
    changed = [
        {"code": "moved", "what": "W1", "registered": "2026-05-06", "now": "2026-05-07"},
        {"code": "nobody", "what": "W2", "registered": "2026-05-06", "now": None},
        {"code": "forced", "what": "alpha", "registered": "0.05", "now": None},
        {"code": "changed", "what": "alpha", "registered": "0.05", "now": "0.1"},
    ]
    bands = [{**row, **several} for row in facts().bands]
    evaluation = [{**row, **several} for row in facts().evaluation]
    months = {"bands": bands, "evaluation": evaluation, "registration": changed}
    return facts(readout=[rows[0] | coded, *rows[1:]], checks=checks, **months)


@pytest.mark.parametrize("language", LOCALES)
def test_the_page_is_one_small_file_that_asks_for_nothing(language: str) -> None:
    html = month_page.render(facts(), default(language)).html
    assert len(html.encode()) < 1_000_000
    assert "http" not in html
    assert "<script" not in html
    assert re.findall(r'(?:src|href)="(?!data:)', html) == []
    assert f'<html lang="{language}">' in html


def test_no_word_of_the_page_comes_from_elsewhere_than_the_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every text of the catalogue is blanked but for its fields: what still has letters came from elsewhere."""

    def blanked(text: str) -> str:
        return re.sub(r"\{[^}]*\}|[^\W\d_]", lambda found: found[0] if found[0].startswith("{") else "·", text)

    blank = {key: blanked(text) for key, text in catalogue("zh").items()}
    monkeypatch.setattr(words, "catalogue", lambda _: blank)
    month = with_english_reasons()
    texts = visible(month_page.render(month, default("zh")).html)
    own_names = rf"{month.region}|alpha|W\d|B\d\d|a1b2c3d4e5f6|0f1e2d3c4b5a|[年月日]|p\b"
    left = [text for text in texts if re.search(r"[^\W\d_]", re.sub(own_names, "", text))]
    assert left == []


def test_no_reason_that_the_code_can_write_is_an_english_sentence_on_a_chinese_page() -> None:
    texts = visible(month_page.render(with_english_reasons(), default("zh")).html)
    assert len(reasons()) > 55
    assert [text for text in texts if re.search(r"[A-Za-z]+[ ,;:.]+[A-Za-z]+[ ,;:.]+[A-Za-z]+", text)] == []


@pytest.mark.parametrize("language", LOCALES)
def test_no_internal_name_is_shown(language: str) -> None:
    texts = visible(month_page.render(with_english_reasons(), default(language)).html)
    assert [text for text in texts if re.search(r"[a-z]_[a-z]|English", text)] == []
    assert [text for text in texts if re.search(r"\d[.\d]*e[+-]\d|\bnan\b|None", text)] == []


def test_every_picture_is_drawn_and_has_its_numbers() -> None:
    drawn = charts.pictures(Evidence(facts()), default("en"))
    assert tuple(picture.key for picture in drawn) == PICTURES
    assert all(picture.rows for picture in drawn)


def test_what_is_not_known_has_no_picture_and_the_page_is_still_made() -> None:
    empty = Facts.of(region="r", scenario="s", cycle="2026-05", asked=facts().asked)
    assert charts.pictures(Evidence(empty), default("en")) == []
    assert "<h1>r · s · May 2026</h1>" in month_page.render(empty, default("en")).html


def test_what_comes_from_data_is_never_markup() -> None:
    rows = [{**row, "segment": row["segment"].replace("branch=B01", "branch=<b>&")} for row in readout()]
    html = month_page.render(facts(readout=rows), default("en")).html
    assert "<b>&<" not in html
    assert "&lt;b&gt;&amp;" in html


def test_each_table_is_to_be_had_as_csv_with_all_its_rows() -> None:
    made = {table.key: table for table in tables.tables(Evidence(facts()), default("en"))}
    effects = made["effects"]
    assert effects.csv.startswith("data:text/csv;charset=utf-8,%EF%BB%BF")
    rows = list(csv.DictReader(StringIO(unquote(effects.csv.partition(",%EF%BB%BF")[2]))))
    assert len(rows) == len(readout())  # branches too, of which the page shows none
    assert (rows[0]["contrast"], rows[0]["difference"]) == ("touch_model", "0.145")
    html = month_page.render(facts(), default("en")).html
    assert len(re.findall(r'<a download="[^"]+\.csv" href="data:', html)) == len(made) + len(PICTURES)


def test_the_funnel_only_narrows() -> None:
    for of in charts.stages(Evidence(facts())).values():
        users = [of[stage] for stage in charts.STAGES]
        assert users == sorted(users, key=lambda n: -(n or 0))
        assert of["low_active"] == 9_638
        assert of["contactable"] == 9_638 - 1_180 - 301


def test_the_funnel_of_a_wave_released_twice_counts_the_contacts_of_both_releases() -> None:
    newest = [("not_contactable", 100), ("does_not_qualify", 700), ("no_budget", 50), ("planned", 150)]
    counts = [
        ("delivered", True, 380),  # of 400 that the first release sent before it was stopped, and 140 of the second
        ("not_reached", True, 160),
        ("delivered", False, 5),  # receipts of contacts that were stopped
    ]
    known = {"wave": "W1", "channel": "sms", "is_exported": True}
    contacts = [
        {**known, "fate": fate, "is_planned": stands, "contacts": n, "active": n // 2 if stands else 0}
        for fate, stands, n in counts
    ]
    waterfall = [{"wave": "W1", "reason": reason, "users": n} for reason, n in newest]
    found = charts.stages(Evidence(facts(waterfall=waterfall, contacts=contacts)))["W1"]
    assert found == {
        **{"low_active": 1_000, "contactable": 900, "qualified": 540, "planned": 540},
        **{"released": 540, "delivered": 380, "active": 190},
    }


def test_the_numbers_of_the_scores_are_shares_and_times_the_average() -> None:
    held_out = {"touch": "holdout", "scored": 1}
    users = [
        {**held_out, "band": 1, "users": 200, "active": 120, "p_sum": 100.0},  # 60%, by Wilson 53.1% to 66.5%
        {**held_out, "band": 2, "users": 400, "active": 0, "p_sum": 20.0},  # of both bands 120 of 600 came: 20%
    ]
    picture = calibration(Evidence(facts(users=users)), default("en"))
    assert picture is not None
    table = of_picture(picture, default("en"))
    assert list(table.columns)[-3:] == ["came, from", "came, to", "times the average"]
    assert table.cells[0] == ["1", "200", "50.0%", "60.0%", "53.1%", "66.5%", "3.00 ×"]


@needs_browser
@pytest.mark.parametrize("language", LOCALES)
@pytest.mark.parametrize("width", [1280, 390])
def test_in_a_browser_nothing_overflows_is_cut_or_complains(language: str, width: int, tmp_path: Path) -> None:
    seen = look(month_page.render(facts(), default(language)).html, width=width, folder=tmp_path)
    assert seen.console == []
    assert seen.found["inner"] == width
    assert seen.found["wide"] <= width
    assert set(seen.found["shapes"]) == set(PICTURES)
    assert min(seen.found["shapes"].values()) > 5
    assert seen.found["cut"] == []
    assert seen.found["overlapping"] == []


@needs_browser
def test_the_answers_are_the_first_screen(tmp_path: Path) -> None:
    seen = look(month_page.render(facts(), default("en")).html, width=1280, folder=tmp_path)
    assert seen.found["below"] < 900  # pixels


@needs_browser
@pytest.mark.parametrize("language", LOCALES)
def test_it_prints_on_six_pages_without_the_tables(language: str, tmp_path: Path) -> None:
    assert 1 < printed_pages(month_page.render(facts(), default(language)).html, folder=tmp_path) <= 6
