"""`python -m tests.bench [match|compose|publish|looks|recovery|deliver|rates|day]`, --readers, --papers, --letters N.

--senders N and --dkim are for `deliver`, --seconds N for `rates`.
"""

import argparse

from tests.bench import a_day, composing, delivering, looks, matching, publishing, rating, recovery

BENCHES = {
    "match": matching.run,
    "compose": composing.run,
    "publish": publishing.run,
    "looks": looks.run,
    "recovery": recovery.run,
    "deliver": delivering.run,
    "rates": rating.run,
    "day": a_day.run,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("name", nargs="?", choices=BENCHES)
    parser.add_argument("--readers", type=int, default=8_000)
    parser.add_argument("--papers", type=int, default=1_000)
    parser.add_argument("--letters", type=int, default=8_000)
    parser.add_argument("--senders", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--dkim", action="store_true")
    options = parser.parse_args()
    for name in [options.name] if options.name else BENCHES:
        print(f"== {name}", flush=True)
        print(BENCHES[name](options), flush=True)


if __name__ == "__main__":
    main()
