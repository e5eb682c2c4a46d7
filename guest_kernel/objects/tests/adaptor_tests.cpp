// Calls through adaptors on objects made by hand.

#include "objects/counting_arbiter.h"
#include "objects/tests/desk.h"
#include "arch/ppc64/hypercall.h"
#include "kernel/irq_guard.h"
#include "kernel/clock.h"
#include "kernel/test.h"
#include "kernel/test_thread.h"

namespace objects::tests {

namespace {

using First = first_build::Desk;
using Second = second_build::Desk;

void drain()
{
    UncountedScope uncounted;
    drain_dead_objects();
}

kernel::Test slots{"adaptor.map_is_that_of_the_compiled_interfaces", [] {
    const AdaptorMap& map = first_to_second();
    EXPECT(map.methods() == First::Methods::count);
    EXPECT(map.forwarded_to(0) == 0 && map.forwarded_to(1) == 1);
    EXPECT(map.forwarded_to(compiled_slot(&First::version)) == compiled_slot(&Second::version));
    EXPECT(map.forwarded_to(compiled_slot(&First::load)) == compiled_slot(&Second::load));
    EXPECT(map.forwarded_to(compiled_slot(&First::fold)) == compiled_slot(&Second::fold));
    EXPECT(map.forwarded_to(compiled_slot(&First::visit)) == compiled_slot(&Second::visit));
    EXPECT(map.forwarded_to(compiled_slot(&First::before_renaming)) == compiled_slot(&Second::after_renaming));
    EXPECT(map.forwarded_to(compiled_slot(&First::store)) == AdaptorMap::no_method);
    EXPECT(compiled_slot(&First::load) == 3 && compiled_slot(&Second::load) == 5);
}};

kernel::Test answers{"adaptor.old_callers_are_answered_as_before", counted<[] {
    const Reference old = make_desk<SecondDesk>();
    EXPECT(adaptors().adapt(old, lasting).ok());
    EXPECT(answers_as_the_first_build(Ref<First>(old)));
    EXPECT(Ref<First>(old)->version().value() == 2);
    const Reference canonical = Ref<First>(old)->canonical().value();
    EXPECT(canonical != old);
    EXPECT(answers_as_the_second_build(Ref<Second>(canonical)));
    EXPECT(destroy(old).ok());
    EXPECT(Ref<First>(old)->load().code() == Code::GONE);
}>};

kernel::Test handlers{"adaptor.handlers_add_arguments_answer_and_keep_state", counted<[] {
    const Reference old = make_desk<SecondDesk>();
    EXPECT(adaptors().adapt(old, lasting).ok());
    const Ref<First> desk(old);
    EXPECT(desk->store(4).ok() && desk->load().value() == 4);
    EXPECT(desk->obsolete().code() == Code::UNSUPPORTED);
    EXPECT(desk->counted().value() == 1 && desk->counted().value() == 2);
    EXPECT(desk->mix(4, 5, 6).value() == 46);
    EXPECT(destroy(old).ok());
}>};

// With the entries filled and nothing to interrupt it.
uint64_t instructions_of_a_call(Ref<Probe> probe)
{
    EXPECT(probe->version().ok());
    kernel::IrqGuard nothing_comes_between;
    const uint64_t before = arch::instructions();
    probe->version().status().ignore();
    return arch::instructions() - before;
}

kernel::Test cost{"adaptor.null_one_costs_18_instructions", counted<[] {
    auto made = create<ProbeRoot<1>>();
    const Ref<Probe> probe = made.value();
    const uint64_t plain = instructions_of_a_call(probe);
    EXPECT(adaptors().adapt_null(probe.reference()).ok());
    const uint64_t adapted = instructions_of_a_call(probe);
    EXPECT(adapted - plain == 18);
    settle();
    EXPECT(adaptors().unadapt(probe.reference()).ok());
    EXPECT(instructions_of_a_call(probe) == plain);
    EXPECT(probe->canonical().value() == probe.reference());
    settle();
    EXPECT(destroy(probe.reference()).ok());
}>};

kernel::Test counts{"adaptor.counts_every_call", counted<[] {
    const Reference old = make_desk<SecondDesk>();
    EXPECT(adaptors().adapt(old, lasting).ok());
    const Ref<First> desk(old);
    for (int i = 0; i < 10; ++i)
        EXPECT(desk->load().ok() && desk->store(1).ok());
    EXPECT(listed(old).status.calls == 20);
    EXPECT(!listed(old).status.known && !listed(old).status.permanent);
    EXPECT(destroy(old).ok());
    settle();
    EXPECT(listed(old).found == 0);
}>};

kernel::Test in_order{"adaptor.stands_behind_an_arbiter", counted<[] {
    const Reference old = make_desk<SecondDesk>();
    EXPECT(adaptors().adapt(old, lasting).ok());
    auto arbiter = CountingArbiter::attach(old);
    EXPECT(arbiter.ok());
    EXPECT(answers_as_the_first_build(Ref<First>(old)));
    EXPECT(arbiter.value()->counts(compiled_slot(&First::load)).calls == 2);
    EXPECT(arbiter.value()->counts(compiled_slot(&First::fold)).calls == 1);
    {
        UncountedScope uncounted;
        CountingArbiter::detach(arbiter.value());
    }
    EXPECT(answers_as_the_first_build(Ref<First>(old)));
    EXPECT(destroy(old).ok());
}>};

kernel::Test gone{"adaptor.goes_with_its_object", counted<[] {
    const Reference old = make_desk<SecondDesk>();
    EXPECT(adaptors().adapt(old, lasting).ok());
    const Reference canonical = table().canonical(old);
    const auto name = table().name(old);
    EXPECT(Ref<First>(old)->load().ok());
    EXPECT(destroy(canonical).ok());
    EXPECT(Ref<First>(old)->load().code() == Code::GONE);
    EXPECT(Ref<Second>(canonical)->load().code() == Code::GONE);
    EXPECT(destroy(old).code() == Code::GONE);
    settle();
    EXPECT(table().find(name) == nullptr);
}>};

kernel::Test last_caller{"adaptor.goes_when_the_last_old_caller_is_updated", counted<[] {
    const Reference old = make_desk<SecondDesk>();
    auto caller = create<ProbeRoot<1>>();
    EXPECT(caller.ok() && caller.value()->version().ok());
    EXPECT(adaptors().adapt(old, for_probes).ok());
    const auto name = table().name(old);
    settle();
    EXPECT(listed(old).found == 1 && listed(old).status.callers_left == 1);
    EXPECT(answers_as_the_first_build(Ref<First>(old)));
    const Reference canonical = table().canonical(old);
    EXPECT(swap_and_wait<2>(caller.value().reference()).ok());
    settle();
    EXPECT(listed(old).found == 0 && table().find(name) == nullptr);
    EXPECT(answers_as_the_second_build(Ref<Second>(canonical)));
    EXPECT(destroy(canonical).ok());
    EXPECT(destroy(caller.value().reference()).ok());
}>};

kernel::Test pinned{"adaptor.stays_while_code_that_is_no_object_calls_it", counted<[] {
    const Reference old = make_desk<SecondDesk>();
    EXPECT(adaptors().pin(old, "test").ok());
    EXPECT(adaptors().adapt(old, for_probes).ok());
    settle();
    EXPECT(listed(old).found == 1 && listed(old).status.permanent && listed(old).status.callers_left == 1);
    EXPECT(answers_as_the_first_build(Ref<First>(old)));
    const Reference canonical = table().canonical(old);
    adaptors().unpin(old);
    settle();
    EXPECT(listed(old).found == 0);
    EXPECT(answers_as_the_second_build(Ref<Second>(canonical)));
    EXPECT(destroy(canonical).ok());
}>};

kernel::Test with_a_swap{"adaptor.comes_with_the_object_of_the_new_interface", counted<[] {
    const Reference old = make_desk<FirstDesk>();
    EXPECT(answers_as_the_first_build(Ref<First>(old)));
    EXPECT(Ref<First>(old)->version().value() == 1);
    EXPECT(adapted_swap<SecondDesk>(old, lasting).ok());
    EXPECT(Ref<First>(old)->version().value() == 2);
    EXPECT(Ref<First>(old)->load().value() == 5);
    EXPECT(answers_as_the_first_build(Ref<First>(old)));
    const Reference canonical = Ref<First>(old)->canonical().value();
    EXPECT(canonical != old && Ref<Second>(canonical)->canonical().value() == canonical);
    EXPECT(Ref<First>(old)->class_of().value() == &SecondDesk::descriptor);
    EXPECT(answers_as_the_second_build(Ref<Second>(canonical)));
    EXPECT(destroy(old).ok());
}>};

kernel::Test failed_swap{"adaptor.of_a_swap_that_fails_never_was", counted<[] {
    const Reference old = make_desk<FirstDesk>();
    EXPECT(answers_as_the_first_build(Ref<First>(old)));
    script.import_fails = Code::IO_ERROR;
    EXPECT(adapted_swap<SecondDesk>(old, lasting).code() == Code::IO_ERROR);
    script = {};
    EXPECT(listed(old).found == 0 && table().canonical(old) == old);
    EXPECT(answers_as_the_first_build(Ref<First>(old)));
    EXPECT(adapted_swap<SecondDesk>(old, lasting).ok());
    EXPECT(Ref<First>(old)->load().value() == 10);
    EXPECT(destroy(old).ok());
}>};

kernel::Test stacked{"adaptor.stacked_ones_collapse", counted<[] {
    const Reference first = make_desk<FirstDesk>();
    EXPECT(answers_as_the_first_build(Ref<First>(first)));
    EXPECT(adapted_swap<SecondDesk>(first, lasting).ok());
    const Reference second = table().canonical(first);
    EXPECT(adapted_swap<ThirdDesk>(first, onwards).ok());
    const Reference third = table().canonical(first);
    EXPECT(third != second && table().canonical(second) == third);
    EXPECT(answers_as_the_first_build(Ref<First>(first)));
    EXPECT(answers_as_the_second_build(Ref<Second>(second)));
    EXPECT(answers_as_the_third_build(Ref<third_build::Desk>(third)));
    EXPECT(Ref<First>(first)->counted().value() == 1);
    EXPECT(Ref<First>(first)->canonical().value() == third && Ref<Second>(second)->canonical().value() == third);
    // What both only forward goes straight to the third: the second's adaptor does not see it.
    const uint64_t seen = listed(second).status.calls;
    EXPECT(Ref<First>(first)->load().ok() && Ref<First>(first)->version().value() == 3);
    EXPECT(listed(second).status.calls == seen);
    EXPECT(Ref<First>(first)->store(1).ok());
    EXPECT(listed(second).status.calls == seen + 1);
    // The first's handlers call the second's interface.
    EXPECT(listed(second).status.callers_left == 1);
    EXPECT(destroy(second).ok());
    EXPECT(Ref<First>(first)->load().code() == Code::GONE);
}>};

kernel::Test reverted{"adaptor.object_goes_back_to_its_old_reference", counted<[] {
    const Reference old = make_desk<FirstDesk>();
    EXPECT(answers_as_the_first_build(Ref<First>(old)));
    EXPECT(adapted_swap<SecondDesk>(old, lasting).ok());
    const Reference canonical = table().canonical(old);
    EXPECT(adapted_swap<FirstDesk>(canonical, backwards, old).ok());
    EXPECT(table().canonical(canonical) == old && table().canonical(old) == old);
    EXPECT(Ref<First>(old)->version().value() == 1 && Ref<First>(old)->load().value() == 5);
    EXPECT(Ref<First>(old)->obsolete().value() == 77);
    EXPECT(Ref<Second>(canonical)->mix(6, 4).value() == 46);
    EXPECT(Ref<Second>(canonical)->added().code() == Code::UNSUPPORTED);
    EXPECT(listed(old).found == 0 && listed(canonical).found == 1);
    EXPECT(destroy(old).ok());
}>};

// The object's new reference, of an adapted swap whose adaptor has gone again.
Reference there_and_gone(Reference old)
{
    EXPECT(adaptors().pin(old, "test").ok());
    EXPECT(adapted_swap<SecondDesk>(old, for_probes).ok());
    const Reference canonical = table().canonical(old);
    adaptors().unpin(old);
    settle();
    EXPECT(canonical != old && listed(old).found == 0);
    return canonical;
}

kernel::Test memory{"adaptor.leaves_no_memory_behind", counted<[] {
    const Reference first = there_and_gone(make_desk<FirstDesk>());
    const auto interposers = kernel::usage(kernel::Tag::Interposer).bytes;
    const Reference second = there_and_gone(make_desk<FirstDesk>());
    EXPECT(kernel::usage(kernel::Tag::Interposer).bytes == interposers);
    drain();
    const uint64_t roots = roots_alive;
    EXPECT(destroy(first).ok() && destroy(second).ok());
    drain();
    EXPECT(roots_alive == roots - 2);
}>};

kernel::Test no_memory{"adaptor.without_memory_is_refused_and_changes_nothing", counted<[] {
    const Reference old = make_desk<FirstDesk>();
    EXPECT(answers_as_the_first_build(Ref<First>(old)));
    // What died before is not counted.
    drain();
    const uint64_t alive = roots_alive;
    for (uint64_t n = 1;; ++n) {
        Result<HotSwap*> swap = Code::CANCELLED;
        bool happened = false;
        {
            kernel::FailAllocation fail(n);
            swap = start_adapted_swap<SecondDesk>(old, lasting);
            happened = fail.happened();
        }
        if (!happened) {
            EXPECT(swap.ok());
            UncountedScope uncounted;
            EXPECT(swap.value()->wait().ok());
            swap.value()->release();
            break;
        }
        EXPECT(swap.code() == Code::NO_MEMORY);
        EXPECT(roots_alive == alive);
        settle();
        EXPECT(Ref<First>(old)->version().value() == 1 && table().canonical(old) == old && listed(old).found == 0);
    }
    EXPECT(Ref<First>(old)->version().value() == 2);
    EXPECT(destroy(old).ok());
}>};

// False when the keeper has waited for a whole generation before this thread was counted again: then nobody called.
bool called_while_it_is_watched(Reference old)
{
    const uint64_t rounds = kernel::generations().rounds();
    {
        UncountedScope lets_the_adaptor_go;
    }
    if (kernel::generations().rounds() > rounds)
        return false;
    // Now it looks whether anybody calls for a whole generation, to which this thread belongs.
    kernel::wait_until([rounds] { return kernel::generations().rounds() > rounds; });
    EXPECT(Ref<First>(old)->load().code() == Code::GONE);
    {
        UncountedScope uncounted;
        kernel::sleep_until(kernel::now_ns() + kernel::millisecond);
    }
    EXPECT(listed(old).found == 1 && listed(old).status.calls == 2);
    return true;
}

bool dead_reference_stays()
{
    // Nothing is left that makes the keeper look again, or waits for a generation, but what is done here.
    settle();
    drain();
    const uint64_t rounds_before = kernel::generations().rounds();
    const Reference old = make_desk<SecondDesk>();
    EXPECT(adaptors().adapt(old, for_probes).ok());
    const Reference canonical = table().canonical(old);
    // The keeper cannot go on after it has put the dead reference there: this thread is counted.
    kernel::wait_until([old] { return listed(old).status.state == AdaptedState::Dead; });
    EXPECT(Ref<First>(old)->load().code() == Code::GONE);
    EXPECT(listed(old).status.calls == 1);
    kernel::wait_until([rounds_before] { return kernel::generations().rounds() > rounds_before; });
    const bool called = called_while_it_is_watched(old);
    EXPECT(answers_as_the_second_build(Ref<Second>(canonical)));
    settle();
    EXPECT(listed(old).found == 0);
    EXPECT(destroy(canonical).ok());
    return called;
}

kernel::Test dead{"adaptor.dead_reference_stays_while_it_is_called", counted<[] {
    int tries = 1;
    while (!dead_reference_stays())
        EXPECT(++tries < 20);
}>};

// Through every reference that there is, whatever version serves.
void expect_right_answers(Reference first, Reference second, Reference third, uint64_t version)
{
    EXPECT(answers_as_the_first_build(Ref<First>(first)));
    EXPECT(Ref<First>(first)->version().value() == version);
    const Ref<Second> newer(second);
    EXPECT(newer->version().value() == version && newer->mix(6, 4).value() == 46);
    EXPECT(newer->after_renaming(8).value() == 9);
    const Ref<third_build::Desk> newest(third);
    EXPECT(newest->version().value() == version && newest->mix(6, 4).value() == 46);
    EXPECT(newest->after_renaming(8, 1).value() == 9);
    const Reference canonical = newer->canonical().value();
    EXPECT(Ref<First>(first)->canonical().value() == canonical && newest->canonical().value() == canonical);
}

kernel::Test three_versions{"adaptor.three_versions_up_and_down_and_up", counted<[] {
    const Reference first = make_desk<FirstDesk>();
    EXPECT(answers_as_the_first_build(Ref<First>(first)));
    EXPECT(adapted_swap<SecondDesk>(first, lasting).ok());
    const Reference second = table().canonical(first);
    EXPECT(adapted_swap<ThirdDesk>(first, onwards).ok());
    const Reference third = table().canonical(first);
    expect_right_answers(first, second, third, 3);
    EXPECT(adapted_swap<SecondDesk>(third, third_backwards, second).ok());
    EXPECT(table().canonical(third) == second);
    expect_right_answers(first, second, third, 2);
    // What had collapsed goes straight to the second again, and the third's reference serves nobody but its callers.
    const uint64_t seen = listed(third).status.calls;
    EXPECT(answers_as_the_first_build(Ref<First>(first)) && listed(third).status.calls == seen);
    EXPECT(listed(third).status.callers_left == 0);
    EXPECT(adapted_swap<ThirdDesk>(first, onwards, third).ok());
    EXPECT(table().canonical(first) == third);
    expect_right_answers(first, second, third, 3);
    EXPECT(adapted_swap<SecondDesk>(third, third_backwards, second).ok());
    EXPECT(adapted_swap<FirstDesk>(second, backwards, first).ok());
    EXPECT(table().canonical(third) == first && table().canonical(second) == first);
    EXPECT(Ref<First>(first)->version().value() == 1 && Ref<Second>(second)->version().value() == 1);
    EXPECT(Ref<third_build::Desk>(third)->mix(6, 4).value() == 46);
    EXPECT(answers_as_the_first_build(Ref<First>(first)));
    EXPECT(destroy(third).ok());
    EXPECT(Ref<First>(first)->load().code() == Code::GONE && Ref<Second>(second)->load().code() == Code::GONE);
}>};

}

}
