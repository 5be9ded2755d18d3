"""Conf: merge order, and errors that name every problem, its file and the nearest known key."""

import shutil
from pathlib import Path

import pytest

from reactivation import cli
from reactivation.errors import SettingsError
from reactivation.runtime import console
from reactivation.settings import Loaded, load

pytestmark = pytest.mark.edges

CONF = Path(__file__).parent.parent / "conf"


def conf(*overrides: str, region: str = "sandbox", scenario: str = "mobile_activity", env: str = "local") -> Loaded:
    return load(CONF, env=env, region=region, scenario=scenario, overrides=overrides)


@pytest.mark.parametrize("region", ["sandbox", "berka"])
def test_both_regions_are_whole(region: str) -> None:
    assert conf(region=region).settings.paths.root == "build/demo"


def test_the_last_word_is_the_command_lines() -> None:
    assert conf("calendar.settle_days=9").settings.calendar.settle_days == 9


def test_no_bank_is_simulated_where_real_ones_lie() -> None:
    assert conf(env="dev").settings.is_simulated
    assert not conf(env="prod").settings.is_simulated


def test_in_prod_no_regions_file_lets_a_model_go_live_by_itself(tmp_path: Path) -> None:
    shutil.copytree(CONF, tmp_path / "conf")
    file = tmp_path / "conf/regions/berka.yml"
    file.write_text(file.read_text("utf-8").replace("\nmodel:", "\nmodel:\n  auto_approve: true\n #"), "utf-8")
    loaded = load(tmp_path / "conf", env="prod", region="berka", scenario="mobile_activity")
    assert not loaded.settings.model.auto_approve
    assert "model.auto_approve" in {finding.what for finding in loaded.overruled}


def test_all_problems_come_at_once_with_their_place_and_the_nearest_key() -> None:
    with pytest.raises(SettingsError) as error:
        conf("calendar.settle_day=3", "features.lookback_months=[3, 1]", "calendar.zone=Mars/Olympus")
    found = {(f.kind, f.what): f.advice for f in error.value.findings}
    assert set(found) == {
        ("unknown key", "calendar.settle_day"),
        ("wrong value", "features"),
        ("wrong value", "calendar.zone"),
    }
    assert found["unknown key", "calendar.settle_day"] == "in --set: did you mean `settle_days`?"


def test_a_key_of_an_earlier_release_names_its_successor() -> None:
    with pytest.raises(SettingsError, match=r"renamed key +population\.allowed_by_default") as error:
        conf("population.allowed_by_default.sms=true")
    assert "population.undecided" in str(error.value)
    assert error.value.exit_code == 2


@pytest.mark.parametrize(
    ("override", "finding"),
    [
        ("population.consent.oldest_feed={days: null, reason: null}", "`days: null` is no limit: say why"),
        ("population.consent.oldest_consent={days: null, reason: ' '}", "`days: null` is no limit: say why"),
        ("population.undecided.fax=not_allowed", "population.undecided.fax"),
        ("population.undecided.sms=allowed", "population.undecided.sms"),
        ("population.undecided.sms.document=null", "population.undecided.sms.Basis.document"),
        ("sources.channel_words={handy: mobile}", "`handy` is for `mobile`: known here: all, call"),
        ("sources.channel_words={SMS: sms, sms: push}", "case aside, a word stands twice"),
    ],
)
def test_what_conf_says_of_permissions_is_checked(override: str, finding: str) -> None:
    with pytest.raises(SettingsError) as error:
        conf(override)
    assert finding in str(error.value)


def test_a_region_without_a_campaign_need_not_say_who_is_allowed() -> None:
    assert not conf(region="berka").settings.population.undecided
    assert conf("population.undecided.sms=null").settings.population.undecided["sms"] is None


def test_what_base_says_of_a_source_or_channel_that_the_region_lacks_comes_at_once() -> None:
    with pytest.raises(SettingsError) as error:
        conf("sources.logins=null", "activity.transaction_channels=[card, counter]")
    said = {finding.what: finding.advice for finding in error.value.findings}
    assert {"labels.is_active", "labels.transacted", "population.low_activity", "experiment.metrics.login.outcome"} <= {
        *said
    }
    assert said["population.low_activity"].startswith(
        "in base/population.yml: `login_days_3m`: the region has no `logi"
    )
    assert "`mobile` is no channel of activity.transaction_channels (card, counter)" in said["labels.transacted"]
    assert "set experiment.metrics.login: null in conf/regions/sandbox.yml" in said["experiment.metrics.login.outcome"]
    assert "campaign.waves.W2.qualifies.rule" in said  # `login_days_to_date`
    for asked in ("experiment.metrics.active_after", "experiment.means.active_days"):  # nor a mobile transaction
        assert f"the region has no `logins`; set {asked}: null" in said[f"{asked}.outcome"]


