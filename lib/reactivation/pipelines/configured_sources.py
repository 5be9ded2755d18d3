"""No job, but what several share: what the region has by its conf, whatever else its tables still hold from before."""

from collections.abc import Mapping, Sequence

from pyspark.sql import Column, DataFrame

from reactivation import features
from reactivation.contracts import canonical, derived
from reactivation.runtime.run import Run


def sources(r: Run) -> dict[str, DataFrame]:
    """Canonical tables of the sources that conf names: one that was taken out of it is absent, not silent."""
    named = r.settings.sources.present
    return r.read_present(table for table in canonical.ALL if table.name in named)


def allowed(kinds: features.ActivitySettings) -> dict[str, Mapping[str, Sequence[str]]]:
    """Values that conf allows beside the contracts, by source and column."""
    return {"asset_snapshots": {"product": kinds.asset_products}}


def features_now(r: Run, where: Column) -> DataFrame:
    """Rows of `features` without the columns of features that conf no longer asks for: there they are null for all."""
    table = r.read(derived.FEATURES, where)
    catalogue = features.catalogue(r.settings.sources.present, r.settings.features, kinds=r.settings.activity)
    return table.select(*[name for name in features.contract(catalogue).column_names if name in table.columns])
