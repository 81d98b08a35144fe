"""Write requirements.lock: the service first, the test tools behind a marker (`make lock`).

uv resolves for every platform and for Python 3.11, the oldest we support; without `--python-version`
a relock on a newer Python silently drops entries that the oldest needs.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

COMPILE = ["uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"]
PLAIN = ["--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"]
MARKER = "# development: what tests the service\n"


def compiled(arguments: list[str], folder: Path) -> list[str]:
    """The lock's entries, each with its hashes."""
    target = folder / "lock"
    subprocess.run([*COMPILE, *PLAIN, *arguments, "pyproject.toml", "-o", str(target)], check=True)
    return re.split(r"\n(?=\S)", target.read_text().strip())


def main(lock: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        service = compiled([], Path(name))
        everything = compiled(["--group", "dev"], Path(name))
    missing = set(service) - set(everything)
    if missing:
        sys.exit(f"the test tools want other versions of: {', '.join(m.split()[0] for m in missing)}")
    tools = [entry for entry in everything if entry not in service]
    text = "\n".join(service) + "\n" + MARKER + "\n".join(tools) + "\n"
    if "://" in text:
        sys.exit("the lock names a host; nothing was written")
    lock.write_text(text)
    print(f"{lock}: {len(service)} packages for the service, {len(tools)} for its tests")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
