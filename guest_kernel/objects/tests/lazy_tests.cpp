// Lazy update: what a call finds at a marked instance, and who waits for whom.

#include "arch/ppc64/hypercall.h"
#include "kernel/print.h"
#include "kernel/test_thread.h"
#include "objects/converters.h"
#include "objects/counting_arbiter.h"
#include "objects/guarded_task.h"
#include "objects/priorities.h"
#include "objects/tests/elder.h"
#include "objects/tests/item.h"

namespace objects::tests {

namespace {

kernel::Test basic{"lazy.first_call_converts", [] {
    ItemClass items;
    auto item = items.make(7);
    auto other = items.make(8);
    items.change_to<2>();
    EXPECT(items.count(InstanceList::Old) == 2);
    items.mark_all();
    EXPECT(items.count(InstanceList::Marked) == 2);
    expect_item(item, 2, 7);
    EXPECT(items.count(InstanceList::Marked) == 1 && items.count(InstanceList::Current) == 1);
    EXPECT(items.counts().converted == 1);
    expect_item(other, 2, 8);
    EXPECT(items.counts().converted == 2 && items.counts().failed == 0 && items.counts().promoted == 0);
    drain_dead_objects();
    EXPECT(item_roots == 2);
}};

kernel::Test every_cpu{"lazy.no_cpu_calls_the_old_version_once_marks_are_in_force", [] {
    ItemClass items;
    auto item = items.make(1);
    const auto call = [](void* context) { EXPECT(static_cast<Ref<Item>*>(context)->operator->()->version().ok()); };
    for (int cpu = 0; cpu <= kernel::last_cpu(); ++cpu)
        Helper(call, &item, cpu).join();
    items.change_to<2>();
    items.mark_all();
    const auto called = [](void* context) {
        EXPECT(static_cast<Ref<Item>*>(context)->operator->()->version().value() == 2);
    };
    for (int cpu = kernel::last_cpu(); cpu >= 0; --cpu)
        Helper(called, &item, cpu).join();
    EXPECT(items.counts().converted == 1);
}};

uint64_t instructions_of_a_call(Ref<Item> item)
{
    CountedScope scope;
    EXPECT(item->version().ok());
    kernel::IrqGuard nothing_comes_between;
    const uint64_t before = arch::instructions();
    item->version().status().ignore();
    return arch::instructions() - before;
}

kernel::Test residue{"lazy.call_costs_the_same_instructions_afterwards", [] {
    EXPECT(kernel::current_thread()->move_to(0).ok());
    ItemClass items;
    auto item = items.make(1);
    const uint64_t before = instructions_of_a_call(item);
    items.change_to<2>();
    items.mark_all();
    expect_item(item, 2, 1);
    EXPECT(instructions_of_a_call(item) == before);
    EXPECT(item.reference()->object == table().root(item.reference())->rep(0));
}};

kernel::Test memory{"lazy.leaves_no_memory_behind", [] {
    const auto objects = [] { return kernel::usage(kernel::Tag::Object).bytes; };
    const auto transfers = [] { return kernel::usage(kernel::Tag::Transfer).bytes; };
    const auto interposers = [] { return kernel::usage(kernel::Tag::Interposer).bytes; };
    dismiss_idle_guarded_workers();
    ItemClass items;
    auto item = items.make(1);
    const uint64_t before[] = {objects(), transfers(), interposers()};
    items.change_to<2>();
    items.mark_all();
    expect_item(item, 2, 1);
    items.change_to<1>();
    items.mark_all();
    expect_item(item, 1, 1);
    drain_dead_objects();
    // The helping threads end by themselves.
    kernel::wait_until([&] { return interposers() == before[2]; });
    EXPECT(objects() == before[0] && transfers() == before[1]);
}};

// One call from a thread of its own, which notes what it found.
struct Call {
    explicit Call(Ref<Item> target) : item(target) {}

