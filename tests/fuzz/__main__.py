"""``python -m tests.fuzz``: ten minutes of hostile input, and a report of what it found; the status is 1 where it found a fault."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

FAMILIES = ("growth", "kept", "echoed", "shapes", "parsers", "probes")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="how long, all in all (10)")
    parser.add_argument(
        "--bodies",
        type=int,
        default=0,
        help="so many mutated bodies instead, however long that takes",
    )
    parser.add_argument(
        "--seed", type=int, default=int(time.time()), help="of the choice of mutations (the time)"
    )
    parser.add_argument("--only", choices=FAMILIES, action="append", help="these families alone")
    parser.add_argument(
        "--report",
        type=Path,
        default=Path("build/fuzz"),
        help="folder of the report and of the bodies that show a fault",
    )
    return parser.parse_args()


def main() -> int:
    """Run the families one after the other; mutated bodies have what time is left."""
    begun = time.monotonic()
    chosen = _arguments()
    families = chosen.only or FAMILIES
    with TemporaryDirectory(prefix="cds-fuzz-", ignore_cleanup_errors=True) as folder:
        os.environ["CDS_DATABASE_URL"] = f"sqlite:///{folder}/cds.sqlite3"
        from tests.fuzz import growth_family, kept_family, parsers, probes
        from tests.fuzz.report import Report
        from tests.fuzz.shape_family import Shapes
        from tests.fuzz.target import Target

        def renew(shapes: Shapes) -> None:
            """Go on with a new store, or the report on all cards shown would take ever longer."""
            shapes.target.close()
            shapes.target = Target()

        report = Report()
        report.measured("seed", str(chosen.seed))
        target = Target()
        if "growth" in families:
            growth_family.run(target, report)
        if "kept" in families:
            kept_family.kept(target, report)
        if "echoed" in families:
            kept_family.echoed(target, report)
        if "probes" in families:
            probes.run(report, lambda: Path(mkdtemp(dir=folder)))
        left = chosen.minutes * 60 - (time.monotonic() - begun)
        if "parsers" in families:
            parsers.run(report, max(10, int(left / 4)))
        if "shapes" in families:
            shapes = Shapes(target, report, chosen.seed)
            shapes.sweep()
            renew(shapes)
            ends = begun + chosen.minutes * 60
            for done in range(chosen.bodies or sys.maxsize):
                if not chosen.bodies and time.monotonic() > ends:
                    break
                shapes.step()
                if done % 50_000 == 49_999:
                    print(
                        f"{done + 1} mutated bodies, {len(report.found)} kinds of fault", flush=True
                    )
                    report.save(chosen.report)  # what was found is not lost where the run is ended
                    renew(shapes)
    report.save(chosen.report)
    print(report.text())
    return 1 if report.found else 0


if __name__ == "__main__":
    sys.exit(main())
