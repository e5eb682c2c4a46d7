"""Findings as one page with pictures, as a JSON document, and as lines."""
