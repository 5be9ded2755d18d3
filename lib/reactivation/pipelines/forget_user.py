"""Forget one person: in tables and their old versions, released files and MLflow. First a dry run, then --apply."""

import re
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable

from reactivation import argument_types, cli, model
from reactivation.contracts import canonical, derived, flow
from reactivation.errors import Finding, NotReady, SettingsError
from reactivation.pipelines import forgotten_releases, training_rows
from reactivation.runtime import erasure, erasure_of_files
from reactivation.runtime.registry import Registry
from reactivation.runtime.run import Run
from reactivation.runtime.standalone import Bench
from reactivation.runtime.store import Store


def add_arguments(parser: ArgumentParser) -> None:
    """Whom, on whose request, and whether to look or to do."""
    parser.add_argument("--user", required=True, type=argument_types.user_id, help="user_id of the person")
    told = "the bank's own number of the request; never a name or an id"
    parser.add_argument("--request", required=True, type=argument_types.said, help=told)
    parser.add_argument("--apply", action="store_true", help="remove; without it the job only says what it found")


def run(b: Bench) -> None:
    """Remove the person's rows and lines; counts, read-outs and ledgers keep their numbers.

    Run it where no other job runs. Old versions of the tables go with their files. The bank's raw tables are not ours
    to touch: there the bank erases. Of a ledger that scenarios share the rows of this one go: by theirs the others see
    that they contacted the person.
    SettingsError where the number of the request is that of the user.
    """
    if re.search(rf"(?<!\d){b.args.user}(?!\d)", b.args.request):
        advice = "the ledger must not lead to the person: give the number of the bank's own file"
        raise SettingsError("nothing was removed", [Finding("request", b.args.request, advice)])
    if b.args.apply:
        erasure_of_files.recover(b.spark, b.exports)
    store, user, request = Store(b.spark, b.root, writer="forget_user"), b.args.user, b.args.request
    shared = Store(b.spark, b.contact_root, writer="forget_user")
    tables = [table for table in (*canonical.ALL, *derived.ALL) if table != derived.CONTACT_LEDGER]
    scope, everybodys = (b.region, b.scenario), erasure.of_user(shared, [derived.CONTACT_LEDGER], user)
    contacts = erasure.of_user(shared, [derived.CONTACT_LEDGER], user, scope=scope)
    own = erasure.of_user(store, tables, user)
    held = {**own, **contacts}
    files = erasure_of_files.of_user(b.spark, b.exports, user)
    found = [each._asdict() for removed in held.values() for each in removed]
    found += [{"table": file.path, "part": erasure.NO_PART, "rows": file.lines} for file in files]
    b.show(f"Rows and lines of the person under {b.root}", found)
    all_of_it, ours = (sum(each.rows for of in rows.values() for each in of) for rows in (everybodys, contacts))
    if all_of_it > ours:
        b.say(f"Other scenarios keep {all_of_it - ours} contacts of the person in {b.contact_root}: ask for theirs too")
    if not b.args.apply:
        b.say("This was a dry run: nothing was changed. Run it again with --apply where no other job runs")
        return
    registry = Registry.open(b)
    before, parts = _fingerprints(b, registry), forgotten_releases.parts_of(store, user)
    for file in files:
        line = erasure.Removed(file.path, erasure.NO_PART, file.lines)
        erasure.note(store, "forgotten", [line], request=request, once=f"forget {request} {file.path} {file.file.size}")
        erasure_of_files.forget(b.spark, file, user)
    digests = erasure_of_files.note(b.spark, b.exports, erasure.lines_erased(store, request))
    forgotten_releases.note_without(store, parts, digests, request=request)
    erasure.forget(store, own, user=user, request=request, ledger=store)
    erasure.forget(shared, contacts, user=user, request=request, ledger=store, scope=scope)
    after = _fingerprints(b, registry)
    erased = {then: after[cycle] for cycle, then in before.items() if cycle in after and after[cycle] != then}
    changed = sum(registry.without_users(target, erased=erased) for target in model.NAMES)
    b.say(f"{sum(row['rows'] for row in found)} rows and lines are gone; {changed} model versions were looked after")
    b.say("The bank erases the person's raw rows: what is left there comes back with the next ingest of its month")


def _fingerprints(b: Bench, registry: Registry) -> dict[str, str]:
    """The fingerprint of the rows that each version's training would read now, by cycle."""
    tagged = [version.tags.get("cycle") for target in model.NAMES for version in registry.versions(target)]
    return dict(_known(b, {cycle for cycle in tagged if cycle}))


def _known(b: Bench, cycles: Iterable[str]) -> Iterable[tuple[str, str]]:
    for cycle in sorted(cycles):
        given = Namespace(**{**vars(b.args), "cycle": cycle, "as_of": None, "wave": None, "force": False})
        r: Run = cli.open_run(given, step=flow.TRAIN)
        try:
            yield cycle, training_rows.known(r).training.rows
        except NotReady:
            continue
