# Databricks notebook source
# MAGIC %md
# MAGIC # Month by month
# MAGIC
# MAGIC **Question.** What did the programme spend, whom did it move, and do its scores stay good as it learns?
# MAGIC
# MAGIC Each month's read-out teaches the next: which bands wake, which options work, which months train.

# COMMAND ----------

import os
import sys

sys.path.insert(0, os.path.abspath("../lib"))

from reactivation import report
from reactivation.contracts import derived
from reactivation.pipelines import report_loop
from reactivation.runtime.notebook import open_run, picture, show

r = open_run()
metric = r.settings.experiment.primary_metric
months = report_loop.months(r)

# COMMAND ----------

# MAGIC %md ## In sentences

# COMMAND ----------

show([{"what": line} for line in report.loop.sentences(months, metric=metric)], f"up to {r.cycle}")

# COMMAND ----------

# MAGIC %md The cost of one more active user has no upper end where the effect is not surely above zero.

# COMMAND ----------

# MAGIC %md ## In numbers

# COMMAND ----------

show(report.loop.without_tiers(months), "by month and policy")

# COMMAND ----------

# MAGIC %md ## In pictures

# COMMAND ----------

picture(report.loop.plot(months, metric=metric), "spend, users moved, cost of one, quality of the scores")

# COMMAND ----------

# MAGIC %md Scores are judged by the users who were left alone: whom we touched, we changed.

# COMMAND ----------

# MAGIC %md ## What each option has shown so far

# COMMAND ----------

options = r.read(derived.RESPONSE).where(f"cycle = '{r.cycle}'").orderBy("tier", "wave", "channel", "benefit")
rows = show(options.selectExpr("concat_ws(' ', wave, channel, benefit, tier) as option", "*"), "lift over drawing none")
picture(
    report.plots.intervals(rows, label="option", point="lift", low="lift_low", high="lift_high"), "lift of each option"
)

# COMMAND ----------

# MAGIC %md From draws at random alone. An interval that holds zero proves nothing: with few draws it is wide, whatever is true.

# COMMAND ----------

# MAGIC %md ## Which bands moved between tiers

# COMMAND ----------

show(
    r.read(derived.TIER_BANDS).where(f"cycle <= '{r.cycle}'").select("cycle", "band", "tier", "basis", "users"), "bands"
)

# COMMAND ----------

# MAGIC %md A band keeps its tier until the evidence is sure (`kept`); one month's luck does not move it.
