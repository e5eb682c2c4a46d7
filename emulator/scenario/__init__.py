"""Scenarios: TOML files that say what machine to build and what to do with it, and what runs them."""
