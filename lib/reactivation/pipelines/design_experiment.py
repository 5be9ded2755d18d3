"""Say what the month's experiment can see, and how large a holdout must be, before anybody is touched."""

from argparse import ArgumentParser

from pyspark.sql import functions as F

from reactivation import campaign, experiment, report
from reactivation.contracts import derived
from reactivation.errors import Finding, SettingsError, nearest
from reactivation.frames import records
from reactivation.pipelines import permissions, releases
from reactivation.pipelines.evidence_months import base_rates
from reactivation.runtime.run import Run
from reactivation.runtime.text import write_text


def add_arguments(parser: ArgumentParser) -> None:
    """What shall be seen."""
    parser.add_argument("--see", type=float, default=0.005, metavar="SHARE", help="rise to see, 0.005 is half a point")
    parser.add_argument("--power", type=float, metavar="SHARE", help="probability of seeing it (default: conf's)")
    parser.add_argument("--metric", help="metric of conf (default: the primary one)")


def run(r: Run) -> None:
    """Writes nothing but a page: `reports/<cycle>/design.html`."""
    asked = _question(r)
    sizes, low_activity, basis = _sizes(r)
    rates = base_rates(r)
    rate = experiment.design.rate_of(asked.metric, rates)
    spent = _price(r, sizes, low_activity)
    price = experiment.design.Price(spent.contacts_per_user, spent.cost_per_contact)

    seen = experiment.design.seen(r.settings.experiment, sizes=sizes, base_rates=rates, power=asked.power)
    rows, sentences = experiment.design.holdouts(asked, sizes=sizes, rate=rate, price=price)
    others = experiment.design.shares(asked, sizes=sizes, rate=rate, price=price)
    known = [f"{name}: {rate.value:.2%}, {rate.basis}" for name, rate in rates.items() if rate.value is not None]
    known.append(f"contacts: {price.contacts_per_user:.2f} per picked user, {spent.basis}")
    chapters = [
        report.Chapter(f"What it can see with {asked.power:.0%} power ({basis})", known, seen),
        report.Chapter(f"How large a holdout must be to see {asked.metric} rise", sentences, rows),
        report.Chapter("What other holdouts would show of the model's picks", rows=others),
    ]
    if r.has(derived.SPEND_FORECAST):
        forecasts = records(r.read(derived.SPEND_FORECAST, F.col("cycle") == str(r.cycle)).orderBy("wave", "policy"))
        chapters.append(report.Chapter("What each cell will send and spend, forecast", rows=forecasts))
    for chapter in chapters:
        r.show(chapter.title, chapter.rows)
        r.say("\n".join(f"  {sentence}" for sentence in chapter.sentences))
    page = report.render(f"{r.region}, {r.scenario}, {r.cycle}: the experiment's design", chapters)
    write_text(r.spark, f"{r.reports}/{r.cycle}/design.html", page.html)
    r.say(f"\nReport: {r.reports}/{r.cycle}/design.html")


def _question(r: Run) -> experiment.design.Question:
    known, args = r.settings.experiment.metrics, r.args
    problems = [] if args.metric in (None, *known) else [Finding("unknown", "--metric", nearest(args.metric, known))]
    for name, value in (("--see", args.see), ("--power", args.power)):
        if value is not None and not 0 < value < 1:
            problems.append(Finding("wrong value", name, f"{value:g}, must lie between 0 and 1: 0.005 is half a point"))
    if problems:
        raise SettingsError("the design cannot answer what was asked", problems)
    return experiment.design.question(r.settings.experiment, metric=args.metric, difference=args.see, power=args.power)


def _sizes(r: Run) -> tuple[dict[str, int], int, str]:
    """Users by cell, picked or not, and touch; low-activity users; and where both come from."""
    is_now = F.col("cycle") == str(r.cycle)
    asleep = r.read(derived.FEATURES, is_now).where("is_low_activity")
    low_activity = asleep.count()
    if r.has(derived.ARMS) and not r.read(derived.ARMS, is_now).isEmpty():
        return campaign.arms.sizes(r.read(derived.ARMS, is_now)), low_activity, "as drawn"
    reach = permissions.contactable(r, day=r.cycle.first)
    contactable = asleep.join(reach.where("is_contactable"), "user_id", "left_semi").count()
    arms = r.settings.campaign.arms
    sizes = experiment.expected_sizes(
        contactable,
        cells=arms.cells,
        holdout=arms.holdout_share,
        long_holdout=arms.long_holdout_share,
        selected=arms.selected_share,
    )
    return sizes, low_activity, f"{contactable} contactable users, at the shares of conf"


def _price(r: Run, sizes: dict[str, int], low_activity: int) -> campaign.Intensity:
    if r.has(derived.WAVE_PLAN):
        is_past = F.col("cycle") < str(r.cycle)
        seen = campaign.intensity.seen(releases.contacts(r, is_past), r.read(derived.ARMS, is_past))
        if seen is not None:
            return seen
    touched = sum(n for name, n in sizes.items() if name.endswith(".selected.touched"))
    return campaign.intensity.at_most(r.settings.campaign, low_activity=low_activity, open_to_contact=touched)
