# Databricks notebook source
# MAGIC %md
# MAGIC # What the campaign moved
# MAGIC
# MAGIC **Question.** Did this month's campaign wake anybody who would have slept on, and did the model find the right ones?
# MAGIC
# MAGIC Everything here is read after the month has settled. Users were put into cells, and some held out, by chance before
# MAGIC the first wave; so what differs between them afterwards is what was done to them.

# COMMAND ----------

import os
import sys

sys.path.insert(0, os.path.abspath("../lib"))

from reactivation import experiment, report
from reactivation.pipelines import releases
from reactivation.runtime.notebook import open_run, show
from reactivation.contracts import derived

r = open_run()
cycle = f"cycle = '{r.cycle}'"
readout = [row.asDict() for row in r.read(derived.READOUT).where(cycle).collect()]
checks, targeting = (r.read(table).where(cycle) for table in (derived.READOUT_CHECKS, derived.TARGETING))
plan = experiment.registration_check.read(r.read(derived.EXPERIMENT_PLAN).where(cycle).collect()[0].asDict())
registered = experiment.registration_check.settings_of(plan, now=r.settings.experiment)
alpha, means = registered.alpha_per_look, registered.means

# COMMAND ----------

# MAGIC %md ## Who was in it

# COMMAND ----------

show(report.tier_sizes(r.read(derived.TIERS_TABLE).where(cycle), r.read(derived.ARMS).where(cycle)), "users by tier")

# COMMAND ----------

# MAGIC %md
# MAGIC `touched` means open to contact this month, reached or not. `holdout` gets nothing of ours; `long_holdout` for months.

# COMMAND ----------

# MAGIC %md ## What was sent

# COMMAND ----------

show(report.wave_fills(releases.newest(r, derived.WAVE_PLAN, cycle)), "users by wave and option")

# COMMAND ----------

# MAGIC %md
# MAGIC `drawn` are the exploration draws: options given by chance, `none` among them, to learn what each option does.

# COMMAND ----------

# MAGIC %md ## The month in sentences

# COMMAND ----------

show(experiment.lines(readout, r.settings.monitoring.report_metrics, alpha=alpha, means=means), "contrast by contrast")

# COMMAND ----------

# MAGIC %md
# MAGIC `touch` and `gain` are causal, `pick` and `found` describe. Where pick wins and gain does not, the model only finds
# MAGIC people who come by themselves.

# COMMAND ----------

# MAGIC %md ## The month in numbers

# COMMAND ----------

show(experiment.briefs(readout, means=means), "differences and intervals, shares in points")

# COMMAND ----------

# MAGIC %md
# MAGIC An interval that holds zero proves nothing by itself: `inconclusive` means that it also holds the smallest difference
# MAGIC that would matter. `all` is unadjusted, `all, CUPED` and `all, post-stratified` ask the same with less noise: the one
# MAGIC that was registered as the headline has the verdict. `reached` are users with a delivery. `proven` is a word of the
# MAGIC registered order alone; the others are hints for the next month. `outside` are users with a contact of another sender.

# COMMAND ----------

# MAGIC %md ## Parts of the users, and weeks

# COMMAND ----------

show(experiment.parts_in_brief(readout, means=means), "branches, tiers, weeks, and users whom only one policy picks")

# COMMAND ----------

# MAGIC %md
# MAGIC Who looks at many parts finds something by chance: all of them are exploratory, after Benjamini-Hochberg over all of
# MAGIC the month, and their intervals are as long as that asks for (column `level`).

# COMMAND ----------

# MAGIC %md ## Who can be moved

# COMMAND ----------

show(targeting.orderBy("metric", "ranking", "part"), "each ranking among the random cell's picks")

# COMMAND ----------

# MAGIC %md
# MAGIC Only in the random cell was every kind of user picked, and touched or held out by lot. A ranking whose `qini` interval
# MAGIC holds zero finds users who can be moved no better than a lot does.

# COMMAND ----------

# MAGIC %md ## What was checked

# COMMAND ----------

show(checks.orderBy("check", "subject"), "found, expected, and what follows")

# COMMAND ----------

# MAGIC %md
# MAGIC `withholds` hides the effects that rest on it; `warns` asks somebody to look.

# COMMAND ----------

# MAGIC %md ## What this month cannot tell

# COMMAND ----------

show([{"what": line} for line in experiment.cannot_see(readout)], "and how many users it would need")

# COMMAND ----------

# MAGIC %md
# MAGIC Not estimable is not zero. Withheld means that a check failed: the numbers exist, but may not be read.

# COMMAND ----------

# MAGIC %md ## What each option did

# COMMAND ----------

show(r.read(derived.RESPONSE).where(cycle).orderBy("tier", "wave", "channel", "benefit"), "lift over drawing none")

# COMMAND ----------

# MAGIC %md
# MAGIC From exploration draws alone, weighted by one over their probability. Nobody who merely qualified for a wave is
# MAGIC compared with a holdout: qualifying is itself an effect of earlier waves.
