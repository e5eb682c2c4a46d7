"""What the guest's workloads leave behind, as the host sees it."""

from emulator.workload.job_files import KeptFiles, read_kept_files

__all__ = ["KeptFiles", "read_kept_files"]