    Ref<Item> item;
    uint64_t version = 0;
    bool done = false;

    static void body(void* context)
    {
        auto& self = *static_cast<Call*>(context);
        self.version = self.item->version().value();
        __atomic_store_n(&self.done, true, __ATOMIC_RELEASE);
    }
    bool is_done() const { return __atomic_load_n(&done, __ATOMIC_ACQUIRE); }
};

// Conversions stay in their export until they may go on.
struct HeldExport {
    HeldExport()
    {
        item_script.export_entered = &entered;
        item_script.export_go_on = &go_on;
    }
    // Only the first: others go through.
    void wait_for_one()
    {
        entered.wait();
        item_script.export_entered = nullptr;
    }

    kernel::Event entered;
    kernel::Event go_on;
};

kernel::Test second_caller{"lazy.second_caller_of_an_instance_waits_and_others_do_not", [] {
    ItemClass items;
    auto item = items.make(1);
    auto other = items.make(2);
    items.change_to<2>();
    items.mark_all();
    HeldExport hold;
    Call first(item);
    Call second(item);
    Helper converts(Call::body, &first);
    hold.wait_for_one();
    Helper waits(Call::body, &second);
    wait_for_a_swap();
    EXPECT(!first.is_done() && !second.is_done());
    EXPECT(table().mark(item.reference()) == Mark::Converting);
    expect_item(other, 2, 2);
    hold.go_on.signal();
    converts.join();
    waits.join();
    EXPECT(first.version == 2 && second.version == 2);
    EXPECT(items.counts().converted == 2);
}};

kernel::Test many_callers{"lazy.many_first_callers_convert_once", [] {
    constexpr unsigned callers = 8;
    ItemClass items;
    auto item = items.make(5);
    items.change_to<2>();
    items.mark_all();
    const uint64_t commits = item_commits;
    const auto add = [](void* context) {
        EXPECT(static_cast<Ref<Item>*>(context)->operator->()->add(1).ok());
    };
    kernel::Owned<Helper> helpers[callers];
    for (unsigned i = 0; i < callers; ++i) {
        const int cpu = static_cast<int>(i % arch::cpu_count());
        helpers[i] = kernel::Owned<Helper>(kernel::make<Helper>(kernel::Tag::Test, add, &item, cpu));
    }
    for (auto& helper : helpers)
        helper->join();
    expect_item(item, 2, 5 + callers);
    EXPECT(items.counts().converted == 1 && item_commits == commits + 1);
}};

kernel::Test generation{"lazy.conversion_waits_for_no_generation", [] {
    ItemClass items;
    auto item = items.make(1);
    items.change_to<2>();
    items.mark_all();
    const uint64_t waits = kernel::generations().waits();
    Elder never_leaves;
    expect_item(item, 2, 1);
    // The reaper's, for the old root.
    EXPECT(kernel::generations().waits() <= waits + 1);
    never_leaves.leave();
}};

kernel::Test crosswise{"lazy.two_instances_in_conversion_call_each_other", [] {
    ItemClass items;
    auto first = items.make(1);
    auto second = items.make(2);
    struct Way {
        Ref<Item> from;
        Ref<Item> to;
        uint64_t version = 0;
        static void go(void* context)
        {
            auto& self = *static_cast<Way*>(context);
            EXPECT(self.from->visit(there, context).ok());
        }
        static void there(void* context)
        {
            auto& self = *static_cast<Way*>(context);
            self.version = self.to->version().value();
        }
    } there{first, second}, back{second, first};
    items.change_to<2>();
    items.mark_all();
    Helper one(Way::go, &there, 0);
    Helper other(Way::go, &back, kernel::last_cpu());
    one.join();
    other.join();
    EXPECT(there.version == 2 && back.version == 2);
    EXPECT(items.counts().converted == 2);
}};

kernel::Test arbiter{"lazy.arbiter_stays_in_front_of_a_marked_instance", [] {
    ItemClass items;
    auto item = items.make(1);
    CountingArbiter* counts = nullptr;
    {
        CountedScope scope;
        const auto arbiter = CountingArbiter::attach(item.reference());
        EXPECT(arbiter.ok());
        counts = arbiter.value();
    }
    items.change_to<2>();
    items.mark_all();
    expect_item(item, 2, 1);
    EXPECT(items.counts().converted == 1);
    EXPECT(table().innermost(item.reference()) == counts);
    CountingArbiter::detach(counts);
}};

kernel::Test chain{"lazy.chain_of_versions_in_one_call", [] {
    ItemClass items;
    auto called = items.make(1);
    auto late = items.make(2);
    items.change_to<2>();
    items.mark_all();
    expect_item(called, 2, 1);
    items.change_to<3>();
    items.mark_all();
    EXPECT(items.count(InstanceList::Marked) == 2);
    const uint64_t commits = item_commits;
    expect_item(late, 3, 2);
    EXPECT(item_commits == commits + 2);
    expect_item(called, 3, 1);
    EXPECT(items.counts().converted == 3 && items.counts().promoted == 0);
    EXPECT(items.count(InstanceList::Current) == 2);
    drain_dead_objects();
    EXPECT(item_roots == 2);
}};

kernel::Test marks_stay{"lazy.marks_of_an_earlier_round_stay_in_force", [] {
    ItemClass items;
    auto item = items.make(1);
    items.change_to<2>();
    items.mark_all();
    items.change_to<3>();
    items.set_marks();
    // Not in force yet, but this one was.
    expect_item(item, 3, 1);
    EXPECT(items.counts().promoted == 0);
    put_marks_in_force(items.record());
}};

kernel::Test down{"lazy.converts_down_as_well_as_up", [] {
    ItemClass items;
    auto item = items.make(4);
    items.change_to<2>();
    items.mark_all();
    expect_item(item, 2, 4);
    items.change_to<1>();
    items.mark_all();
    expect_item(item, 1, 4);
    EXPECT(items.count(InstanceList::Current) == 1);
}};

kernel::Test shares{"lazy.shares_of_all_cpus_are_carried_over", [] {
    ItemClass items;
    auto item = items.make(100);
    const auto add_share = [](void* context) {
        EXPECT(static_cast<Ref<Item>*>(context)->operator->()->add(arch::cpu_id() + 1).ok());
    };
    uint64_t value = 100;
    items.change_to<3>();
    items.mark_all();
    for (int cpu = 0; cpu <= kernel::last_cpu(); ++cpu) {
        Helper(add_share, &item, cpu).join();
        value += static_cast<unsigned>(cpu) + 1;
    }
    expect_item(item, 3, value);
    items.change_to<2>();
    items.mark_all();
    expect_item(item, 2, value);
    EXPECT(items.counts().failed == 0 && items.counts().converted == 2);
}};

kernel::Test unmark{"lazy.cancelled_while_marked_unmarks_without_converting", [] {
    ItemClass items;
    auto untouched = items.make(1);
    auto converted = items.make(2);
    items.change_to<2>();
    items.mark_all();
    expect_item(converted, 2, 2);
    const uint64_t commits = item_commits;
    items.change_to<1>();
    items.unmark_all();
    items.mark_all();
    EXPECT(items.count(InstanceList::Current) == 1 && items.count(InstanceList::Marked) == 1);
    expect_item(untouched, 1, 1);
    EXPECT(item_commits == commits);
    expect_item(converted, 1, 2);
    EXPECT(item_commits == commits + 1);
}};

kernel::Test called_after_cancel{"lazy.marked_instance_that_is_what_it_is_to_be_is_unmarked_by_its_caller", [] {
    ItemClass items;
    auto item = items.make(1);
    items.change_to<2>();
    items.mark_all();
    items.change_to<1>();
    const uint64_t commits = item_commits;
    expect_item(item, 1, 1);
    EXPECT(item_commits == commits && items.count(InstanceList::Current) == 1);
}};

kernel::Test promoted{"lazy.call_before_marks_are_in_force_is_served_by_the_old_version", [] {
    ItemClass items;
    auto item = items.make(3);
    auto quiet = items.make(4);
    items.change_to<2>();
    items.set_marks();
    expect_item(item, 1, 3);
    EXPECT(items.counts().promoted == 1);
    EXPECT(items.count(InstanceList::Promoted) == 1);
    put_marks_in_force(items.record());
    Converters converters(items.record());
    EXPECT(converters.start(kernel::default_priority).ok());
    converters.wait();
    EXPECT(items.count(InstanceList::Current) == 2);
    EXPECT(items.counts().converted == 2);
    expect_item(item, 2, 3);
    expect_item(quiet, 2, 4);
}};

// Inside a promoted instance until it may leave.
kernel::Test promoted_busy{"lazy.promoted_instance_is_swapped_with_its_callers_inside", [] {
    ItemClass items;
    auto item = items.make(3);
    items.change_to<2>();
    items.set_marks();
    struct Stay {
        Ref<Item> item;
        kernel::Event inside;
        kernel::Event leave;
        static void body(void* context)
        {
            auto& self = *static_cast<Stay*>(context);
            EXPECT(self.item->visit(stay, context).ok());
        }
        static void stay(void* context)
        {
            auto& self = *static_cast<Stay*>(context);
            self.inside.signal();
            self.leave.wait();
        }
    } stay{item, {}, {}};
    Helper helper(Stay::body, &stay);
    stay.inside.wait();
    EXPECT(items.counts().promoted == 1);
    stay.leave.signal();
    helper.join();
    put_marks_in_force(items.record());
    Converters converters(items.record());
    EXPECT(converters.start(kernel::default_priority).ok());
    converters.wait();
    expect_item(item, 2, 3);
}};

kernel::Test mediated{"lazy.instance_in_a_swap_is_not_marked", [] {
    ItemClass items;
    auto item = items.make(6);
    items.change_to<2>();
    Elder elder;
    HotSwap* swap = start_swap(item.reference(), kernel::Owned<Root>(kernel::make<ItemRoot<2>>(kernel::Tag::Test)));
    items.set_marks();
    EXPECT(items.count(InstanceList::Promoted) == 1);
    elder.leave();
    end_swap(swap);
    EXPECT(items.count(InstanceList::Current) == 1);
    expect_item(item, 2, 6);
}};

kernel::Test swap_refused{"lazy.swap_of_a_marked_instance_is_refused", [] {
    ItemClass items;
    auto item = items.make(6);
    items.change_to<2>();
    items.mark_all();
    {
        CountedScope scope;
        kernel::Owned<Root> root(kernel::make<ItemRoot<2>>(kernel::Tag::Test));
        const auto swap = HotSwap::start(item.reference(), static_cast<kernel::Owned<Root>&&>(root));
        EXPECT(swap.code() == Code::BUSY);
    }
    expect_item(item, 2, 6);
    kernel::wait_until([] { return item_roots == 1; });
}};

kernel::Test destroyed{"lazy.destroy_of_a_marked_instance_converts_nothing", [] {
    ItemClass items;
    auto item = items.make(6);
    items.change_to<2>();
    items.mark_all();
    const uint64_t commits = item_commits;
    destroy_and_drain(item.reference());
    EXPECT(item_commits == commits && item_roots == 0);
    EXPECT(items.set().count() == 0);
    auto next = items.make(1);
    EXPECT(table().mark(next.reference()) == Mark::None);
    expect_item(next, 2, 1);
}};

kernel::Test destroyed_converting{"lazy.destroy_of_an_instance_in_conversion_waits", [] {
    ItemClass items;
    auto item = items.make(6);
    items.change_to<2>();
    items.mark_all();
    HeldExport hold;
    Call first(item);
    Helper converts(Call::body, &first);
    hold.wait_for_one();
    struct Destroy {
        Reference reference;
        bool done = false;
        static void body(void* context)
        {
            auto& self = *static_cast<Destroy*>(context);
            EXPECT(destroy(self.reference).ok());
            __atomic_store_n(&self.done, true, __ATOMIC_RELEASE);
        }
    } destroy{item.reference()};
    Helper destroys(Destroy::body, &destroy);
    wait_for_a_swap();
    EXPECT(!__atomic_load_n(&destroy.done, __ATOMIC_ACQUIRE));
    hold.go_on.signal();
    destroys.join();
    converts.join();
    drain_dead_objects();
    EXPECT(item_roots == 0 && items.set().count() == 0);
    EXPECT(items.counts().converted == 1);
}};

kernel::Test eager{"lazy.converters_leave_nothing_marked", [] {
    constexpr unsigned count = 40;
    ItemClass items;
    Ref<Item> all[count];
    for (unsigned i = 0; i < count; ++i) {
        kernel::current_thread()->move_to(i % arch::cpu_count()).ignore();
        all[i] = items.make(i);
    }
    items.change_to<2>();
    items.mark_all();
    Converters converters(items.record());
    EXPECT(converters.start(kernel::default_priority).ok());
    converters.wait();
    EXPECT(items.count(InstanceList::Current) == count);
    EXPECT(items.counts().converted == count);
    for (unsigned i = 0; i < count; ++i)
        expect_item(all[i], 2, i);
}};

kernel::Test idle{"lazy.idle_converters_do_not_run_before_others", [] {
    ItemClass items;
    auto item = items.make(1);
    items.change_to<2>();
    items.mark_all();
    Converters converters(items.record());
    {
        const auto hog = [](void*) { kernel::spin_for(2 * kernel::millisecond); };
        kernel::Owned<Helper> hogs[abi::MAX_CPUS];
        for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu)
            hogs[cpu] = kernel::Owned<Helper>(kernel::make<Helper>(kernel::Tag::Test, hog, nullptr, static_cast<int>(cpu)));
        EXPECT(converters.start(idle_priority).ok());
        kernel::spin_for(kernel::millisecond);
        EXPECT(items.count(InstanceList::Marked) == 1);
        for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu)
            hogs[cpu]->join();
    }
    converters.wait();
    EXPECT(items.count(InstanceList::Current) == 1);
    expect_item(item, 2, 1);
}};

