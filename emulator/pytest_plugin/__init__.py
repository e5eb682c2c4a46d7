"""For test suites of users: the fixture ``machine``, and scenario files as tests. Pytest finds it by itself.

Nothing of the machine is imported before a test needs it: other suites in the same environment pay nothing.
"""
