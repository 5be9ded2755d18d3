"""A version against the champion on the same rows: those of the version's test month."""

from typing import NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from reactivation.model import evaluate
from reactivation.model.examples import KEYS, LABEL, WEIGHT, plain
from reactivation.model.paired import LossDifference
from reactivation.model.score import Scorer, missing_features, score
from reactivation.model.settings import ModelSettings

P_CHAMPION = "p_champion"


class Comparison(NamedTuple):
    """difference: log loss less the champion's, row by row; None where there is none. why_not: why there is none.

    is_refit: of the champion's recipe.
    """

    difference: LossDifference | None
    why_not: str | None
    is_refit: bool = True


def with_champion(test: DataFrame, champion: Scorer) -> tuple[DataFrame, str | None]:
    """The rows with the champion's probability, or the rows alone and why it cannot score them."""
    missing = missing_features(test, champion.features)
    if missing:
        named = f"{', '.join(missing[:5])}{' …' if len(missing) > 5 else ''}"
        return test, f"champion {champion.version} cannot score these rows any more: they lack {named}"
    its = score(champion.model, test, features=champion.features, keep=test.columns)
    return its.withColumnRenamed("p", P_CHAMPION).drop("raw"), None


def compare(version: Scorer, champion: Scorer, test: DataFrame, *, settings: ModelSettings) -> Comparison:
    """Compare on the low-active users of the test month; one query.

    test: examples of that month, see the front door `examples`.
    """
    low = plain(test).where(evaluate.POPULATIONS["low_activity"])
    both, why_not = with_champion(low, champion)
    if why_not is not None:
        return Comparison(None, why_not)
    scored = score(version.model, both, features=version.features, keep=[*KEYS, LABEL, WEIGHT, P_CHAMPION])
    rival = {"champion": F.col(P_CHAMPION)}
    paired = evaluate.against(scored, rival, confidence=settings.gate.confidence)["champion"]
    return Comparison(paired, None, champion.is_refitted_by(version.model, version.features))
