# Databricks notebook source
# MAGIC %md
# MAGIC # Start here
# MAGIC
# MAGIC **Question.** What does the programme do in a month, what has run under this root, and which page answers what?
# MAGIC
# MAGIC A month goes from the bank's rows to a read-out; each job reads tables of earlier ones and writes its own.

# COMMAND ----------

import os
import sys

sys.path.insert(0, os.path.abspath("../lib"))

from reactivation import report, schedule
from reactivation.contracts import derived, flow
from reactivation.runtime import run_log
from reactivation.runtime.notebook import open_run, picture, show

r = open_run()
days = r.settings.campaign.planned_on(r.cycle, r.calendar)

# COMMAND ----------

# MAGIC %md ## The pages

# COMMAND ----------

# MAGIC %md
# MAGIC | page | answers |
# MAGIC | --- | --- |
# MAGIC | `01_data` | what arrived, what was rejected and why, how fresh it is |
# MAGIC | `02_features` | what is known of each user, and who sleeps |
# MAGIC | `03_model` | is a version fit to go live? |
# MAGIC | `04_campaign` | who gets what, who nothing, and why: tiers, cells, waves, limits, one user's story |
# MAGIC | `05_read_out` | what the campaign moved, and what cannot be seen |
# MAGIC | `06_loop` | month by month: spend, users moved, scores |

# COMMAND ----------

# MAGIC %md ## The jobs of a month

# COMMAND ----------

show(flow.overview(), "job, what it does, what it reads and writes")

# COMMAND ----------

# MAGIC %md `jobs/run_cycle.py --cycle … --as-of …` runs what is due by a day; a later call continues. Each also runs alone.

# COMMAND ----------

# MAGIC %md ## When each is due

# COMMAND ----------

show(schedule.overview(schedule.of_cycle(r.cycle, calendar=r.calendar, waves=days)), f"days of {r.cycle}")

# COMMAND ----------

# MAGIC %md Waves are planned on their own day, from what had happened and arrived by 00:00. A month is read out once it has settled.

# COMMAND ----------

# MAGIC %md ## What has run here

# COMMAND ----------

ran = show(run_log.overview(r.read(derived.RUN_LOG)), r.root)
picture(report.plots.bars(ran, of="seconds", by="job", stacked="cycle", title="seconds by job"), "seconds by job")

# COMMAND ----------

# MAGIC %md A job that is called again does nothing where its settings and rows are the same; `--force` does it all the same.