kernel::Test stopped{"lazy.converters_stop_after_the_instance_they_are_at", [] {
    ItemClass items;
    for (unsigned i = 0; i < 20; ++i)
        items.make(i);
    items.change_to<2>();
    items.mark_all();
    HeldExport hold;
    Converters converters(items.record());
    EXPECT(converters.start(kernel::default_priority).ok());
    hold.wait_for_one();
    converters.stop();
    hold.go_on.signal();
    converters.wait();
    EXPECT(items.count(InstanceList::Marked) > 0 && items.count(InstanceList::Current) > 0);
    EXPECT(items.count(InstanceList::Marked) + items.count(InstanceList::Current) == 20);
}};

kernel::Test marking_cost{"lazy.marking_takes_few_instructions_an_instance", [] {
    constexpr unsigned count = InstanceSet::batch;
    EXPECT(kernel::current_thread()->move_to(0).ok());
    ItemClass items;
    for (unsigned i = 0; i < count; ++i)
        items.make(i);
    items.change_to<2>();
    begin_marking(items.record());
    uint64_t instructions = 0;
    {
        kernel::IrqGuard nothing_comes_between;
        const uint64_t before = arch::instructions();
        EXPECT(mark_some(items.record(), 0));
        instructions = arch::instructions() - before;
    }
    kernel::print("marking: %lu instructions for %u", instructions, count);
    EXPECT(instructions < 100 * count);
    put_marks_in_force(items.record());
}};

}

}
