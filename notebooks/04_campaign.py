# Databricks notebook source
# MAGIC %md
# MAGIC # Who gets what, and who nothing
# MAGIC
# MAGIC **Question.** How were the sleepers sorted, drawn and planned this month, and why did each of the others get nothing?
# MAGIC
# MAGIC Tiers come from scores and what past months showed; cells and holdouts are drawn at random before anybody is touched.

# COMMAND ----------

import os
import sys

sys.path.insert(0, os.path.abspath("../lib"))

from reactivation import campaign, report
from reactivation.contracts import derived, flow
from reactivation.pipelines import explain_user, plan_registration, releases
from reactivation.runtime.notebook import open_run, picture, show

r = open_run()
cycle = f"cycle = '{r.cycle}'"
tiers, arms = r.read(derived.TIERS_TABLE).where(cycle), r.read(derived.ARMS).where(cycle)
waterfall, limits = (releases.newest(r, table, cycle) for table in (derived.WAVE_WATERFALL, derived.WAVE_LIMITS))

# COMMAND ----------

# MAGIC %md ## Tiers

# COMMAND ----------

bands = r.read(derived.TIER_BANDS).where(cycle).orderBy("band")
show(bands.select("band", "score_low", "score_high", "users", "tier", "basis", "reason"), "bands of the score")
sizes = show(report.tier_sizes(tiers, arms), "users by tier")
picture(report.plots.bars(sizes, of="users", by="tier", title="sleepers by tier"), "tiers")

# COMMAND ----------

# MAGIC %md `basis` says whether evidence decided a band's tier or conf did. Natural converters get no spend: they come anyway.

# COMMAND ----------

# MAGIC %md ## Cells and holdouts

# COMMAND ----------

drawn = show(campaign.arms.by_touch(arms), "users by cell and touch; picked: by the cell's own policy")
picture(report.plots.bars(drawn, of="users", by="cell", stacked="touch", title="cells"), "cells and holdouts")

# COMMAND ----------

# MAGIC %md Each cell has users of its own, so that model, rule and chance can be compared. Nobody changes cells within a month.

# COMMAND ----------

# MAGIC %md ## Waves

# COMMAND ----------

planned, words = plan_registration.plan_if_any(r)["waves"], report.Words.of(r.settings.report)
show(report.audience.rows(planned, {}, words), "whom each wave is for")
show(report.wave_fills(releases.newest(r, derived.WAVE_PLAN, cycle)), "users by wave and option")
fall = show(
    waterfall.orderBy("wave", "reason").select("wave", "reason", "users"), "planned, or the first reason why not"
)
picture(report.plots.bars(fall, of="users", by="wave", stacked="reason", title="waterfall"), "every sleeper, by wave")

# COMMAND ----------

# MAGIC %md Each sleeper counts once per wave. `drawn` are exploration draws: an option, or none, at random, to learn what options do.

# COMMAND ----------

# MAGIC %md ## Limits

# COMMAND ----------

show(limits.orderBy("wave", "limit", "policy").drop("cycle", "plan_version"), "capacity and budget of each cell")

# COMMAND ----------

# MAGIC %md A gap of 0 binds: one more unit would be worth its `shadow_price`. Cells have equal parts, for a fair comparison.

# COMMAND ----------

# MAGIC %md ## One user's story

# COMMAND ----------

asked = r.args.user or explain_user.example(r)
r.say(explain_user.explain(r.at(flow.EXPLAIN), asked, reason="notebook 04"))

# COMMAND ----------

# MAGIC %md Another user: the widget `user` (elsewhere `--user` in `REACTIVATION_NOTEBOOK`). Who asked is noted in `explanation_log`.
