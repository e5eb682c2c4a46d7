"""What the guest's workloads leave behind, as the host sees it."""

from typing import Final

from emulator.workload.job_files import KeptFiles, read_kept_files

JOB_MIX: Final = "job-mix"
"""The workload's name."""

__all__ = ["JOB_MIX", "KeptFiles", "read_kept_files"]
