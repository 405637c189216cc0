"""The log that the benchmarks read has only records that the product could write."""

from pathlib import Path

from benchmarks.cloudwatch.sample_log import write_sample
from cloudwatch.emf import read_document
from telemetry.catalogue import API, WORKER


def test_each_line_of_the_sample_is_a_record_of_the_product(tmp_path: Path) -> None:
    log = tmp_path / "emf.log"
    write_sample(log, 1_000_000)
    lines = log.read_text().splitlines()
    services = {dict(point.dimensions)["Service"] for line in lines for point in read_document(line)}
    assert services == {API, WORKER}
