"""Builds the guest kernel and update modules with the compiler that pip installs.

Depends only on the ABI description (:mod:`emulator.abi`) and the error classes of the emulator package.
"""
