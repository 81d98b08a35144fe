"""What must hold: format, lint, types, import contracts, missing migrations, tests (`make check`, `make test`).

`--check` is the part that takes seconds: everything but the slow tests and PostgreSQL.
"""

import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

BIN = Path(sys.executable).parent
PYTHON = [sys.executable, "-W", "error::DeprecationWarning:digest", "-W", "error::DeprecationWarning:subscribers"]
STATIC = {
    "format": [f"{BIN}/ruff", "format", "--check", "."],
    "lint": [f"{BIN}/ruff", "check", "."],
    "Django's checks": [*PYTHON, "manage.py", "check", "--fail-level", "WARNING"],
    "missing migrations": [*PYTHON, "manage.py", "makemigrations", "--check", "--dry-run"],
    "types": [f"{BIN}/mypy"],
    "import contracts": [f"{BIN}/lint-imports"],
}
PYTEST = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
QUICK = {"tests on SQLite, the quick ones": [*PYTEST, "-m", "not slow"]}
BROWSER = [*PYTEST, "tests/browser"]  # a process of its own: Playwright's event loop, and a live server's commits
UP = "--ignore=tests/digest/test_up.py"
STORED = [*PYTEST, "-m", "(django_db or postgres) and not slow", UP]
LONG = [*PYTEST, "-m", "(django_db or postgres) and slow", UP]  # kills, waits, months, lives: beside all others
# on the second database: what it could do differently. Pages, the admin, a stranger's web server and what a listing
# says it can't.
SAME = (
    "digest/views",
    "digest/sources",
    "digest/test_docs.py",
    "digest/test_admin.py",
    "digest/test_admin_ready.py",
    "digest/test_admin_wording.py",
    "digest/test_inbox.py",
    "digest/test_admin_bounces.py",
    "subscribers/query",
    "test_any_order.py",
    "test_bad_days.py",
    "test_captured_days.py",
    "test_captured_looks.py",
    "test_doctor.py",
    "test_doubts.py",
    "test_particulars.py",
    "test_postfix.py",
    "test_ranking.py",
    "test_search.py",
    "test_shapes.py",
    "test_signing.py",
    "test_trying.py",
)
IGNORED = [f"--ignore=tests/{path}" for path in SAME]
WHOLE = {
    # by length, and last what is much waiting and has several processes: so no core is idle at the end
    "long tests on SQLite": LONG,
    "long tests on PostgreSQL": [*LONG, *IGNORED],
    "tests without a database": [*PYTEST, "-m", "not django_db and not postgres"],
    "tests on SQLite": STORED,
    "tests on PostgreSQL": [*STORED, *IGNORED],
    "the service, on SQLite": [*PYTEST, "tests/digest/test_up.py"],
    "the service, on PostgreSQL": [*PYTEST, "tests/digest/test_up.py"],
    "tests in a browser": BROWSER,
}
TOGETHER = (os.cpu_count() or 1) + 2  # a good part of each is waiting


def environment(name: str, home: str) -> dict[str, str]:
    """The tools never write into the checkout's `var/`. What one has compiled, the others need not."""
    database = "postgres" if "PostgreSQL" in name else "sqlite"
    readers = os.environ.get("UP_READERS", "300")  # of the service that is killed in the middle of a run
    return {
        **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        "UP_READERS": readers,
        "DIGEST_HOME": home,
        "TEST_DATABASE": database,
        "PYTHONHASHSEED": "random",
    }


def run(step: tuple[str, list[str]]) -> bool:
    """One step; its output is shown when it ends, whole."""
    name, command = step
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(command, capture_output=True, text=True, env=environment(name, home), check=False)
    print(f"== {name}: {'ok' if done.returncode == 0 else 'FAILED'}, {time.monotonic() - started:.1f} s", flush=True)
    if done.returncode or command[: len(PYTEST)] == PYTEST:
        print((done.stdout + done.stderr).strip(), flush=True)
    return done.returncode == 0


def main() -> None:
    steps = STATIC | (QUICK if "--check" in sys.argv else WHOLE)
    with ThreadPoolExecutor(TOGETHER) as together:
        results = list(together.map(run, steps.items()))
    print("all of it holds" if all(results) else "something does not hold; see FAILED above")
    sys.exit(not all(results))


if __name__ == "__main__":
    main()
