// The hot-swap: what goes through, what waits, what is refused, how it ends.

#include "arch/ppc64/hypercall.h"
#include "arch/ppc64/percpu.h"
#include "kernel/clock.h"
#include "kernel/test.h"
#include "kernel/test_thread.h"
#include "objects/counted_scope.h"
#include "objects/counting_arbiter.h"
#include "objects/tests/probe.h"
#include "services/counter/partitioned_counter.h"
#include "services/counter/shared_counter.h"

namespace objects::tests {

namespace {

Ref<Probe> make_untouched_probe()
{
    auto probe = create<ProbeRoot<1>>();
    EXPECT(probe.ok());
    return probe.value();
}

// Called once, so that a swap has to wait for a generation.
Ref<Probe> make_probe()
{
    auto probe = make_untouched_probe();
    EXPECT(probe->version().value() == 1);
    return probe;
}

void destroy_and_drain(Reference reference)
{
    EXPECT(destroy(reference).ok());
    UncountedScope uncounted;
    drain_dead_objects();
}

// A thread that is inside the object until it is let go.
struct Lingerer {
    explicit Lingerer(Ref<Probe> target) : probe(target) {}

    Ref<Probe> probe;
    kernel::Event entered;
    kernel::Event leave;
    Status status = Code::CANCELLED;

    static void body(void* context)
    {
        auto& self = *static_cast<Lingerer*>(context);
        self.status = self.probe->linger(&self.entered, &self.leave);
    }
};

// One call from a thread of its own.
struct Caller {
    explicit Caller(Ref<Probe> target) : probe(target) {}

    Ref<Probe> probe;
    kernel::Event about_to_call;
    uint64_t version = 0;

