// Marking very many instances: linear, and in short stretches with interrupts off.

#include "arch/ppc64/hypercall.h"
#include "kernel/frames.h"
#include "kernel/print.h"
#include "objects/marker.h"
#include "objects/tests/item.h"

namespace objects::tests {

namespace {

// With interrupts off.
constexpr uint64_t longest_batch = 1'220;

struct MarkingCost {
    uint64_t instructions = 0;
    // Of one batch, the locks and interrupts off and on again included.
    uint64_t longest = 0;
};

MarkingCost mark_this_cpu(ItemClass& items)
{
    MarkingCost cost;
    begin_marking(items.record());
    Marker marker(*items.record().current_version(), items.record().lazy.round());
    for (bool more = true; more;) {
        kernel::IrqGuard nothing_comes_between;
        const uint64_t before = arch::instructions();
        more = items.set().mark(0, marker) != 0;
        const uint64_t spent = arch::instructions() - before;
        cost.instructions += spent;
        if (spent > cost.longest)
            cost.longest = spent;
    }
    return cost;
}

// What marking that many, called on CPU 0, costs; some of them are called afterwards.
MarkingCost mark_many(unsigned count)
{
    ItemClass items;
    Ref<Item> sample[10];
    for (unsigned i = 0; i < count; ++i) {
        const auto item = items.make(i);
        if (i % (count / 10) == 0)
            sample[i / (count / 10)] = item;
    }
    items.change_to<2>();
    const MarkingCost cost = mark_this_cpu(items);
    kernel::print("marking: %lu instructions for %u, at most %lu at a time", cost.instructions, count, cost.longest);
    EXPECT(cost.longest <= longest_batch);
    EXPECT(items.count(InstanceList::Marked) == count);
    put_marks_in_force(items.record());
    for (unsigned i = 0; i < 10; ++i)
        expect_item(sample[i], 2, i * (count / 10));
    EXPECT(items.count(InstanceList::Current) == 10 && items.count(InstanceList::Marked) == count - 10);
    return cost;
}

// More than one with its entries and its place in the page tables takes.
constexpr uint64_t bytes_of_an_instance = 512;

// Ten times as many each time cost each instance the same, but for what begins and ends a marking.
void expect_the_same_for_each(unsigned most)
{
    EXPECT(kernel::current_thread()->move_to(0).ok());
    constexpr unsigned few = 1'000;
    const uint64_t of_few = mark_many(few).instructions;
    for (unsigned count = 10 * few; count <= most; count *= 10) {
        if (count * bytes_of_an_instance > kernel::frames_free() * abi::PAGE_SIZE)
            break;
        const uint64_t of_many = mark_many(count).instructions;
        EXPECT(of_many < 50 * uint64_t{count});
        EXPECT(of_many * few <= of_few * count && 103 * of_many * few >= 100 * of_few * count);
    }
}

kernel::Test linear{"lazyscale.ten_thousand_instances_are_marked_in_linear_time", [] { expect_the_same_for_each(10'000); }};
kernel::Test huge{"lazyhuge.a_million_instances_are_marked_in_linear_time", [] { expect_the_same_for_each(1'000'000); }};

// What the first call of an instance costs its caller, on one CPU with nobody else about.
kernel::Test first_call{"lazyscale.first_call_costs_its_caller_a_few_thousand_instructions", [] {
    EXPECT(kernel::current_thread()->move_to(0).ok());
    ItemClass items;
    auto warm = items.make(1);
    auto item = items.make(2);
    items.change_to<2>();
    items.mark_all();
    expect_item(warm, 2, 1);
    CountedScope scope;
    const uint64_t before = arch::instructions();
    EXPECT(item->version().value() == 2);
    const uint64_t first = arch::instructions() - before;
    kernel::print("lazy first call: %lu instructions", first);
    EXPECT(first < 20'000);
}};

}

}
