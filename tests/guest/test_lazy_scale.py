"""Marking ten thousand instances, and the cost of a first call, by instruction count."""

from tests.guest.support import Schedule, expect_all_ok


def test_marking_is_linear_and_never_long_at_a_time() -> None:
    names = """
        first_call_costs_its_caller_a_few_thousand_instructions
        ten_thousand_instances_are_marked_in_linear_time
    """
    expect_all_ok("lazyscale", names, Schedule())
