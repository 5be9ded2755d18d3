"""No job, but what training and review share: what a version's card is made of, and where it is written."""

from pyspark.sql import DataFrame

import reactivation
from reactivation import model
from reactivation.pipelines.permissions import PROD
from reactivation.pipelines.training_rows import Material
from reactivation.runtime import version_page
from reactivation.runtime.registry import ALIAS, ModelVersion, Registry
from reactivation.runtime.run import Run


def require_answers(r: Run) -> None:
    """SettingsError in `prod` where nobody answers for the models."""
    if r.env == PROD:
        r.settings.model_card.require_answers(r.region)


def review(r: Run, trained: model.Trained, examples: DataFrame, material: Material, *, salt: str) -> model.Review:
    """Review a trained model by conf; see `model.review`."""
    return model.review(
        trained,
        examples,
        material.recent,
        training=material.training,
        salt=salt,
        settings=r.settings.model,
        card=r.settings.model_card,
        top_share=r.settings.campaign.arms.selected_share,
    )


def describe(
    r: Run,
    registry: Registry,
    target: str,
    version: ModelVersion,
    *,
    trained: model.Trained,
    review: model.Review,
    training: model.Training,
) -> None:
    """Write the card of a registered version where MLflow shows it, and what the registered model is."""

    live = registry.serving(target, r.cycle)
    around = surroundings(r, target, str(live.version) if live else None, training)

    def card(*, is_whole: bool) -> str:
        return model.card.render(
            trained,
            review,
            training=training,
            settings=r.settings.model,
            card=r.settings.model_card,
            around=around,
            is_whole=is_whole,
        )

    purpose = r.settings.model_card.purpose.get(target, "")
    of_model = (
        f"{purpose} Region {r.region}, scenario {r.scenario}. Each version is the training of one cycle, tested on the "
        f"newest month that had settled then; its description is its card. The alias `{ALIAS}` is the version that "
        "scores; it scores nobody before an approval stands in the table `model_ledger`."
    )
    texts = {"of_model": of_model, "card": card(is_whole=False), "whole": card(is_whole=True)}
    version_page.describe(registry.client, version, **texts)


def describe_lift(r: Run, registry: Registry, name: str, version: ModelVersion, trained: model.TrainedLift) -> None:
    """Write what a registered lift is, and how it was judged, where MLflow shows it."""
    what = (
        "What a month open to contact adds to a sleeper's P(active), learnt from users touched or held out at random."
    )
    use = "is written into `scores`, unless a later month refuted it; else users are ordered by band and propensity."
    if name == model.OPTION_LIFT:
        what = (
            "What one option of a wave adds to P(active) from its wave's day to the month's end, learnt from "
            "explorers who drew it or, from the same options, none (here: touched and held out). A version's tag "
            f"`{model.OPTION}` and its card say of which option it is."
        )
        use = "stands beside the options' factors; nothing goes by it."
    of_model = f"{what} Region {r.region}, scenario {r.scenario}. The alias `{ALIAS}` is the version that {use}"
    version_page.describe(registry.client, version, of_model=of_model, card=trained.card, whole=trained.card)


def surroundings(r: Run, target: str, champion: str | None, training: model.Training) -> model.Surroundings:
    """The words of conf and the commands that a card names."""
    uplift = r.settings.labels.asset_uplift
    label = (
        f"`{model.TARGETS[target]}` of the month: `{r.settings.labels.is_active}`"
        if target == "active"
        else f"`{model.TARGETS[target]}` of the month: assets rise by more than {100 * uplift.min_share:g} % of those "
        f"at its start and by more than {uplift.min_amount:g}"
    )
    back = "no version was live before; take the alias away, and nobody is scored"
    if champion is not None:
        given = "--reviewer … --reason … --without-comparison …"
        back = f"`jobs/approve_model.py --model {target} --version {champion} {given}`"
    return model.Surroundings(
        target=target,
        low_activity=r.settings.population.low_activity,
        label=label,
        common=f"--env {r.env} --region {r.region} --scenario {r.scenario} --cycle {training.cycle}",
        code_version=reactivation.__version__,
        back=back,
        has_champion=champion is not None,
        top_share=r.settings.campaign.arms.selected_share,
    )
