# Databricks notebook source
# MAGIC %md
# MAGIC # What is known of each user
# MAGIC
# MAGIC **Question.** Before the month begins, what do we know of our users, how complete is it, and who sleeps?
# MAGIC
# MAGIC Every number here was known at the cycle's observation date: it had happened by then, and had arrived by then.

# COMMAND ----------

import os
import sys

sys.path.insert(0, os.path.abspath("../lib"))

from reactivation import features, report
from reactivation.contracts import derived
from reactivation.runtime.notebook import open_run, picture, show

r = open_run()
table = r.read(derived.FEATURES).where(f"cycle = '{r.cycle}'")
catalogue = features.catalogue(r.settings.sources.present, r.settings.features, kinds=r.settings.activity)

# COMMAND ----------

# MAGIC %md ## Who sleeps

# COMMAND ----------

show(features.sizes(r.read(derived.FEATURES), by="is_low_activity"), "signed-up users by cycle")

# COMMAND ----------

# MAGIC %md
# MAGIC Low activity is a rule of conf (`population.low_activity`). It is not the label: a sleeper may well pay by card.

# COMMAND ----------

# MAGIC %md ## What there is

# COMMAND ----------

show(features.counts(catalogue), "features by source")

# COMMAND ----------

# MAGIC %md
# MAGIC A source that the region does not have gives no features. A name says signal, measure and form: `login_days_3m`.

# COMMAND ----------

# MAGIC %md ## How full it is, and what it looks like

# COMMAND ----------

show(features.summary(table, catalogue), f"all signed-up users, {r.cycle}")

# COMMAND ----------

# MAGIC %md
# MAGIC Nothing done is 0. Not known is null: recency of what never happened, a share of nothing, a balance never seen.

# COMMAND ----------

# MAGIC %md ## The sleepers against the others

# COMMAND ----------

differ = show(features.contrast(table, catalogue, by="is_low_activity"), "largest differences, in standard deviations")
picture(
    report.plots.bars(differ, of="difference", by="feature", title="sleepers less the others"), "sleepers and others"
)

# COMMAND ----------

# MAGIC %md
# MAGIC What defines the sleepers leads this list; what follows shows where else they live, and where they could be met.

# COMMAND ----------

# MAGIC %md ## What came of it in settled months

# COMMAND ----------

show(features.rates(r.read(derived.FEATURES), r.read(derived.LABELS)), "labels by cycle and activity")

# COMMAND ----------

# MAGIC %md
# MAGIC These are the base rates a model has to beat. The newest months are missing until they have settled.
