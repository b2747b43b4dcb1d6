"""`python -m tests.attacks 50`: so many made-up attacks of each kind, on PostgreSQL and on SQLite,
with a table of which were named. See tests/attacks/seeds.py.
"""

import argparse
import os
import subprocess
import sys

from tests.attacks import SEEDS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, help="how many of each kind")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument(
        "--columns", action="store_true", help="also each column of each table once, and their rows"
    )
    options = parser.parse_args()
    asked = f"{options.count} from {options.first}{' columns' if options.columns else ''}"
    code = 0
    for database in ([], ["--sqlite"]):
        command = [sys.executable, "-m", "pytest", "-n", "0", "-s", *database]
        print("SQLite" if database else "PostgreSQL", flush=True)
        done = subprocess.run(
            [*command, "tests/attacks/test_seeds.py"],
            env=os.environ | {SEEDS: asked},
            check=False,
        )
        code = code or done.returncode
    return code


if __name__ == "__main__":
    sys.exit(main())