def test_groups_of_functions_that_guidance_leads_to_are_the_regions_and_missing_ones_come_at_once() -> None:
    guided = "campaign.waves.W1.options=[{channel: push, benefit: login_discount, guide_to: cooking}]"
    with pytest.raises(SettingsError) as error:
        conf(guided, "campaign.waves.W1.guide_to=gardening")
    said = {finding.what: finding.advice for finding in error.value.findings}
    assert "`cooking` is no function group of activity.function_groups" in said["campaign.waves.W1.options.0.guide_to"]
    assert "`gardening` is no function group" in said["campaign.waves.W1.guide_to"]
    assert (len(said), error.value.exit_code) == (2, 2)
    known = conf(guided.replace("cooking", "payment"), "campaign.waves.W1.guide_to=wealth").settings.campaign.waves[
        "W1"
    ]
    assert (known.options[0].guide_to, known.guide_to) == ("payment", "wealth")


def test_a_region_without_a_campaign_is_not_asked_what_a_campaign_measures() -> None:
    conf("sources.asset_snapshots=null", region="berka")
    with pytest.raises(SettingsError, match=r"labels\.is_active.*the region has no `logins`"):
        conf("labels.is_active=login_days_count > 0", region="berka")


def test_of_a_section_that_contradicts_itself_no_single_file_is_named() -> None:
    with pytest.raises(SettingsError, match=r"wrong value  experiment +primary_metric: `login` is not known"):
        conf("experiment.metrics.login=null")


def test_null_takes_a_metric_of_base_away() -> None:
    without = ("experiment.means.asset_change=null", "experiment.metrics.asset_uplift=null")
    balance = "experiment.balance.covariates=[login_days_1m]"
    settings = conf(*without, balance, "sources.asset_snapshots=null").settings
    assert "asset_uplift" not in settings.experiment.metrics
    assert "asset_change" not in settings.experiment.means


def test_the_regions_own_attributes_have_names_of_their_own() -> None:
    own = conf("sources.users.profile_numbers={income: wage}", "sources.users.profile_texts={work: job}").settings
    assert own.sources.users.expressions["profile_numbers"].startswith("nullif(to_json(named_struct('income', cast(")
    assert (own.features.profile_numbers, own.features.profile_texts) == (("income",), ("work",))
    for taken in ("sources.users.profile_numbers={tier: wage}", "sources.users.profile_texts={age: wage}"):
        with pytest.raises(SettingsError, match="the name is taken"):
            conf(taken)
    with pytest.raises(SettingsError, match="only `users` has profile_numbers"):
        conf("sources.logins.profile_numbers={income: wage}")


def test_values_of_the_region_that_another_file_overrules_are_known() -> None:
    found = {finding.what: finding.advice for finding in conf("model.train_months=2").overruled}
    assert found["model.train_months"] == "regions/sandbox.yml says 3; --set says 2, which counts"
    assert "sandbox.users" not in found


def test_a_value_that_is_no_yaml_is_told_in_words() -> None:
    with pytest.raises(SettingsError, match=r"not YAML +paths.exports=\{root\}/out"):
        conf("paths.exports={root}/out")
    for value in ("2026-02-30", "0b_"):
        with pytest.raises(SettingsError, match=f"not YAML +paths.exports={value}"):
            conf(f"paths.exports={value}")
    assert conf('paths.exports="{root}/out"').settings.paths.exports == "{root}/out"


def test_settings_of_a_job_that_is_none_are_refused() -> None:
    with pytest.raises(SettingsError, match="did you mean `plan_wave`"):
        conf("runtime.jobs={plan_waves: {spark.sql.shuffle.partitions: '2'}}")


def test_an_unknown_region_names_the_nearest() -> None:
    with pytest.raises(SettingsError, match="did you mean `berka`"):
        conf(region="berca")


