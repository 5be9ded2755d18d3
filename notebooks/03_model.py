# Databricks notebook source
# MAGIC %md
# MAGIC # Is the model fit to go live?
# MAGIC
# MAGIC **Question.** How good is each version out of time, are its probabilities true, and what did the gate say of it?
# MAGIC
# MAGIC A version is tested on the newest settled month, on which it was never trained. A reviewer reads this page, then
# MAGIC runs `jobs/approve_model.py`, or does not.

# COMMAND ----------

import os
import sys

sys.path.insert(0, os.path.abspath("../lib"))

from reactivation import report
from reactivation.contracts import derived
from reactivation.runtime.notebook import open_run, picture, show
from reactivation.runtime.registry import Registry

r = open_run()
registry = Registry.open(r)

# COMMAND ----------

# MAGIC %md ## Versions

# COMMAND ----------

show(registry.overview("active"), "active next month: versions, tested on the low-active")

# COMMAND ----------

show(registry.overview("asset_uplift"), "asset uplift next month: versions, tested on the low-active")

# COMMAND ----------

# MAGIC %md
# MAGIC `ready` is the gate's word: log loss below the base rate's, with a paired interval below 0, and not worse than the
# MAGIC champion's on the same rows. The champion is the version that scores; only a reviewer's approval moves it.

# COMMAND ----------

# MAGIC %md ## Are the right users on top?

# COMMAND ----------

deciles = show(
    registry.table("active", "deciles"), "active, newest version: deciles of the raw score, 1 is the highest"
)
picture(report.plots.lines(deciles, x="decile", y="lift", by="population", title="lift by decile"), "lift")

# COMMAND ----------

# MAGIC %md
# MAGIC Lift is a decile's share over the base rate. It should fall from decile to decile; the picture is `lift.png` of the run.

# COMMAND ----------

# MAGIC %md ## Are the probabilities true?

# COMMAND ----------

bins = show(registry.table("active", "calibration"), "active, newest version: bins of the calibrated probability")
picture(report.plots.lines(bins, x="p_mean", y="observed", by="population", title="calibration"), "calibration")

# COMMAND ----------

# MAGIC %md
# MAGIC In each bin the share that happened should be near the mean probability. A season makes both differ alike in all bins.

# COMMAND ----------

# MAGIC %md ## Who decided what, and when

# COMMAND ----------

show(r.read(derived.MODEL_LEDGER).drop("evidence_json").orderBy("at"), "model ledger")

# COMMAND ----------

# MAGIC %md
# MAGIC The ledger only grows. The figures behind each decision are in its column `evidence_json`.
