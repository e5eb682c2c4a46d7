// Marking very many instances: linear, and in short stretches with interrupts off.

#include "arch/ppc64/hypercall.h"
#include "kernel/print.h"
#include "objects/tests/item.h"

namespace objects::tests {

namespace {

struct MarkingCost {
    uint64_t instructions = 0;
    // Of one batch, the locks and interrupts off and on again included.
    uint64_t longest = 0;
};

MarkingCost mark_this_cpu(ItemClass& items)
{
    MarkingCost cost;
    begin_marking(items.record());
    for (bool more = true; more;) {
        kernel::IrqGuard nothing_comes_between;
        const uint64_t before = arch::instructions();
        more = mark_some(items.record(), 0);
        const uint64_t spent = arch::instructions() - before;
        cost.instructions += spent;
        if (spent > cost.longest)
            cost.longest = spent;
    }
    return cost;
}

kernel::Test linear{"lazyscale.ten_thousand_instances_are_marked_in_linear_time", [] {
    constexpr unsigned few = 1'000;
    constexpr unsigned many = 10'000;
    EXPECT(kernel::current_thread()->move_to(0).ok());
    ItemClass items;
    Ref<Item> sample[10];
    for (unsigned i = 0; i < few; ++i)
        items.make(i);
    items.change_to<2>();
    const MarkingCost of_few = mark_this_cpu(items);
    put_marks_in_force(items.record());
    items.change_to<1>();
    items.unmark_all();
    for (unsigned i = few; i < many; ++i) {
        const auto item = items.make(i);
        if (i % 1'000 == 0)
            sample[i / 1'000] = item;
    }
    items.change_to<2>();
    const MarkingCost of_many = mark_this_cpu(items);
    put_marks_in_force(items.record());
    kernel::print("marking: %lu instructions for %u, %lu for %u, at most %lu at a time", of_few.instructions, few,
        of_many.instructions, many, of_many.longest);
    EXPECT(items.count(InstanceList::Marked) == many);
    EXPECT(of_many.instructions <= 11 * of_few.instructions);
    EXPECT(of_many.instructions < 80 * uint64_t{many});
    EXPECT(of_many.longest < 2'000);
    for (unsigned i = 1; i < 10; ++i)
        expect_item(sample[i], 2, i * 1'000);
    EXPECT(items.count(InstanceList::Current) == 9 && items.count(InstanceList::Marked) == many - 9);
}};

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
