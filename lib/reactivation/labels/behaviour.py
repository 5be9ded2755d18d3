"""What a user did in a window, in the few words that labels and outcomes need."""

import re
from collections.abc import Collection, Mapping, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from reactivation.contracts.expression import condition
from reactivation.contracts.measure import Measure, with_day_counts
from reactivation.labels import days
from reactivation.labels.settings import LabelSettings


def sources_asked(measures: Mapping[str, Sequence[Measure]], settings: LabelSettings) -> frozenset[str]:
    """Sources that `behaviour` needs: logins, transactions, and those of whose measures conf's conditions speak."""
    words = set(re.findall(r"\w+", f"{settings.is_active} {settings.transacted}"))
    asked = {
        source
        for source, group in measures.items()
        if any(m.name in words or f"{m.name}_count" in words for m in group)
    }
    return frozenset({"logins", "transactions"} | asked)


def behaviour(
    sources: Mapping[str, DataFrame], months: DataFrame, settings: LabelSettings, *, by: Sequence[str] = ("user_id",)
) -> DataFrame:
    """One row per `by` of who did anything: logged_in, transacted, is_active, transaction_count (of own initiative).

    sources: the region's canonical tables by name. months: rows of `features.partials.in_window`, one per user and
    month of a window; over several months a user is active who was so in any of them. logged_in is null where the
    region has no logins, transacted (as conf defines it) where it has no transactions. A user without a row did
    nothing: `on_spine` says so. With `days.MEASURES` in months, of a window within one month, also active_on and
    logged_in_on: see `days`.
    """
    counted = with_day_counts(months)
    is_active = condition(counted, settings.is_active, key="labels.is_active")
    transacted = condition(counted, settings.transacted, key="labels.transacted")
    logins, own_transactions = _sum("login_count"), _sum("transaction_own_count")
    return counted.groupBy(*by).agg(
        _known("logins", sources, logins > 0).alias("logged_in"),
        _known("transactions", sources, F.bool_or(transacted)).alias("transacted"),
        F.bool_or(is_active).alias("is_active"),
        own_transactions.alias("transaction_count"),
        *(
            [days.active_on().alias("active_on"), days.logged_in_on().alias("logged_in_on")]
            if days.MOBILE_DAYS in months.columns
            else []
        ),
    )


def on_spine(
    spine: DataFrame,
    behaviour: DataFrame,
    sources: Mapping[str, DataFrame],
    *,
    channels: Collection[str] = (days.MOBILE,),
    by: Sequence[str] = ("user_id",),
) -> DataFrame:
    """Add `behaviour` to the rows of a spine; who has no row in it did nothing, which is not the same as not known.

    logged_in and transacted are false then, or null where their source is absent; is_active false; transaction_count
    and active_on 0, the latter null for everybody where there are no logins, and no transactions with `mobile` among
    their channels. channels: of the region's transactions.
    """
    nothing = {
        "logged_in": _known("logins", sources, F.lit(False)),
        "transacted": _known("transactions", sources, F.lit(False)),
        "is_active": F.lit(False),
        "transaction_count": F.lit(0).cast("bigint"),
    }
    joined = spine.join(behaviour, list(by), "left")
    if "active_on" in behaviour.columns:
        is_known = "logins" in sources or ("transactions" in sources and days.MOBILE in channels)
        joined = joined if is_known else joined.withColumn("active_on", F.lit(None))
        nothing["active_on"] = F.lit(0 if is_known else None).cast("bigint")
        nothing["logged_in_on"] = F.lit(0 if "logins" in sources else None).cast("bigint")
    return joined.withColumns({name: F.coalesce(name, value) for name, value in nothing.items()})


def _sum(measure: str) -> Column:
    return F.sum(F.coalesce(measure, F.lit(0)))


def _known(source: str, sources: Mapping[str, DataFrame], value: Column) -> Column:
    """The value, or null where the source it speaks of is absent."""
    return value if source in sources else F.lit(None).cast("boolean")
