"""The broker beside the yardsticks, in one run. With the name of a section, only that one."""

import argparse
import dataclasses
import pathlib
import sys
import tempfile

from cold_start import cold_start
from credentials import credentials, rate_limit
from docs import write
from get_token import busy, floor, mutual_tls
from measure import load_average
from servers import ROOT, make_certificates
from support.sandbox import ACCESS_KEY_ID, SECRET_ACCESS_KEY, Sandbox
from watch_token import connections, watch

SECTIONS = {
    "cold-start": cold_start,
    "get-token": mutual_tls,
    "floor": floor,
    "in-flight": busy,
    "rate-limit": rate_limit,
    "watch": watch,
    "connections": connections,
    "credentials": credentials,
}
RESULTS = ROOT / "build/bench/results"


@dataclasses.dataclass
class Bench:
    folder: pathlib.Path
    sandbox: Sandbox  # its tokens live an hour
    pair: dict  # certificates
    seconds: int  # of one measurement
    rounds: int

    def token_bytes(self):
        """Of the sandbox's tokens, so that the yardsticks send as many."""
        key = {"access_key_id": ACCESS_KEY_ID, "secret_access_key": SECRET_ACCESS_KEY}
        _, grant, _ = self.sandbox.request("POST", "/auth/login/", key)
        return len(grant["access_token"])


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("section", nargs="?", choices=SECTIONS, metavar="NAME", help=", ".join(SECTIONS))
    parser.add_argument("--seconds", type=int, default=3, help="length of one measurement")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each server")
    parser.add_argument("--write-docs", action="store_true",
                        help="docs/benchmarks.md and README.md, from this run and what earlier ones left")  # fmt: skip
    args = parser.parse_args()
    for name in [args.section] if args.section else SECTIONS:
        with tempfile.TemporaryDirectory() as text:
            folder = pathlib.Path(text)
            load = load_average()
            with Sandbox(folder, lifetime=3600) as sandbox:
                section = SECTIONS[name](Bench(folder, sandbox, make_certificates(folder), args.seconds, args.rounds))
        section.load = load
        section.save(RESULTS)
        print(f"\n{section.markdown()}")
        sys.stdout.flush()
    if args.write_docs:
        write(ROOT, RESULTS, SECTIONS)


if __name__ == "__main__":
    main()
