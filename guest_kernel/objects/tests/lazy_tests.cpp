// Lazy update: what the first call of an instance brings about, and what is left of it.

#include "arch/ppc64/hypercall.h"
#include "kernel/test_thread.h"
#include "objects/counting_arbiter.h"
#include "objects/guarded_task.h"
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

// Two, for the first of a class is looked at more closely than the others.
kernel::Test every_cpu{"lazy.no_cpu_calls_the_old_version_once_marks_are_in_force", [] {
    ItemClass items;
    Ref<Item> two[] = {items.make(1), items.make(2)};
    const auto call = [](void* context) {
        for (int i = 0; i < 2; ++i)
            EXPECT(static_cast<Ref<Item>*>(context)[i]->version().ok());
    };
    for (int cpu = 0; cpu <= kernel::last_cpu(); ++cpu)
        Helper(call, two, cpu).join();
    items.change_to<2>();
    items.mark_all();
    const auto called = [](void* context) {
        for (int i = 0; i < 2; ++i)
            EXPECT(static_cast<Ref<Item>*>(context)[i]->version().value() == 2);
    };
    for (int cpu = kernel::last_cpu(); cpu >= 0; --cpu)
        Helper(called, two, cpu).join();
    EXPECT(items.counts().converted == 2);
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

}

}
