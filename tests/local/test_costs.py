"""The costs follow from prices, set-up and sizes, and docs/COSTS.md contains the output of the command."""

import json
from pathlib import Path

import pytest

from local.costs.__main__ import (
    PARAMETERS,
    BilledItems,
    count_billed_items,
    main,
    markdown_table,
    monthly_costs,
    worker_hours,
)
from local.costs.cost_parameters import CostParameters, Size
from telemetry.catalogue import API_REQUEST, RECORD_KINDS

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "COSTS.md"
PARAMETERS_OF_THE_DOCUMENT = CostParameters.model_validate_json(PARAMETERS.read_text())
PRICES, SYSTEM = PARAMETERS_OF_THE_DOCUMENT.prices, PARAMETERS_OF_THE_DOCUMENT.system
NO_ITEMS = BilledItems(metrics=0, alarm_metrics=0, composites=0, dashboards=0)


def costs_of(videos: int, views_a_video: float = 0.0, items: BilledItems = NO_ITEMS) -> dict[str, float]:
    return dict(monthly_costs(PRICES, SYSTEM, Size(videos=videos, views_a_video=views_a_video), items))


def test_the_document_shows_what_the_command_prints() -> None:
    assert "\n".join(markdown_table(PARAMETERS_OF_THE_DOCUMENT)) in DOCUMENT.read_text(), "python -m local.costs"


def test_billed_items_are_counted_from_catalogue_and_definitions() -> None:
    items = count_billed_items()
    assert items.metrics > 20 * len(API_REQUEST.metrics) + sum(len(kind.metrics) for kind in RECORD_KINDS[1:])
    files, objectives = (
        {Path(folder).name: len(list(Path("alarms/definitions", folder).glob("*.json"))) for folder in folders}
        for folders in (("metric_alarms", "composite_alarms", "../../dashboards"), ("objectives",))
    )
    assert items.composites == files["composite_alarms"] + 2 * objectives["objectives"]
    assert items.dashboards == files["dashboards"]
    assert items.alarm_metrics >= files["metric_alarms"] + 6 * 2 * objectives["objectives"]  # six windows, two numbers


def test_without_videos_only_the_standing_parts_cost_something() -> None:
    idle = costs_of(0)
    assert idle["EC2, workers"] == pytest.approx(SYSTEM.workers_min * 730 * PRICES.instance_hour)
    for service in (
        "S3, storage",
        "S3, requests",
        "Data to the viewers",
        "CloudWatch, logs",
        "EC2, CPU credits of the workers",
    ):
        assert idle[service] == 0, service


def test_a_worker_that_is_too_busy_gets_help_and_pays_for_its_credits() -> None:
    one_worker = int(730 * SYSTEM.worker_share_busy_max * SYSTEM.instance_vcpus * 3600 / SYSTEM.cpu_seconds_a_video)
    assert worker_hours(SYSTEM, one_worker) == pytest.approx(730)
    assert worker_hours(SYSTEM, 2 * one_worker) == pytest.approx(2 * 730, rel=1e-4)
    vcpu_hours = one_worker * SYSTEM.cpu_seconds_a_video / 3600
    surplus = vcpu_hours - 730 * SYSTEM.instance_vcpus * SYSTEM.instance_baseline
    assert costs_of(one_worker)["EC2, CPU credits of the workers"] == pytest.approx(surplus * PRICES.surplus_vcpu_hour)


def test_more_videos_than_the_group_can_process_are_an_error() -> None:
    with pytest.raises(ValueError, match="workers_max"):
        worker_hours(SYSTEM, 10_000_000)


def test_data_to_viewers_is_free_up_to_a_limit_and_billed_by_the_gigabyte_beyond() -> None:
    free_views = PRICES.transfer_out_free_gb * 1000 / SYSTEM.result_mb
    assert costs_of(1, free_views)["Data to the viewers"] == pytest.approx(0)
    beyond = costs_of(1, free_views + 1000 / SYSTEM.result_mb)
    assert beyond["Data to the viewers"] == pytest.approx(PRICES.transfer_out_gb)


@pytest.mark.parametrize(("key", "value"), [("instance_hour", -1), ("instance_hour", "cheap"), ("moon", 1)])
def test_a_wrong_file_is_refused_and_the_wrong_field_is_named(
    key: str, value: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = json.loads(PARAMETERS.read_text())
    document["prices"][key] = value
    file = tmp_path / "costs.json"
    file.write_text(json.dumps(document))
    assert main([str(file)]) == 2
    assert f"prices.{key}" in capsys.readouterr().err
