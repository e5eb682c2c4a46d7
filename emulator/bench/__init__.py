"""Measurements: how fast the machine is, beside others."""
