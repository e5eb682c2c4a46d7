// Lazy update: marks that are not in force, stay in force, are taken back, or cannot be set.

#include "kernel/test_thread.h"
#include "objects/converters.h"
#include "objects/tests/elder.h"
#include "objects/tests/item.h"

namespace objects::tests {

namespace {

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

}

}
