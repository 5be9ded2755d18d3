"""The steps as data: each job with the tables it reads and writes. The picture in docs/concepts.md derives from this module."""

from dataclasses import dataclass

from reactivation.contracts import canonical, derived
from reactivation.contracts.table import Table
from reactivation.errors import FlowError

CANONICAL = tuple(table.name for table in canonical.ALL)
RAW = "raw"
PERMISSIONS = ("consents", "contacts", "exclusions", "quarantine")
"""What says who may be contacted and profiled: see `population.Permissions`."""


@dataclass(frozen=True)
class Step:
    """One job, and the tables it reads and writes by name; `raw` and `truth` stand for all tables of that place."""

    job: str
    does: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]

    def check_read(self, table: Table) -> None:
        """Raise FlowError where the step does not list a table it reads."""
        if _listed_as(table) not in (*self.reads, *self.writes):
            raise FlowError(f"`{self.job}` reads `{_listed_as(table)}`, but flow lists only {', '.join(self.reads)}")

    def check_write(self, table: Table) -> None:
        """Raise FlowError where the step does not list a table it writes."""
        if _listed_as(table) not in self.writes:
            raise FlowError(f"`{self.job}` writes `{_listed_as(table)}`, but flow lists only {', '.join(self.writes)}")


def _listed_as(table: Table) -> str:
    return table.name if table.place == "warehouse" else table.place


INGEST = Step(
    "ingest_sources",
    "the bank's rows under one set of names, bad ones set aside",
    ("raw", *CANONICAL, "quarantine", "ingest_counts"),
    (*CANONICAL, "quarantine", "ingest_counts"),
)
FEATURES = Step(
    "build_features",
    "what is known of each user before the month, and what each did in settled months",
    (*CANONICAL, "ingest_counts", "activity", "features", "labels", "erasure_ledger"),
    ("activity", "features", "labels"),
)
_LEARNT_FROM = ("features", "labels", "activity", "arms", "tiers", "experiment_plan", *PERMISSIONS)
TRAIN = Step(
    "train_models",
    "two models, tested out of time, gated, registered",
    (*dict.fromkeys((*_LEARNT_FROM, *CANONICAL)), "wave_plan", "wave_releases"),
    ("model_ledger",),
)
APPROVE = Step(
    "approve_model",
    "a reviewed version goes live, compared with today's champion",
    (*_LEARNT_FROM, "model_ledger"),
    ("model_ledger",),
)
SCORE = Step(
    "score_users",
    "who will be active, whose assets will grow",
    ("features", "scores", "wave_waterfall", "wave_releases", "model_ledger", *PERMISSIONS),
    ("scores",),
)
EVALUATE = Step(
    "evaluate_scores",
    "how good the scores were, once the month has settled",
    ("features", "scores", "labels", "ingest_counts", "arms", "tiers", "experiment_plan", "quarantine", *CANONICAL),
    ("score_evaluation",),
)
ASSIGN = Step(
    "assign_tiers",
    "who is worth it, and who may be touched: drawn before the first wave",
    (
        "scores",
        "features",
        *CANONICAL,
        "quarantine",
        "outcomes",
        "readout",
        "arms",
        "response",
        "labels",
        "tiers",
        "wave_plan",
        "wave_waterfall",
        "wave_releases",
        "contact_ledger",
    ),
    ("tier_bands", "tiers", "arms", "experiment_plan", "balance", "spend_forecast"),
)
DESIGN = Step(
    "design_experiment",
    "what the month's experiment can see, and how large a holdout must be",
    (
        *("features", "labels", "outcomes", "arms", "experiment_plan", "wave_plan", "wave_releases", "users"),
        *("contact_ledger", "spend_forecast", *PERMISSIONS),
    ),
    (),
)
PLAN = Step(
    "plan_wave",
    "who gets what, when, by which channel",
    (
        *("tier_bands", "tiers", "arms", "scores", "features", "experiment_plan", "response", "readout", "wave_plan"),
        *("outcomes", "wave_releases", "contact_ledger", "ingest_counts", "quarantine", *CANONICAL),
    ),
    ("wave_plan", "wave_waterfall", "wave_limits", "wave_releases"),
)
RELEASE = Step(
    "release_wave",
    "what was planned goes out: one more look, files as a set, every contact in the ledger",
    (
        *("wave_plan", "wave_releases", "contact_ledger", "scores", "tiers", "tier_bands", "arms"),
        *("ingest_counts", "quarantine", *CANONICAL),
    ),
    ("contact_ledger", "wave_releases"),
)
CHECK = Step(
    "check_released",
    "daily while files are sent: who refused since, or left, is withdrawn",
    ("wave_plan", "wave_releases", "contact_ledger", "ingest_counts", "quarantine", *CANONICAL),
    (),
)
STOP = Step(
    "stop_wave",
    "on request: what is unsent of a wave stays unsent",
    ("wave_releases", "contact_ledger", "contacts"),
    ("contact_ledger", "wave_releases"),
)
READ_OUT = Step(
    "read_out",
    "what the campaign moved, by randomised comparison",
    (
        *("arms", "tiers", "tier_bands", "scores", "features", "experiment_plan"),
        *("wave_plan", "wave_waterfall", "wave_limits", "wave_releases", "contact_ledger"),
        *("score_evaluation", "ingest_counts"),
        *CANONICAL,
    ),
    ("outcomes", "readout", "readout_looks", "readout_checks", "targeting", "response"),
)

