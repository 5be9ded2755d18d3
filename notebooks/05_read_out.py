# Databricks notebook source
# MAGIC %md
# MAGIC # What the campaign moved
# MAGIC
# MAGIC **Question.** Did this month's campaign wake anybody who would have slept on, and did the model find the right ones?
# MAGIC
# MAGIC Everything is read after the month has settled. Users were put into cells, and some held out, by chance before the first
# MAGIC wave; so what differs between them afterwards is what was done to them.

# COMMAND ----------

import os
import sys

sys.path.insert(0, os.path.abspath("../lib"))

from reactivation import experiment, report
from reactivation.contracts import derived
from reactivation.pipelines import plan_registration
from reactivation.runtime.notebook import open_run, picture, show

r = open_run()
cycle = f"cycle = '{r.cycle}'"
readout = [row.asDict() for row in r.read(derived.READOUT).where(cycle).collect()]
checks, targeting = (r.read(table).where(cycle) for table in (derived.READOUT_CHECKS, derived.TARGETING))
registered = plan_registration.registered(r)
alpha, means, primary = registered.alpha_per_look, registered.means, registered.primary_metric

# COMMAND ----------

# MAGIC %md ## The month in one picture

# COMMAND ----------

forest = experiment.forest(readout, primary)
drawn = report.plots.intervals(forest, label="contrast", point="points", low="low", high="high", title=primary)
picture(drawn, f"{primary}: contrasts in points")

# COMMAND ----------

# MAGIC %md
# MAGIC All are causal. Where the model's picks come more often and `gain` is not there, it finds who comes by themselves.
# MAGIC
# MAGIC ## The month in sentences and in numbers

# COMMAND ----------

show(experiment.lines(readout, r.settings.monitoring.report_metrics, alpha=alpha, means=means), "contrast by contrast")
show(experiment.briefs(readout, means=means), "differences and intervals, shares in points")

# COMMAND ----------

# MAGIC %md
# MAGIC An interval that holds zero proves nothing: `inconclusive` means that it also holds the smallest difference that would
# MAGIC matter. `all` is unadjusted, the others ask the same with less noise; the registered headline has the verdict. `proven` is
# MAGIC a word of the registered order alone.
# MAGIC
# MAGIC ## Parts of the users, and weeks

# COMMAND ----------

show(experiment.parts_in_brief(readout, means=means), "branches, tiers, weeks, and users whom only one policy picks")

# COMMAND ----------

# MAGIC %md
# MAGIC All parts are exploratory, their intervals as long as that asks for: who looks at many finds something by chance.
# MAGIC
# MAGIC ## Who can be moved

# COMMAND ----------

show(targeting.orderBy("metric", "ranking", "part"), "each ranking among the random cell's picks")

# COMMAND ----------

# MAGIC %md A ranking whose `qini` interval holds zero finds users who can be moved no better than a random choice.

# COMMAND ----------

# MAGIC %md ## What was checked

# COMMAND ----------

show(checks.orderBy("check", "subject"), "found, expected, and what follows")

# COMMAND ----------

# MAGIC %md
# MAGIC `withholds` hides the effects that rest on it; `warns` asks somebody to look.
# MAGIC
# MAGIC ## What this month cannot tell

# COMMAND ----------

show([{"what": line} for line in experiment.cannot_see(readout)], "and how many users it would need")

# COMMAND ----------

# MAGIC %md Not estimable is not zero. Withheld means that a check failed: the numbers exist, but may not be read.
