"""A made-up month for the report: rows as the tables have them, of a campaign that moved people."""

from dataclasses import replace
from typing import Any

from reactivation.report.facts import Facts

CAUSAL = (
    *("touch_model", "touch_rule", "touch_random", "gain_model_vs_rule", "gain_model_vs_random"),
    *("policy_model_vs_rule", "policy_model_vs_random", "cumulative_touch", "guide_model"),
)
BUSY = "transaction_own_count_1m >= 4 and login_days_to_date = 0"
AUDIENCES = [
    {
        "wave": "W1",
        "qualifies": {"model": "tier = 'high_potential'", "rule": "true", "random": "true"},
        "guidance": "profile_has_push = 1",
        "options": [{"channel": "push", "benefit": "login_discount"}],
    },
    {
        "wave": "W2",
        "qualifies": {"model": BUSY, "rule": BUSY, "random": BUSY},
        "guidance": None,
        "options": [
            {"channel": "push", "benefit": "payment_cashback"},
            {"channel": "push", "benefit": "transfer_coupon"},
            {"channel": "push", "benefit": "transfer_coupon"},
        ],
    },
]
ASKED: dict[str, Any] = {
    "audiences": AUDIENCES,
    "primary": "login",
    "segment": "all",
    "causal": list(CAUSAL),
    "sequence": [["touch_model", "login"], ["policy_model_vs_rule", "login"], ["gain_model_vs_rule", "login"]],
    "guardrails": {"opt_out": {"margin": 0.002, "harm": "rise"}},
    "minimum": {"login": 0.01, "transaction": 0.01},
    "means": ["active_days"],
    "alpha": 0.05,
    "power": 0.8,
    "value": 20.0,
    "hypotheses": {name: f"hypothesis.{name}" for name in CAUSAL},
    "waves": [{"wave": f"W{n}", "day": f"2026-05-{day:02d}"} for n, day in enumerate((6, 12, 19, 26), start=1)],
    "first_day": "2026-05-06",
    "last_day": "2026-05-31",
    "settles_on": "2026-06-05",
}
SHARES = {
    "touch_model": (0.684, 0.539, 0.145, 0.024, "proven better"),
    "touch_rule": (0.551, 0.498, 0.053, 0.030, "exploratory: better"),
    "touch_random": (0.497, 0.431, 0.066, 0.032, "exploratory: better"),
    "gain_model_vs_rule": (0.145, 0.053, 0.092, 0.038, "proven better"),
    "gain_model_vs_random": (0.145, 0.066, 0.079, 0.041, "exploratory: better"),
    "policy_model_vs_rule": (0.572, 0.533, 0.039, 0.022, "proven better"),
    "policy_model_vs_random": (0.572, 0.529, 0.043, 0.024, "exploratory: better"),
    "cumulative_touch": (0.535, 0.524, 0.011, 0.039, "inconclusive"),
    "guide_model": (0.421, 0.341, 0.080, 0.042, "exploratory: better"),
    "pick_model_vs_random": (0.684, 0.497, 0.187, 0.03, None),
    "found_model_vs_random": (0.539, 0.431, 0.108, 0.03, None),
}


def row(contrast: str, metric: str, seen: tuple[Any, ...], *, segment: str = "all", **own: Any) -> dict[str, Any]:
    first, second, difference, reach, verdict = seen
    return {
        "cycle": "2026-05",
        "contrast": contrast,
        "metric": metric,
        "segment": segment,
        "n_treatment": 1_420,
        "n_control": 1_275,
        "estimate_treatment": first,
        "estimate_control": second,
        "difference": difference,
        "difference_low": difference - reach,
        "difference_high": difference + reach,
        "ratio": first / second,
        "ratio_low": first / second - 0.05,
        "ratio_high": first / second + 0.05,
        "p_value": 0.001,
        "method": "Newcombe",
        "status": "estimated",
        "verdict": verdict,
        "reason": None,
        "family": None if verdict is None else "sequence" if verdict.startswith("proven") else "exploratory",
        "alpha": 0.05,
        "p_adjusted": None,
        "reason_code": None,
        "reason_values": None,
        **own,
    }


def without_numbers(row: dict[str, Any], status: str, verdict: str, **own: Any) -> dict[str, Any]:
    """A row that is withheld or not estimable."""
    names = ("estimate_treatment", "estimate_control", "difference", "difference_low", "difference_high", "alpha")
    blank = dict.fromkeys((*names, "ratio", "ratio_low", "ratio_high", "p_value"))
    return {**row, **blank, "status": status, "verdict": verdict, **own}


def readout() -> list[dict[str, Any]]:
    rows = [row(name, "login", seen) for name, seen in SHARES.items()]
    rows.append(row("pick_model_vs_random", "transaction", (0.312, 0.124, 0.188, 0.03, None)))
    rows.append(row("touch_model", "transaction", (0.312, 0.264, 0.048, 0.03, "exploratory: better")))
    guard = row("touch_model", "opt_out", (0.0021, 0.0018, 0.0003, 0.0012, "no difference larger than the minimum"))
    rows.append({**guard, "family": "guardrail", "alpha": 0.1})
    prices = {"ratio": 8.42, "ratio_low": 6.9, "ratio_high": 10.8, "difference": None}
    rows.append(row("touch_model", "cost_per_active", (1.221, 0.145, 0.0, 0.0, None), **prices))
    rows.append(row("touch_model", "net_gain", (12.0, 10.3, 1.68, 0.51, None)))
    rows += [
        row(
            "touch_model",
            "login",
            (0.5 + d, 0.5, d, 0.09, "inconclusive"),
            segment=f"branch=B{n:02d}",
            n_treatment=n * 60,
            n_control=n * 55,
        )
        for n, d in enumerate((0.31, 0.12, 0.05, 0.18, 0.14, -0.08, 0.16, 0.11), start=1)
    ]
    return rows