STEPS = (INGEST, FEATURES, TRAIN, APPROVE, SCORE, EVALUATE, DESIGN, ASSIGN, PLAN, RELEASE, CHECK, STOP, READ_OUT)

LOOP = Step(
    "report_loop",
    "month by month: spend, users moved, scores",
    ("readout", "outcomes", "arms", "score_evaluation", "tier_bands", "experiment_plan"),
    (),
)

EXPLAIN = Step(
    "explain_user",
    "one user's month in words: scores and their reasons, tier, cell, waves, outcome",
    (*dict.fromkeys((*PLAN.reads, *READ_OUT.reads, "wave_plan", "outcomes", "response")),),
    ("explanation_log",),
)

WHAT_IF = Step(
    "what_if", "a wave under other settings, beside its plan; nothing is written", (*PLAN.reads, "wave_limits"), ()
)

COMPARE = Step(
    "compare_policies",
    "whether another order would have moved more users, and whether a challenger's whole policy did",
    ("arms", "scores", "tiers", "outcomes", "readout", "experiment_plan", "wave_plan", "wave_releases", "contacts"),
    (),
)

EXPIRE = Step(
    "expire_months",
    "months past their retention go",
    (*CANONICAL, *(table.name for table in derived.ALL)),
    (*CANONICAL, *(table.name for table in derived.ALL)),
)

EVERYTHING = (*CANONICAL, *(table.name for table in derived.ALL))
NOTEBOOK = Step("notebook", "reads everything, writes nothing", EVERYTHING, ())
RUN_CYCLE = Step("run_cycle", "all of the above for one month", EVERYTHING, ())
BY_JOB = {step.job: step for step in (*STEPS, RUN_CYCLE, NOTEBOOK, LOOP, EXPLAIN, WHAT_IF, COMPARE, EXPIRE)}


def writer_of(table: str) -> str | None:
    """The job that writes a table, for messages that say what to run first.

    >>> writer_of("scores")
    'score_users'
    """
    return next((step.job for step in STEPS if table in step.writes), None)


def overview() -> list[dict[str, str]]:
    """The jobs of a cycle for people: one row per job with what it does, reads and writes, canonical tables as one."""

    def told(names: tuple[str, ...]) -> str:
        rest = [name for name in names if name not in CANONICAL]
        return ", ".join(["canonical tables"] * (len(rest) < len(names)) + rest)

    return [{"job": s.job, "does": s.does, "reads": told(s.reads), "writes": told(s.writes)} for s in STEPS]


def mermaid() -> str:
    """The data's way as a Mermaid flowchart: jobs as boxes, what each hands on as rounded ones beside it."""
    handed_on = {step.job: step.writes for step in STEPS if step.writes not in ((), CANONICAL, ("model_ledger",))}
    lines = ["flowchart LR", '    raw[("raw tables")] --> ingest_sources']
    for step in STEPS:
        givers = [job for job, tables in handed_on.items() if job != step.job and set(tables) & set(step.reads)]
        lines += [f"    {job}_tables --> {step.job}" for job in givers]
        if step.job in handed_on:
            names = ["canonical tables"] if set(CANONICAL) <= set(step.writes) else []
            names += [name for name in step.writes if name not in CANONICAL]
            lines.append(f"    {step.job} --> {step.job}_tables([{'<br/>'.join(names)}])")
    registry = [
        '    train_models --> registry[("MLflow registry")]',
        "    approve_model --> registry",
        "    assign_tiers --> registry",
        "    registry --> train_models",
        "    registry --> score_users",
        "    registry --> evaluate_scores",
    ]
    ends = [
        '    design_experiment --> design[("design")]',
        '    assign_tiers --> suppression[("suppression file")]',
        '    release_wave --> files[("channel files")]',
        "    files --> read_out",
        "    check_released --> files",
        "    stop_wave --> files",
        '    read_out --> report[("report")]',
    ]
    return "\n".join([*lines, *registry, *ends])
