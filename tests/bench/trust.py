"""What it costs to know a caller: ``python -m tests.bench.trust``. CPU time and latency of one verification, by algorithm."""

from __future__ import annotations

import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from cds_service.authored_yaml.source import Place
from cds_service.trust.client_file import TrustedClient
from cds_service.trust.replay import FileStore
from cds_service.trust.verifier import TokenVerifier
from tests.support.ehr import DISCOVERY, ISS, jwk, jwks, private_key, token

TOKENS = 3000
KEYS: dict[str, tuple[str, Any]] = {
    "ES384": ("ES384", private_key()),
    "RS384, 2048 bits": ("RS384", private_key("RS384")),
    "RS384, 4096 bits": ("RS384", private_key("RS384", bits=4096)),
}


def main() -> None:
    """Print one line for each kind of key, and one for the store alone. The store lies in a folder of the checkout's disk."""
    print(f"{'':<20}{'CPU us':>8}{'p50 us':>8}{'p99 us':>8}   ({TOKENS} tokens)")
    with tempfile.TemporaryDirectory(dir=Path(__file__).parents[2]) as name:
        folder = Path(name)
        store = FileStore(folder / "replay.sqlite3")
        for shown, (alg, key) in KEYS.items():
            (folder / "keys.json").write_text(jwks(jwk(alg, key=key)), "utf-8")
            client = TrustedClient(
                ISS, folder / "keys.json", None, frozenset({alg}), frozenset(), Place("", 1, 1)
            )
            verifier = TokenVerifier([client], store, 3600)
            headers = [f"Bearer {token(alg=alg, key=key)}" for _ in range(TOKENS)]
            print(_line(shown, [partial(verifier.verify, header, DISCOVERY) for header in headers]))
        expires = time.time() + 300
        digests = [number.to_bytes(16, "big") for number in range(TOKENS)]
        print(
            _line(
                "the store alone", [partial(store.first_use, digest, expires) for digest in digests]
            )
        )


def _line(name: str, calls: list[Any]) -> str:
    taken = []
    cpu = time.process_time()
    for call in calls:
        begin = time.perf_counter()
        call()
        taken.append(time.perf_counter() - begin)
    cpu = (time.process_time() - cpu) / len(calls)
    taken.sort()
    p50, p99 = (taken[int(share * len(taken))] for share in (0.5, 0.99))
    return f"{name:<20}{cpu * 1e6:>8.0f}{p50 * 1e6:>8.0f}{p99 * 1e6:>8.0f}"


if __name__ == "__main__":
    main()
