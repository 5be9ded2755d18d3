"""The manifest of a release: what its files hold, so that their receiver can check them, and what they stand under."""

from collections.abc import Mapping
from typing import Any

from reactivation.campaign.release.last_look import Channel
from reactivation.campaign.release.ledger import Event


def of_files(channels: Mapping[str, Channel], digests: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """By file: SHA-256 of its bytes; of a channel's also rows, the sum of its user ids and its expected cost."""
    sums = {
        f"{name}.csv": {
            "rows": channel.contacts,
            "sum_of_user_ids": channel.user_ids,
            "expected_cost": str(channel.cost),
        }
        for name, channel in channels.items()
    }
    return {file: {**sums.get(file, {}), "sha256": digest} for file, digest in sorted(digests.items())}


def manifest(event: Event, files: Mapping[str, Any], **scope: str) -> dict[str, Any]:
    """What lies beside the files. event: the release's row of `wave_releases`. Nothing in it tells cell or score."""
    named = ("cycle", "wave", "plan_version", "release_id", "as_of", "send_on", "contacts", "cost", "worst_cost")
    return {
        **scope,
        **{name: event[name] for name in named},
        "approver": event["principal"],
        "settings_hash": event["settings_hash"],
        "experiment_hash": event["plan_hash"],
        "files": dict(files),
    }
