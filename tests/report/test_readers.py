"""What a fresh reader must find without help: whom a wave is for, and whether the model beat the rule.

The other tasks have tests beside what they are about: why a user got nothing (`cycle/test_explain.py`), a version
signed from the registry's page alone (`model/test_registry.py`), a region by its guide alone (`region/test_prague.py`).
"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from reactivation.report import audience, findings, month_page, tables
from reactivation.report.evidence import Evidence
from reactivation.report.settings import LOCALES
from reactivation.report.table import Table
from reactivation.report.words import catalogue, default
from report.made_month import ASKED, SHARES, facts, readout, row

pytestmark = pytest.mark.numbers

SCENARIOS = Path(__file__).parents[2] / "conf" / "scenarios"


def table(key: str, language: str = "en", **own: Any) -> Table:
    return next(one for one in tables.tables(Evidence(facts(**own)), default(language)) if one.key == key)


def test_the_report_says_whom_each_wave_is_for() -> None:
    rows = {row[0]: row for row in table("waves").cells}
    assert rows["W2"] == [
        "W2",
        "12 May 2026",
        "Model, Rule, Random",
        "own transactions last month ≥ 4 and days with a login this month so far = 0",
        "app push with cashback, app push with transfer coupon",
    ]


def test_a_cell_with_a_condition_of_its_own_and_guidance_have_a_row_each() -> None:
    first = [row for row in table("waves", "zh").cells if row[0] == "第一波"]
    assert [row[2:] for row in first] == [
        ["模型组", "分层 = 高潜力用户", "App推送·登录立减"],
        ["经验组、随机组", "该组全部入选用户", "App推送·登录立减"],
        ["未入选用户", "可接收推送 = 1", "零成本功能引导"],
    ]


def test_an_effect_is_told_in_the_unit_of_its_metric() -> None:
    days = row("touch_model", "active_days", (3.2, 2.9, 0.31, 0.1, "exploratory: better"))
    money = row("touch_model", "asset_change", (500.0, 373.6, 126.4, 20.0, "proven better"))
    asked = {**ASKED, "means": ["active_days", "asset_change"], "sequence": [["touch_model", "asset_change"]]}
    month: dict[str, Any] = {"readout": [*readout(), days, money], "asked": asked}
    effects = table("effects", **month)
    assert list(effects.columns)[4:7] == ["difference", "from", "to"]
    told = {tuple(cells[:2]): list(cells[4:7]) for cells in effects.cells}
    wanted = {
        "logins": ["+14.5 points", "+12.1 points", "+16.9 points"],
        "active days": ["+0.310", "+0.210", "+0.410"],
        "change of assets": ["+126", "+106", "+146"],
        "price of one more active user": ["CN¥8.42", "CN¥6.90", "CN¥10.80"],
        "net gain per user": ["+CN¥1.68", "+CN¥1.17", "+CN¥2.19"],
    }
    assert {metric: told["Campaign, model's picks", metric] for metric in wanted} == wanted
    [question] = table("questions", **month).cells
    assert list(question[3:6]) == ["+126", "+106", "+146"]


def test_a_name_that_the_catalogue_does_not_have_stays_as_conf_writes_it() -> None:
    told = audience.condition("income > 2000 or branch <> 'B1'", default("en"))
    assert told == "income > 2000 or branch ≠ B1"


@pytest.mark.parametrize("language", LOCALES)
@pytest.mark.parametrize("scenario", sorted(SCENARIOS.glob("*.yml")), ids=lambda path: path.stem)
def test_conditions_of_the_projects_own_scenarios_are_told_in_words_alone(scenario: Path, language: str) -> None:
    waves = yaml.safe_load(scenario.read_text("utf-8"))["campaign"]["waves"]
    asked = [text for wave in waves.values() for text in (*wave["qualifies"].values(), wave.get("guidance")) if text]
    told = [audience.condition(text, default(language)) for text in asked]
    assert [text for text in told if re.search(r"_|'\w+'", text)] == []


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("budget", "预算"),
        ("month_budget", "当月剩余预算"),
        ("capacity_sms", "短信容量"),
        ("stock_login_discount", "当月剩余权益：登录立减"),
        ("least_call", "外呼最低触达数"),
        ("least_in_B07", "分行 B07 最低触达数"),
    ],
)
def test_every_kind_of_limit_is_told_in_words(name: str, told: str) -> None:
    assert tables.limit(name, default("zh")) == told


@pytest.mark.parametrize("language", LOCALES)
def test_the_first_screen_says_whether_the_model_beat_the_rule(language: str) -> None:
    words = default(language)
    found = {answer.key: answer for answer in findings.of(facts(), words).answers}["better"]
    model, rule, difference, reach, _ = SHARES["policy_model_vs_rule"]
    page = month_page.render(facts(), words)
    for told in (found.question, found.sentence, found.number, found.interval):
        assert told
        assert told in page.text
    assert words.percent(model) in found.sentence
    assert words.percent(rule) in found.sentence
    assert found.number == words("number.points", value=difference)
    ends = {"low": difference - reach, "high": difference + reach}
    assert found.interval == words("number.interval", alpha=0.05, **ends)
    assert (found.light, found.word) == ("green", catalogue(language)["light.green"])
