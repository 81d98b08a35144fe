"""What kind of file system a folder lies on: SQLite's locks and shared memory need a local one."""

from __future__ import annotations

from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
# fmt: off
REMOTE = frozenset({
    "9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "fuse.ceph", "fuse.gcsfuse", "fuse.glusterfs",
    "fuse.rclone", "fuse.s3fs", "fuse.sshfs", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "orangefs",
    "smb3", "smbfs",
})
# fmt: on


def file_system(path: Path, mountinfo: str) -> str:
    """The type of the file system that holds `path`, by the longest mount point; "" when nothing does. Pure."""
    best, kind = -1, ""
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        point = Path(_plain(before.split()[4]))
        if path.is_relative_to(point) and len(point.parts) >= best:  # of two on one point the later one is seen
            best, kind = len(point.parts), after.split()[0]
    return kind


def _plain(text: str) -> str:
    """A mount point as it is: the kernel writes blanks and backslashes as octal numbers."""
    return text.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")


def refusal(path: Path) -> str:
    """Why the database may not lie at this path, or ""."""
    if not MOUNTS.exists():
        return ""
    kind = file_system(path.resolve(), MOUNTS.read_text())
    if kind not in REMOTE:
        return ""
    return (
        f"DATABASE_URL: {path} lies on a network file system ({kind}), where SQLite's locks don't hold and the "
        "database would be damaged sooner or later. Set DIGEST_HOME to a folder on a local disk, or use PostgreSQL: "
        "DATABASE_URL=postgres://digest:secret@localhost:5432/digest"
    )