def test_the_hash_changes_with_what_is_computed_and_not_with_where(tmp_path: Path) -> None:
    here, elsewhere = conf(), conf(f"paths.root={tmp_path}")
    assert here.hash == elsewhere.hash
    assert here.hash != conf("calendar.settle_days=9").hash


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("calendar: {zone: UTC, zone: UTC}", "keys stand twice: zone"),
        ("calendar: [", "not YAML"),
        ("- 1", "not a map"),
        ("control: 2026-02-30", r"base/a\.yml +line 1: .*`2026-02-30`.*put it in quotes, '2026-02-30'"),
        ("arms: [x,\n 0b_]", "line 2: .*put it in quotes, '0b_'"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, text: str, finding: str) -> None:
    for folder, name in (("base", "a"), ("scenarios", "s"), ("regions", "r"), ("envs", "e")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{name}.yml").write_text("")
    (tmp_path / "base" / "a.yml").write_text(text)
    with pytest.raises(SettingsError, match=finding):
        load(tmp_path, env="e", region="r", scenario="s")


def test_what_is_kept_and_shown_of_settings_has_no_secret() -> None:
    """settings.yml in MLflow is `yaml`; what a new password makes of the hash would tell about it, and train again."""
    given = "runtime.spark={spark.hadoop.fs.s3a.secret.key: %s, spark.app.note: 'see password=%s'}"
    address = "model.tracking_uri=postgresql://bank:%s@host/mlflow"
    ours, other = (conf(given % (s, s), address % s) for s in ("hunter2", "hunter3"))
    assert ours.settings.runtime.spark["spark.hadoop.fs.s3a.secret.key"] == "hunter2"  # who needs it has it
    assert "hunter2" not in ours.yaml
    assert "spark.hadoop.fs.s3a.secret.key: '***'" in ours.yaml
    assert (ours.yaml, ours.hash) == (other.yaml, other.hash)


@pytest.mark.parametrize(
    "override",
    [
        "model.api_key=hunter2",  # no such key
        "calendar.settle_days=password=hunter2",  # no number
        "runtime.spark.a.token={hunter2}/x",  # no YAML
        "runtime.jobs={plan_wave: {spark.db.password: [hunter2]}}",  # no text
        "paths.root=[https://user:hunter2@host]",  # no text either
    ],
)
def test_an_error_about_a_secret_does_not_tell_it(override: str, capsys: pytest.CaptureFixture[str]) -> None:
    def work(r: object) -> None:
        """Nothing."""

    argv = ["--cycle", "2026-06", "--conf-dir", str(CONF), "--set", override]
    assert cli.execute(work, "jobs/score_users.py", argv) == 2
    told = capsys.readouterr()
    assert "hunter2" not in told.out + told.err
    assert "***" in told.err or "unknown key" in told.err


def test_progress_and_stack_traces_tell_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    console.say("models of postgresql://bank:hunter2@host/mlflow")
    console.complain("OperationalError: connect(host='db', password='hunter2', api_token=hunter2)")
    told = capsys.readouterr()
    assert told.out == "models of postgresql://***@host/mlflow\n"
    assert told.err == "OperationalError: connect(host='db', password=***, api_token=***)\n"


def test_a_hypothesis_that_no_catalogue_of_the_report_knows_is_refused_with_the_nearest() -> None:
    with pytest.raises(SettingsError) as refused:
        conf("experiment.hypotheses.touch_model=hypothesis.touch_modle")
    assert "touch_model: `hypothesis.touch_modle`, did you mean `hypothesis.touch_model`" in str(refused.value)


def test_an_outcome_that_is_none_or_of_another_type_is_refused_with_the_nearest() -> None:
    with pytest.raises(SettingsError) as refused:
        conf(
            "experiment.metrics.login.outcome=loged_in",
            "experiment.metrics.active.outcome=active_days",  # a number, and no share
            "experiment.guardrails.opt_out.outcome=opted_ou",
            "experiment.means.active_days.outcome=retained",  # a share, and no number
        )
    said = {finding.what: finding.advice for finding in refused.value.findings}
    assert (len(said), refused.value.exit_code) == (4, 2)
    login = said["experiment.metrics.login.outcome"]
    assert "in --set: `loged_in` is no boolean of `outcomes`, did you mean `logged_in`?" in login
    assert "`active_days` is no boolean of" in said["experiment.metrics.active.outcome"]
    assert "did you mean `opted_out`?" in said["experiment.guardrails.opt_out.outcome"]
    assert "`retained` is no number of" in said["experiment.means.active_days.outcome"]


def test_lifts_that_count_but_are_not_learnt_and_an_option_that_no_wave_has_are_refused_at_once() -> None:
    cells = "campaign.arms.cells={model: 0.5, rule: 0.2, random: 0.2, challenger: 0.1}"
    challenger = "campaign.challenger={order: lift, allocation: order, lift: user}"
    with pytest.raises(SettingsError) as refused:
        conf("campaign.lift=user", cells, challenger, "model.lift.option=W1/sms/login_discont")
    for key in ("campaign.lift: user", "campaign.challenger.lift: user", "campaign.challenger.order: lift"):
        assert f"{key} needs model.lift.is_learnt: true" in str(refused.value)
    assert "`W1/sms/login_discont` is no option of campaign.waves, did you mean `W1/sms/login_discount`" in str(
        refused.value
    )
    assert refused.value.exit_code == 2
    learnt = ("model.lift.is_learnt=true", "model.lift.option=W1/sms/login_discount")
    assert conf("campaign.lift=user", cells, challenger, *learnt).settings.model.lift.option == "W1/sms/login_discount"
    with pytest.raises(SettingsError, match=r"`W1/sms/x` is no option of campaign\.waves, set null"):
        conf("model.lift.option=W1/sms/x", region="berka")  # runs no campaign


def test_months_that_are_none_are_refused_where_conf_leaves_them_out() -> None:
    with pytest.raises(SettingsError) as refused:
        conf("campaign.tiers.unrandomised_cycles=['2026-04', '2026-5', '2026-13']")
    [finding] = refused.value.findings
    assert finding.what == "campaign.tiers.unrandomised_cycles"
    assert "`2026-5`, `2026-13`, must be months YYYY-MM" in finding.advice


def test_the_language_of_the_report_decides_nothing_that_is_computed() -> None:
    plain, zh = conf(), conf("report.language=zh")
    assert (plain.settings.report.language, zh.settings.report.language) == ("en", "zh")
    assert plain.hash == zh.hash
