"""The guest's file system as the host sees it on a disk: opened, checked and read, never written."""

from emulator.filesystem.check import Report, check
from emulator.filesystem.image import Damaged, Image
from emulator.filesystem.tree import Node, Tree

__all__ = ["Damaged", "Image", "Node", "Report", "Tree", "check"]