def users() -> list[dict[str, Any]]:
    found = []
    for policy in ("model", "rule", "random"):
        for band in range(1, 9):
            p = 0.95 - band * 0.105
            for touch, lift in (("touched", 0.13), ("holdout", 0.0), ("long_holdout", 0.0)):
                size = {"touched": 500, "holdout": 450, "long_holdout": 50}[touch]
                came = round(size * min(p + lift, 0.99))
                for is_selected in (True, False):
                    base = {"policy": policy, "is_selected": is_selected, "touch": touch, "band": band}
                    left = came
                    for day in range(6, 31, 2):
                        n = min(left, max(1, round(came * 0.09)))
                        left -= n
                        more = {"users": n, "scored": n, "active": n, "logged_in": n, "p_sum": n * p}
                        found.append({**base, "first_login_day": day, **more})
                    rest = size - came + left
                    more = {"users": rest, "scored": rest, "active": left, "logged_in": left, "p_sum": rest * p}
                    found.append({**base, "first_login_day": None, **more})
    return found


REASONS = (
    *(("not_contactable", 1_180), ("profiling_refused", 301), ("holdout", 3_610), ("long_holdout", 402)),
    *(("not_selected", 2_130), ("does_not_qualify", 610), ("over_contact_limit", 88), ("no_budget", 240)),
    *(("drawn_none", 61), ("planned", 1_016)),
)


FATES = (("sms", "delivered", 470, 1), ("push", "delivered", 440, 0), ("sms", "failed", 30, 0))


def facts(**own: Any) -> Facts:
    waves = ("W1", "W2", "W3", "W4")
    options = (("sms", "login_discount"), ("push", "login_discount"), ("call", "activation_gift"))
    found = Facts.of(
        region="sandbox",
        scenario="mobile_activity",
        cycle="2026-05",
        asked=ASKED,
        made={"plan": "a1b2c3d4e5f6a7b8", "settings": "0f1e2d3c4b5a", "code": "0.1.0"},
        readout=readout(),
        checks=[
            {"check": "sample_ratio_assigned", "subject": "cells", "p_value": 0.41, "verdict": "holds"},
            {"check": "waves", "subject": "W1 sms", "p_value": None, "verdict": "holds"},
        ],
        bands=[
            {
                **{"band": b, "score_low": 0.9 - b * 0.1, "score_high": 1.0 - b * 0.1, "users": 1_100},
                **{"tier": "high_potential", "basis": "assumed", "conversion_untouched": None},
                **dict.fromkeys(("lift_touched", "lift_touched_low", "lift_touched_high")),
            }
            for b in range(1, 9)
        ],
        response=[
            {
                **{"tier": "high_potential", "wave": wave, "channel": channel, "benefit": benefit},
                **{"n_treatment": 150 + 90 * i, "n_control": 110 + 60 * i, "status": "estimated", "reason": None},
                **{"lift": (0.14, 0.05, 0.21)[i] - 0.03 * int(wave[1]), "lift_low": -0.05, "lift_high": 0.25},
                **{"standard_error": 0.055 - 0.01 * i, "control_error": 0.03},
            }
            for wave in waves
            for i, (channel, benefit) in enumerate(options)
        ],
        evaluation=[
            {"model": "active", "population": "untouched", "metric": name, "value": value}
            for name, value in (("auc", 0.74), ("calibration_slope", 0.93))
        ],
        waterfall=[{"wave": wave, "reason": reason, "users": n} for wave in waves for reason, n in REASONS],
        limits=[
            {"wave": "W1", "policy": "model", "limit": "capacity_sms", "capacity": 360.0, "used": 351.0},
            {"wave": "W1", "policy": "model", "limit": "budget", "capacity": 390.5, "used": 388.1},
        ],
        curves=[
            {"wave": wave, "times": times, "budget": 390.5 * times, "value": value * (5 - int(wave[1]))}
            for wave in waves
            for times, value in ((0.25, 110.0), (0.5, 190.0), (0.75, 250.0), (1.0, 290.0), (1.5, 330.0), (2.0, 330.0))
        ],
        releases=[
            {"cycle": "2026-04", "wave": "W1", "status": "released", "cost": 2100.0, "contacts": 900, "as_of": None},
            *[
                {"cycle": "2026-05", "wave": wave, "status": "released", "cost": 640.5, "contacts": 1_016}
                | {"as_of": "2026-05-06"}
                for wave in waves
            ],
        ],
        prices=[
            {**row("touch_model", "cost_per_active", (1.2, 0.1, 0.0, 0.0, None), ratio=12.1, ratio_low=8.0)}
            | {"ratio_high": None, "cycle": "2026-04"},
            {**row("touch_model", "cost_per_active", (1.2, 0.1, 0.0, 0.0, None), ratio=8.42, ratio_low=6.9)}
            | {"ratio_high": 10.8},
        ],
        contacts=[
            {
                **{"wave": wave, "channel": channel, "fate": fate, "is_planned": True, "is_exported": True},
                **{"contacts": n, "complained": c, "opted_out": c * 3, "active": n // 2},
            }
            for wave in waves
            for channel, fate, n, c in FATES
        ],
        users=users(),
        money={
            **{"approved": 5_000.0, "committed": 2_562.0, "worst": 6_100.0, "spent": 2_214.4, "frozen_on": None},
            "whole": {"known": 9_638, "events": 4_402},
        },
    )
    return replace(found, **own)