    static void body(void* context)
    {
        auto& self = *static_cast<Caller*>(context);
        self.about_to_call.signal();
        self.version = self.probe->version().value();
    }
};

// Once start has returned the mediator is in place; the phase stays Forward as long as the thread that started the swap
// is counted, for it was so before.

kernel::Test basic{"swap.state_and_reference_survive", counted<[] {
    const uint64_t alive = roots_alive;
    auto probe = make_probe();
    probe->fold(1, 1, 1, 1, 1, 1, 1, 1, 1, 1);
    EXPECT(probe->version().value() == 1);
    EXPECT(swap_and_wait<2>(probe.reference()).ok());
    EXPECT(probe->version().value() == 2);
    EXPECT(probe->calls().value() == 1);
    // The old object is gone.
    EXPECT(roots_alive == alive + 1);
    destroy_and_drain(probe.reference());
    EXPECT(roots_alive == alive);
}>};

kernel::Test untouched{"swap.of_an_object_that_no_cpu_has_touched", counted<[] {
    auto probe = make_untouched_probe();
    const uint64_t waits = kernel::generations().waits();
    EXPECT(swap_and_wait<2>(probe.reference()).ok());
    // Only for its mediator, not for callers.
    EXPECT(kernel::generations().waits() == waits + 1);
    EXPECT(probe->version().value() == 2);
    destroy_and_drain(probe.reference());
}>};

kernel::Test memory{"swap.leaves_no_memory_behind", counted<[] {
    auto probe = make_probe();
    EXPECT(swap_and_wait<2>(probe.reference()).ok());
    const auto interposers = kernel::usage(kernel::Tag::Interposer).bytes;
    const auto transfers = kernel::usage(kernel::Tag::Transfer).bytes;
    const auto objects = kernel::usage(kernel::Tag::Test).bytes;
    EXPECT(swap_and_wait<1>(probe.reference()).ok());
    EXPECT(swap_and_wait<2>(probe.reference()).ok());
    EXPECT(kernel::usage(kernel::Tag::Interposer).bytes == interposers);
    EXPECT(kernel::usage(kernel::Tag::Transfer).bytes == transfers);
    EXPECT(kernel::usage(kernel::Tag::Test).bytes == objects);
    destroy_and_drain(probe.reference());
}>};

kernel::Test residue{"swap.entry_leads_straight_to_the_new_object", counted<[] {
    auto probe = make_probe();
    EXPECT(swap_and_wait<2>(probe.reference()).ok());
    EXPECT(probe->version().ok());
    CountedScope again;
    EXPECT(probe.reference()->object == table().root(probe.reference())->rep(0));
    EXPECT(table().innermost(probe.reference()) == nullptr);
    destroy_and_drain(probe.reference());
}>};

// With the entry filled and nothing to interrupt it.
uint64_t instructions_of_a_call(Ref<Probe> probe)
{
    EXPECT(probe->version().ok());
    kernel::IrqGuard nothing_comes_between;
    const uint64_t before = arch::instructions();
    probe->version().status().ignore();
    return arch::instructions() - before;
}

kernel::Test cost{"swap.call_costs_the_same_instructions_afterwards", counted<[] {
    auto probe = make_probe();
    kernel::current_thread()->move_to(0).ignore();
    const uint64_t before = instructions_of_a_call(probe);
    EXPECT(before > 0 && before < 100);
    EXPECT(swap_and_wait<2>(probe.reference()).ok());
    EXPECT(instructions_of_a_call(probe) == before);
    kernel::current_thread()->move_to(arch::cpu_count() - 1).ignore();
    EXPECT(instructions_of_a_call(probe) == before);
    destroy_and_drain(probe.reference());
}>};

kernel::Test busy{"swap.second_swap_of_the_object_is_refused", counted<[] {
    auto probe = make_probe();
    Lingerer lingerer{probe};
    Helper inside(Lingerer::body, &lingerer);
    lingerer.entered.wait();
    auto first = swap_to<2>(probe.reference());
    EXPECT(first.ok());
    EXPECT(swap_to<2>(probe.reference()).code() == Code::BUSY);
    lingerer.leave.signal();
    {
        UncountedScope uncounted;
        EXPECT(first.value()->wait().ok());
    }
    first.value()->release();
    inside.join();
    EXPECT(lingerer.status.ok());
    destroy_and_drain(probe.reference());
}>};

kernel::Test forward{"swap.waits_in_forward_for_who_was_inside_before", counted<[] {
    auto probe = make_probe();
    Lingerer lingerer{probe};
    Helper inside(Lingerer::body, &lingerer);
    lingerer.entered.wait();
    auto swap = swap_to<2>(probe.reference());
    EXPECT(swap.ok());
    // Others go through meanwhile, to the old object.
    EXPECT(probe->version().value() == 1);
    EXPECT(swap.value()->phase() == Phase::Forward);
    lingerer.leave.signal();
    {
        UncountedScope uncounted;
        EXPECT(swap.value()->wait().ok());
    }
    EXPECT(swap.value()->counts().forwarded >= 1);
    EXPECT(probe->version().value() == 2);
    swap.value()->release();
    inside.join();
    destroy_and_drain(probe.reference());
}>};

kernel::Test block{"swap.call_that_was_blocked_goes_on_at_the_new_object", counted<[] {
    auto probe = make_probe();
    EXPECT(probe->version().value() == 1);
    kernel::Event exporting;
    kernel::Event go_on;
    script = {.hold_export = &go_on, .export_entered = &exporting};
    auto swap = swap_to<2>(probe.reference());
    EXPECT(swap.ok());
    Caller caller{probe};
    {
        UncountedScope uncounted;
        exporting.wait();
        Helper blocked(Caller::body, &caller);
        caller.about_to_call.wait();
        kernel::sleep_until(kernel::now_ns() + kernel::millisecond);
        EXPECT(caller.version == 0);
        go_on.signal();
        EXPECT(swap.value()->wait().ok());
        blocked.join();
    }
    script = {};
    EXPECT(caller.version == 2);
    EXPECT(swap.value()->counts().blocked == 1);
    EXPECT(swap.value()->counts().blocked_ns_max >= kernel::millisecond / 2);
    swap.value()->release();
    destroy_and_drain(probe.reference());
}>};

kernel::Test recursion{"swap.calls_of_a_thread_that_is_inside_go_through", counted<[] {
    auto probe = make_probe();
    struct Context {
        Ref<Probe> probe;
        uint64_t depth = 0;
    } context{probe};
    auto swap = swap_to<2>(probe.reference());
    Helper recursive([](void* raw) {
        auto& self = *static_cast<Context*>(raw);
        self.depth = self.probe->descend(self.probe, self.probe, 100).value();
    }, &context);
    {
        UncountedScope uncounted;
        recursive.join();
        EXPECT(swap.value()->wait().ok());
    }
    EXPECT(context.depth == 100);
    swap.value()->release();
    destroy_and_drain(probe.reference());
}>};

kernel::Test export_fails{"swap.failed_export_leaves_the_old_object_in_service", counted<[] {
    auto probe = make_probe();
    probe->fold(1, 1, 1, 1, 1, 1, 1, 1, 1, 1);
    script.export_fails = Code::IO_ERROR;
    EXPECT(swap_and_wait<2>(probe.reference()).code() == Code::IO_ERROR);
    script = {};
    EXPECT(probe->version().value() == 1);
    EXPECT(probe->calls().value() == 1);
    EXPECT(swap_and_wait<2>(probe.reference()).ok());
    destroy_and_drain(probe.reference());
}>};

kernel::Test import_fails{"swap.failed_import_leaves_the_old_object_in_service", counted<[] {
    const uint64_t alive = roots_alive;
    auto probe = make_probe();
    probe->fold(1, 1, 1, 1, 1, 1, 1, 1, 1, 1);
    script.import_fails = Code::NO_MEMORY;
    EXPECT(swap_and_wait<2>(probe.reference()).code() == Code::NO_MEMORY);
    script = {};
    EXPECT(roots_alive == alive + 1);
    EXPECT(probe->version().value() == 1);
    EXPECT(probe->calls().value() == 1);
    destroy_and_drain(probe.reference());
}>};

kernel::Test import_faults{"swap.faulting_import_leaves_the_old_object_in_service", counted<[] {
    const uint64_t alive = roots_alive;
    auto probe = make_probe();
    probe->fold(1, 1, 1, 1, 1, 1, 1, 1, 1, 1);
    script.import_faults = true;
    EXPECT(swap_and_wait<2>(probe.reference()).code() == Code::FAULT);
    script = {};
    EXPECT(roots_alive == alive + 1);
    EXPECT(probe->version().value() == 1);
    EXPECT(probe->calls().value() == 1);
    EXPECT(swap_and_wait<2>(probe.reference()).ok());
    destroy_and_drain(probe.reference());
}>};

kernel::Test abort{"swap.aborted_in_forward_ends_at_once_for_callers", counted<[] {
    auto probe = make_probe();
    Lingerer lingerer{probe};
    Helper inside(Lingerer::body, &lingerer);
    lingerer.entered.wait();
    auto swap = swap_to<2>(probe.reference());
    EXPECT(swap.value()->phase() == Phase::Forward);
    EXPECT(swap.value()->abort(Code::CANCELLED).ok());
    EXPECT(table().innermost(probe.reference()) == nullptr);
    EXPECT(probe->version().value() == 1);
    lingerer.leave.signal();
    {
        UncountedScope uncounted;
        EXPECT(swap.value()->wait().code() == Code::CANCELLED);
    }
    swap.value()->release();
    inside.join();
    destroy_and_drain(probe.reference());
}>};

kernel::Test abort_in_transfer{"swap.aborted_in_transfer_keeps_callers_out_until_it_is_over", counted<[] {
    auto probe = make_probe();
    kernel::Event exporting;
    kernel::Event go_on;
    script = {.hold_export = &go_on, .export_entered = &exporting};
    auto swap = swap_to<2>(probe.reference());
    Caller caller{probe};
    {
        UncountedScope uncounted;
        exporting.wait();
        EXPECT(swap.value()->abort(Code::CANCELLED).ok());
        EXPECT(swap.value()->phase() == Phase::Transfer);
        Helper blocked(Caller::body, &caller);
        caller.about_to_call.wait();
        kernel::sleep_until(kernel::now_ns() + kernel::millisecond);
        // The old object is being exported.
        EXPECT(caller.version == 0);
        go_on.signal();
        EXPECT(swap.value()->wait().code() == Code::CANCELLED);
        blocked.join();
    }
    script = {};
    EXPECT(caller.version == 1);
    swap.value()->release();
    destroy_and_drain(probe.reference());
}>};

kernel::Test time_limit{"swap.block_phase_ends_at_its_time_limit", counted<[] {
    auto probe = make_probe();
    Lingerer lingerer{probe};
    SwapOptions options;
    options.time_limit_ns = 5 * kernel::millisecond;
    const uint64_t rounds = kernel::generations().rounds();
    auto swap = swap_to<2>(probe.reference(), options);
    // Whoever is counted from now on does not hold up the forward phase.
    while (kernel::generations().rounds() == rounds)
        kernel::sleep_until(kernel::now_ns() + 10 * kernel::microsecond);
    EXPECT(swap.value()->phase() == Phase::Forward);
    // Enters in forward, tracked, and stays: the block phase cannot end.
    Helper inside(Lingerer::body, &lingerer);
    lingerer.entered.wait();
    Status outcome;
    {
        UncountedScope uncounted;
        while (!swap.value()->finished() && swap.value()->phase() != Phase::Aborted)
            kernel::sleep_until(kernel::now_ns() + kernel::millisecond);
        EXPECT(table().innermost(probe.reference()) == nullptr);
        lingerer.leave.signal();
        outcome = swap.value()->wait();
    }
    EXPECT(outcome.code() == Code::TIMED_OUT);
    EXPECT(probe->version().value() == 1);
    swap.value()->release();
    inside.join();
    EXPECT(lingerer.status.ok());
    destroy_and_drain(probe.reference());
}>};

kernel::Test target_gone{"swap.object_destroyed_in_forward_ends_the_swap", counted<[] {
    const uint64_t alive = roots_alive;
    auto probe = make_probe();
    Lingerer lingerer{probe};
    Helper inside(Lingerer::body, &lingerer);
    lingerer.entered.wait();
    auto swap = swap_to<2>(probe.reference());
    EXPECT(swap.value()->phase() == Phase::Forward);
    EXPECT(destroy(probe.reference()).ok());
    EXPECT(probe->version().code() == Code::GONE);
    lingerer.leave.signal();
    {
        UncountedScope uncounted;
        EXPECT(swap.value()->wait().code() == Code::GONE);
        drain_dead_objects();
    }
    swap.value()->release();
    inside.join();
    EXPECT(roots_alive == alive);
}>};

kernel::Test destroy_waits{"swap.object_destroyed_in_block_dies_as_the_new_one", counted<[] {
    const uint64_t alive = roots_alive;
    auto probe = make_probe();
    EXPECT(probe->version().ok());
    kernel::Event exporting;
    kernel::Event go_on;
    script = {.hold_export = &go_on, .export_entered = &exporting};
    auto swap = swap_to<2>(probe.reference());
    struct Context {
        Reference reference;
        Status status = Code::CANCELLED;
    } context{probe.reference()};
    {
        UncountedScope uncounted;
        exporting.wait();
        Helper destroyer([](void* raw) {
            auto& self = *static_cast<Context*>(raw);
            self.status = destroy(self.reference);
        }, &context);
        kernel::sleep_until(kernel::now_ns() + kernel::millisecond);
        EXPECT(context.status.code() == Code::CANCELLED);
        go_on.signal();
        EXPECT(swap.value()->wait().ok());
        destroyer.join();
        drain_dead_objects();
    }
    script = {};
    EXPECT(context.status.ok());
    EXPECT(probe->version().code() == Code::GONE);
    swap.value()->release();
    EXPECT(roots_alive == alive);
}>};

kernel::Test allocation_fails{"swap.without_memory_is_refused_and_changes_nothing", counted<[] {
    auto probe = make_probe();
    const uint64_t alive = roots_alive;
    for (uint64_t n = 1;; ++n) {
        Result<HotSwap*> swap = Code::CANCELLED;
        bool happened = false;
        {
            kernel::Owned<Root> replacement(kernel::make<ProbeRoot<2>>(kernel::Tag::Test));
            kernel::FailAllocation fail(n);
            swap = HotSwap::start(probe.reference(), static_cast<kernel::Owned<Root>&&>(replacement));
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
        EXPECT(probe->version().value() == 1);
    }
    destroy_and_drain(probe.reference());
}>};

kernel::Test another_kind{"swap.for_another_kind_of_interface_is_refused", counted<[] {
    auto counter = create<services::SharedCounterRoot>();
    auto swap = swap_to<2>(counter.value().reference());
    EXPECT(swap.code() == Code::INVALID);
    EXPECT(destroy(counter.value().reference()).ok());
}>};

kernel::Test chain{"swap.under_an_arbiter_is_seen_through_it", counted<[] {
    auto probe = make_probe();
    auto arbiter = CountingArbiter::attach(probe.reference());
    EXPECT(probe->version().value() == 1);
    EXPECT(swap_and_wait<2>(probe.reference()).ok());
    EXPECT(probe->version().value() == 2);
    {
        UncountedScope uncounted;
        CountingArbiter::detach(arbiter.value());
    }
    EXPECT(probe->version().value() == 2);
    destroy_and_drain(probe.reference());
}>};

kernel::Test counters{"swap.counter_changes_between_shared_and_partitioned", counted<[] {
    auto counter = create<services::SharedCounterRoot>();
    auto reference = counter.value();
    for (int i = 0; i < 5; ++i)
        EXPECT(reference->increment().ok());
    const auto swap_for = [&](const char* name) {
        Root* root = find_class(name)->make_root().value();
        auto swap = HotSwap::start(reference.reference(), kernel::Owned<Root>(root));
        EXPECT(swap.ok());
        UncountedScope uncounted;
        EXPECT(swap.value()->wait().ok());
        swap.value()->release();
    };
    swap_for("PartitionedCounter");
    EXPECT(reference->value().value() == 5);
    {
        // So that the state has a share on another CPU than the first.
        UncountedScope uncounted;
        kernel::TestThread elsewhere({.cpu = kernel::last_cpu()}, [reference] {
            CountedScope scope;
            EXPECT(reference->decrement().ok());
        });
    }
    swap_for("SharedCounter");
    EXPECT(reference->value().value() == 4);
    EXPECT(destroy(reference.reference()).ok());
}>};

}

}
