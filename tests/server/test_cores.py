"""How many cores the service takes for its own: those of its affinity, and no more than its control groups let it have."""

import os

import pytest
from click.testing import CliRunner

from cds_service.authoring.safety import report
from cds_service.authoring.safety.readiness import NotReady
from cds_service.cli import main
from cds_service.config import MOST_WORKERS, Settings
from cds_service.cores import usable_cores


@pytest.fixture(autouse=True)
def eight_cores(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)


def _written(folder, **files):
    for name, text in files.items():
        file = folder / name.replace("__", "/").replace("_dot_", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


@pytest.mark.parametrize(
    ("quota", "cores"),
    [
        ("max 100000", 8),
        ("200000 100000", 2),
        ("150000 100000", 2),
        ("20000 100000", 1),
        ("1600000 100000", 8),
        ("", 8),
        ("one two", 8),
        ("200000 two", 8),
        ("200000 -1", 8),
        ("200000 0", 8),
    ],
)
def test_a_quota_of_the_control_group_counts(tmp_path, quota, cores):
    files = _written(tmp_path, proc__self__cgroup="0::/\n", sys__fs__cgroup__cpu_dot_max=quota)
    assert usable_cores(files) == cores


def test_the_tightest_of_nested_groups_counts(tmp_path):
    """A service manager sets its limit on a group of its own, below others."""
    files = _written(
        tmp_path,
        proc__self__cgroup="0::/outer/inner\n",
        sys__fs__cgroup__outer__cpu_dot_max="300000 100000",
        sys__fs__cgroup__outer__inner__cpu_dot_max="max 100000",
    )
    assert usable_cores(files) == 3


def test_a_quota_of_the_first_version_counts(tmp_path):
    files = _written(
        tmp_path,
        proc__self__cgroup="4:memory:/own\n2:cpu,cpuacct:/own\n",
        sys__fs__cgroup__cpu__own__cpu_dot_cfs_quota_us="400000",
        sys__fs__cgroup__cpu__own__cpu_dot_cfs_period_us="100000",
    )
    assert usable_cores(files) == 4
    (tmp_path / "sys/fs/cgroup/cpu/own/cpu.cfs_quota_us").write_text("-1")
    assert usable_cores(files) == 8


def test_without_control_groups_the_affinity_counts(tmp_path):
    assert usable_cores(tmp_path) == 8


def test_a_setting_comes_before_the_cores(monkeypatch):
    monkeypatch.setenv("CDS_WORKBENCH", "off")
    monkeypatch.delenv("CDS_WORKERS", raising=False)
    assert Settings().worker_count == usable_cores()
    assert Settings(workers=3).worker_count == 3
    monkeypatch.setenv("CDS_WORKERS", "2")
    assert Settings().worker_count == 2
    monkeypatch.setenv("CDS_WORKERS", "")
    assert Settings().worker_count == usable_cores()


def test_where_what_clients_sent_is_shown_there_is_one_worker_unless_a_setting_says_otherwise():
    assert Settings(workers=None, workbench="on").worker_count == 1
    assert Settings(workers=2, workbench="on").worker_count == 2


def test_a_large_machine_is_not_filled(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(400)))
    assert Settings(workers=None, workbench="off").worker_count <= MOST_WORKERS


def test_the_proof_takes_as_many_processes_unless_told_otherwise(monkeypatch):
    asked = []

    def prove_all(processes, progress):
        asked.append(processes)
        raise NotReady("nothing is proved here")

    monkeypatch.setattr(report, "prove_all", prove_all)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    for options in ([], ["--processes", "3"]):
        CliRunner().invoke(main, ["safety", *options])
    assert asked == [usable_cores(), 3]
