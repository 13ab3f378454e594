"""Send thousands of requests generated from the API description to a running server: `make fuzz-api`.

    python scripts/fuzz_api.py [--examples N] [--seed S]

No answer may be a 5xx, or one that the description does not know; ends with 1 when there was one.
"""

import argparse
import secrets
import sys

from support.fuzzing import fuzz
from support.live_server import live_server_process

USUAL_EXAMPLES, FEWEST_CASES = 150, 5000


def main() -> int:
    """Start a server on an empty database, test it, and print the findings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--examples", type=int, default=USUAL_EXAMPLES, help="requests for each operation, beside the fixed ones"
    )
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32), help="to have the same requests again")
    asked = parser.parse_args()
    with live_server_process(controller=False) as server:
        found = fuzz(server, examples=asked.examples, seed=asked.seed)
        tracebacks = server.log().count("Traceback")
    print(found.report)
    print(f"{found.cases} cases (seed {asked.seed}), {tracebacks} tracebacks in the log")
    too_few = asked.examples >= USUAL_EXAMPLES and found.cases < FEWEST_CASES
    return 0 if found.passed and not tracebacks and not too_few else 1


if __name__ == "__main__":
    sys.exit(main())
