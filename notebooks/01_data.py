# Databricks notebook source
# MAGIC %md
# MAGIC # What the bank gave us
# MAGIC
# MAGIC **Question.** What arrived from each source, what was kept, why was the rest rejected, and how fresh is it?
# MAGIC
# MAGIC No row is dropped or bent: what breaks a rule lies in `quarantine`, and all rows are counted.

# COMMAND ----------

import os
import sys

sys.path.insert(0, os.path.abspath("../lib"))

from reactivation import report
from reactivation.contracts import derived
from reactivation.ingest import summary
from reactivation.runtime.notebook import open_run, picture, show

r = open_run()
counts = r.read(derived.INGEST_COUNTS)

# COMMAND ----------

# MAGIC %md ## What arrived

# COMMAND ----------

show(summary.by_source(counts), "rows by source: in = kept + quarantined + duplicate")

# COMMAND ----------

# MAGIC %md A duplicate is equal to an earlier row in all but its arrival. `readmitted` rows had waited in quarantine for their user.

# COMMAND ----------

# MAGIC %md ## When it arrived

# COMMAND ----------

months = show(summary.by_month(counts).where("source != 'users'"), "rows kept by month of arrival", most=400)
picture(report.plots.lines(months, x="cycle", y="rows_kept", by="source", title="rows kept"), "rows kept by month")

# COMMAND ----------

# MAGIC %md A month that falls away in one source alone is rarely the users' doing: ask the source before trusting the month.

# COMMAND ----------

# MAGIC %md ## What was rejected, and why

# COMMAND ----------

rejected = show(summary.reasons(r.read(derived.QUARANTINE)), "rows in quarantine")
picture(
    report.plots.bars(rejected, of="rows", by="source", stacked="reason", title="quarantine"), "quarantine by reason"
)

# COMMAND ----------

# MAGIC %md
# MAGIC `unknown_user` rows wait: each ingest tries them again. Where too many rows break a rule, the ingest stops
# MAGIC (`sources.max_bad_share`), and nothing is written.

# COMMAND ----------

# MAGIC %md ## How fresh it is

# COMMAND ----------

show(summary.freshness(counts), "newest month, day up to which was read, newest file")

# COMMAND ----------

# MAGIC %md
# MAGIC Consents and exclusions that are too old stop planning: who may be contacted would not be known. An empty file that
# MAGIC comes on time is fresh.
