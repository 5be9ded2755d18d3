"""The catalogues: the same keys and fields in each, and numbers, dates and money as a region writes them."""

import ast
import string
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from reactivation.contracts import canonical, derived
from reactivation.experiment.checks import OUTSIDE, REACHED, REDEEMERS
from reactivation.experiment.contrasts import CONTRASTS
from reactivation.model.evaluate import METRICS
from reactivation.report import explanation_words, words
from reactivation.report.evidence import COST, LIGHTS, NET_GAIN
from reactivation.report.settings import LOCALES, ReportSettings
from reactivation.report.words import Words, catalogue, default

pytestmark = pytest.mark.numbers

BASE = Path(__file__).parents[2] / "conf" / "base"
EXPERIMENT = yaml.safe_load((BASE / "experiment.yml").read_text("utf-8"))["experiment"]


def fields(text: str) -> set[tuple[str, str]]:
    return {(name, spec or "") for _, name, spec, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", LOCALES)
def test_every_catalogue_has_the_same_keys_and_no_empty_text(language: str) -> None:
    assert set(catalogue(language)) == set(catalogue("en"))
    assert [key for key, text in catalogue(language).items() if not text.strip()] == []


@pytest.mark.parametrize("language", LOCALES)
def test_a_text_has_no_field_that_its_english_does_not_have(language: str) -> None:
    names = {key: {name for name, _ in fields(text)} for key, text in catalogue(language).items()}
    english = {key: {name for name, _ in fields(text)} for key, text in catalogue("en").items()}
    assert {key for key, found in names.items() if not found <= english[key]} == set()


@pytest.mark.parametrize("language", LOCALES)
def test_every_field_is_written_by_a_format_or_by_a_list_of_the_catalogue(language: str) -> None:
    known, texts = default(language), catalogue(language)
    lists = {key.partition(".")[0] for key in texts}
    wrong = [
        (key, name, spec)
        for key, text in texts.items()
        for name, spec in fields(text)
        if spec and not hasattr(known, spec) and spec not in lists
    ]
    assert wrong == []


def test_numbers_are_written_as_people_write_them() -> None:
    en, zh = default("en"), default("zh")
    assert [en.signed(1259.7), en.points(0.145), en.points(-0.0012), en.percent(0.6321)] == [
        *("+1\u202f260", "+14.5", "\u22120.12", "63.2%"),
    ]
    assert [en.number(0.3247), en.number(14.25), en.whole(12_399.2), en.number(0)] == [
        "0.325",
        "14.2",
        "12\u202f400",
        "0.00",
    ]
    assert [en.money(1260), zh.money(8.4)] == ["CN¥1\u202f260", "¥8.40"]
    assert [en.day("2026-05-06"), zh.day("2026-05-06")] == ["6 May 2026", "2026年5月6日"]
    assert [en.month("2026-05"), zh.month("2026-05")] == ["May 2026", "2026年5月"]


def test_a_field_says_how_its_value_is_written_and_what_is_not_known_is_a_dash() -> None:
    zh = default("zh")
    assert zh("option", channel="sms", benefit="login_discount") == "短信·登录立减"
    assert zh.option("sms/a_benefit_of_the_region") == "短信·a_benefit_of_the_region"
    assert zh("number.points", value=None) == "– 个百分点"
    with pytest.raises(KeyError):
        zh("no.such.text")


def test_the_programmes_own_words_are_used_in_chinese() -> None:
    told = " ".join(catalogue("zh").values())
    words = [
        "登录转化率",
        "交易转化率",
        "自然转化用户",
        "高潜力用户",
        "功能引导",
        "登录立减",
        "模型组",
        "经验组",
        "随机组",
    ]
    assert [word for word in words if word not in told] == []
    assert default("zh")("figures.whole", metric="login") == "整体登录率"


def test_conf_names_a_language_its_locale_and_a_currency() -> None:
    made = ReportSettings(language="en", locale="en_AU", currency="CZK")
    assert Words.of(made).money(1260) == "CZK1\u202f260"
    for wrong in ({"locale": "en_XXX"}, {"locale": "zh_CN"}, {"currency": "euro"}, {"language": "fr"}):
        with pytest.raises(ValidationError):
            ReportSettings.model_validate({"language": "en", "locale": None, "currency": "CNY", **wrong})


def test_every_reason_that_is_said_has_its_text_and_all_its_fields() -> None:
    """Read from the code: `said("code", english, value=…)`."""
    lib = Path(words.__file__).parents[1]
    calls = [
        node
        for path in lib.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "said"
    ]
    texts, problems, every = catalogue("en"), [], set()
    for call in calls:
        first = call.args[0]
        codes = [one.value for one in ast.walk(first) if isinstance(one, ast.Constant)]  # one, or one of two
        every |= set(codes)
        given = {keyword.arg for keyword in call.keywords}
        for code in codes:
            text = texts.get(f"reason.{code}") or texts.get(f"gate.{code}", "{no such key}")
            wanted = {name for name, _ in fields(text)}
            if None not in given and not wanted <= given:  # None: `**values`
                problems.append((code, wanted - given))
    assert len(calls) > 40
    assert problems == []
    known = {key.partition(".")[2] for key in texts if key.startswith(("reason.", "gate."))}
    assert known - {"in_the_table"} == every  # of a row without a code; all others are said somewhere


LISTS = {
    "contrast": [contrast.name for contrast in CONTRASTS],
    "family": derived.READOUT.column("family").allowed,
    "check_verdict": derived.CHECK_VERDICTS,
    "tier": derived.TIERS,
    "cell": derived.CELLS,
    "touch": derived.TOUCHES,
    "channel": canonical.CONTACT_CHANNELS,
    "why": explanation_words.WAVE_REASONS,
    "basis": derived.TIER_BANDS.column("basis").allowed,
    "event": [status for status in derived.WAVE_RELEASES.column("status").allowed or () if status != "planned"],
    "metric": [*EXPERIMENT["metrics"], *EXPERIMENT["means"], *EXPERIMENT["guardrails"], COST, NET_GAIN],
    "did": EXPERIMENT["metrics"],
    "rate": EXPERIMENT["metrics"],
    "whole_rate": EXPERIMENT["metrics"],
    "conversion": EXPERIMENT["metrics"],
    "quality": [*METRICS, "calibration_slope"],
    "held_out": (OUTSIDE, REDEEMERS, REACHED),
    "state": LIGHTS,
}
"""By list of the catalogue: the values that the code, its contracts and base's conf can put there."""


@pytest.mark.parametrize("name", LISTS)
def test_every_value_of_a_closed_list_has_its_word(name: str) -> None:
    assert [value for value in LISTS[name] if f"{name}.{value}" not in catalogue("zh")] == []
