"""The lab's steps as data: which tables each of its jobs reads and writes."""

from reactivation.contracts.flow import EVERYTHING, LOOP, PERMISSIONS, SCORE, TRAIN, WHAT_IF, Step

SIMULATE = Step(
    "simulate_bank",
    "sandbox only: what the bank's users would have done, and what is true of a month",
    ("arms",),
    ("raw", "truth"),
)
LOOP_WITH_TRUTH = Step(LOOP.job, "the same beside the truth of the simulated bank", (*LOOP.reads, "truth"), ())
RIVALS = Step("compare_models", "the serving models against xgboost on the same rows", TRAIN.reads, ())
WAYS = Step("compare_training", "each way to treat contacted users, held against conf's own", TRAIN.reads, ())
ROLLOUTS = Step(
    "simulate_policies",
    "sandbox only: what each policy would have moved, had it had all users of a month",
    ("arms", "wave_plan", "wave_releases", "truth"),
    ("truth",),
)
COMPARE = Step("compare_loops", "sandbox only: loops that learn against loops that do not, by the truth", (), ())
ALLOCATIONS = Step(
    "compare_allocations_by_truth",
    "sandbox only: waves of lived months filled in several ways at equal spend, valued by the truth",
    WHAT_IF.reads,
    (),
)
BENCHMARK = Step("benchmark_month", "the same at any size, every job measured", EVERYTHING, ())
TRAINING_AT_SIZE = Step(
    "benchmark_training",
    "one training at any size, on a built bank's rows repeated",
    ("features", "labels", *PERMISSIONS),
    ("features", "labels", "contacts"),
)
REASONS_AT_SIZE = Step("benchmark_reasons", "what reasons add to the scoring of any number of users", SCORE.reads, ())
