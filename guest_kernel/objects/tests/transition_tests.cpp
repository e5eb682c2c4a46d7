// All instances of a class change their version, and come back: whole updates with a class of the tests.

#include "kernel/heap.h"
#include "kernel/test_thread.h"
#include "objects/tests/item_update.h"

namespace objects::tests {

namespace {

kernel::Test there_and_back{"transition.there_and_back", [] {
    Items items;
    ItemUpdate update;
    const uint64_t epoch = items.record().epoch;
    EXPECT(update.apply<2>().ok() && update->state == UpdateState::Active);
    items.expect_settled(2);
    EXPECT(update->counts().converted == instance_count && update->counts().unconverted == 0);
    EXPECT(update.take_back() == UpdateState::Reverted);
    items.expect_settled(1);
    EXPECT(items.record().epoch == epoch + 2);
}};

kernel::Test out_of_order{"transition.only_the_next_version_may_follow", [] {
    Items items;
    ItemUpdate skips;
    EXPECT(skips.apply<3>().code() == Code::VERSION && skips->state == UpdateState::Aborted);
    ItemUpdate same;
    EXPECT(same.apply<1>().code() == Code::VERSION && same->state == UpdateState::Aborted);
    items.expect_settled(1);
}};

kernel::Test second{"transition.second_one_of_the_class_is_refused", [] {
    Items items;
    kernel::Event entered;
    kernel::Event go_on;
    item_script.export_entered = &entered;
    item_script.export_go_on = &go_on;
    ItemUpdate update;
    kernel::TestThread applying({"applying", 16, kernel::any_cpu, false}, [&] { EXPECT(update.apply<2>().ok()); });
    entered.wait();
    ItemUpdate other;
    EXPECT(updates().begin(*other).code() == Code::BUSY);
    ClassChange change = update->changes[0];
    EXPECT(Transition(*other, change, Direction::Back).run().code() == Code::BUSY);
    item_script.export_entered = nullptr;
    go_on.signal();
    applying.join();
    items.expect_settled(2);
}};

kernel::Test cancelled{"transition.cancelled_at_any_time_is_either_cancelled_or_active", [] {
    Items items;
    unsigned active = 0;
    unsigned aborted = 0;
    for (uint64_t delay = 0; delay < 3'000'000; delay += 60'000) {
        ItemUpdate update;
        Status cancelled = Code::REFUSED;
        kernel::TestThread canceller({"canceller", 16, kernel::last_cpu(), false}, [&] {
            kernel::sleep_until(kernel::now_ns() + delay);
            cancelled = cancel(*update, Code::CANCELLED);
        });
        const Status applied = update.apply<2>();
        canceller.join();
        EXPECT(applied.ok() != cancelled.ok() || update->state == UpdateState::Aborted);
        EXPECT(update->state == (cancelled.ok() ? UpdateState::Aborted : UpdateState::Active));
        items.expect_settled(cancelled.ok() ? 1 : 2);
        if (!cancelled.ok())
            EXPECT(update.take_back() == UpdateState::Reverted);
        ++(cancelled.ok() ? aborted : active);
    }
    EXPECT(active > 0 && aborted > 0);
}};

kernel::Test failing_instance{"transition.instance_that_fails_ends_it_and_the_others_come_back", [] {
    Items items;
    item_script.import_into = 2;
    item_script.import_fails = Code::IO_ERROR;
    item_script.fails_for = 4;
    ItemUpdate update;
    EXPECT(update.apply<2>().code() == Code::IO_ERROR);
    EXPECT(update->state == UpdateState::Aborted && update->reason == Code::IO_ERROR);
    items.expect_settled(1);
}};

kernel::Test stuck{"transition.way_back_that_fails_is_stuck_until_it_does_not", [] {
    Items items;
    ItemUpdate update;
    EXPECT(update.apply<2>().ok());
    item_script.import_into = 1;
    item_script.import_fails = Code::IO_ERROR;
    item_script.fails_for = 2;
    EXPECT(update.take_back() == UpdateState::Stuck);
    EXPECT(items.count(InstanceList::Failed) == 1 && items.count(InstanceList::Current) == instance_count - 1);
    item_script = {};
    EXPECT(update.take_back() == UpdateState::Reverted);
    items.expect_settled(1);
}};

kernel::Test irreversible{"transition.what_cannot_be_undone_is_neither_cancelled_nor_reverted", [] {
    Items items;
    ItemUpdate update({UpdateMode::Auto, "for a test"});
    kernel::Event entered;
    kernel::Event go_on;
    item_script.export_entered = &entered;
    item_script.export_go_on = &go_on;
    kernel::TestThread applying({"applying", 16, kernel::any_cpu, false}, [&] { EXPECT(update.apply<2>().ok()); });
    entered.wait();
    EXPECT(cancel(*update, Code::CANCELLED).code() == Code::REFUSED);
    item_script.export_entered = nullptr;
    go_on.signal();
    applying.join();
    EXPECT(begin_revert(*update).code() == Code::REFUSED);
    EXPECT(update->state == UpdateState::Active);
    items.expect_settled(2);
}};

kernel::Test stacked{"transition.older_one_is_superseded_and_comes_back", [] {
    Items items;
    ItemUpdate two;
    ItemUpdate three;
    EXPECT(two.apply<2>().ok() && three.apply<3>().ok());
    EXPECT(two->state == UpdateState::Superseded && three->state == UpdateState::Active);
    EXPECT(begin_revert(*two).code() == Code::REFUSED);
    items.expect_settled(3);
    EXPECT(three.take_back() == UpdateState::Reverted && two->state == UpdateState::Active);
    items.expect_settled(2);
    EXPECT(two.take_back() == UpdateState::Reverted);
    items.expect_settled(1);
}};

kernel::Test chain{"transition.lazy_one_on_top_of_a_lazy_one_is_one_conversion", [] {
    Items items;
    ItemUpdate two;
    ItemUpdate three;
    const uint64_t commits = item_commits;
    EXPECT(two.apply<2>(UpdateMode::Lazy).ok() && three.apply<3>(UpdateMode::Lazy).ok());
    items.expect_all(3);
    EXPECT(item_commits == commits + 2 * instance_count);
    updates().review_superseded();
    EXPECT(two->state == UpdateState::Superseded && three->state == UpdateState::Active);
    EXPECT(three.take_back() == UpdateState::Reverted);
    items.expect_settled(2);
}};

kernel::Test beneath{"transition.older_one_with_an_instance_left_is_not_reverted_beneath_a_newer_one", [] {
    Items items;
    ItemUpdate two;
    ItemUpdate three;
    EXPECT(two.apply<2>().ok());
    item_script.import_into = 3;
    item_script.import_fails = Code::IO_ERROR;
    item_script.fails_for = 4;
    EXPECT(three.apply<3>(UpdateMode::Lazy).ok());
    kernel::wait_until([&] { return three->counts().unconverted == 0; });
    updates().review_superseded();
    EXPECT(two->state == UpdateState::Active && begin_revert(*two).code() == Code::REFUSED);
    item_script = {};
    EXPECT(three.take_back() == UpdateState::Reverted);
    items.expect_settled(2);
}};

// Threads that are in an item most of the time, where they want a mutex, and one that has the mutex when it comes to the item.
// Each of them keeps the mutex for so long that this one, which has a higher priority, is the next to get it: whenever it is
// kept out of the item, others are inside and want the mutex.
class Knot {
public:
    explicit Knot(Ref<Item> item) : m_item(item) {}

    void go_in()
    {
        while (!over()) {
            CountedScope call;
            EXPECT(m_item->visit(want, this).ok());
        }
    }
    void call_with_mutex()
    {
        while (!over()) {
            call_once_with_mutex();
            // Lets the others run where there is one CPU for all.
            kernel::sleep_until(kernel::now_ns() + 20 * kernel::microsecond);
        }
    }
    void untie() { __atomic_store_n(&m_over, true, __ATOMIC_RELAXED); }

private:
    void call_once_with_mutex()
    {
        CountedScope call;
        const kernel::MutexGuard guard(m_mutex);
        EXPECT(m_item->value().value() == 1);
    }
    static void want(void* knot)
    {
        const kernel::MutexGuard guard(static_cast<Knot*>(knot)->m_mutex);
        kernel::sleep_until(kernel::now_ns() + 200 * kernel::microsecond);
    }
    bool over() const { return __atomic_load_n(&m_over, __ATOMIC_RELAXED); }

    Ref<Item> m_item;
    kernel::Mutex m_mutex;
    bool m_over = false;
};

kernel::Test knotted{"transition.deadlock_that_comes_back_ends_the_update", [] {
    Items items;
    ItemUpdate update;
    {
        Knot knot(items.first());
        const auto goes_in = [&knot] { knot.go_in(); };
        const kernel::ThreadOptions visitor{.name = "visitor", .cpu = 0, .counted = false};
        kernel::TestThread first(visitor, goes_in), second(visitor, goes_in), third(visitor, goes_in), fourth(visitor, goes_in);
        const kernel::ThreadOptions caller{
            .name = "caller", .priority = kernel::default_priority + 1, .cpu = kernel::last_cpu(), .counted = false};
        kernel::TestThread calls(caller, [&knot] { knot.call_with_mutex(); });
        kernel::sleep_until(kernel::now_ns() + kernel::millisecond);
        EXPECT(update.apply<2>().code() == Code::DEADLOCK && update->state == UpdateState::Aborted);
        knot.untie();
    }
    items.expect_settled(1);
}};

// The way back retries, so that one allocation that fails leaves nothing half done there either.
kernel::Test without_memory{"transition.each_allocation_that_fails_leaves_the_old_version", [] {
    Items items;
    unsigned aborted = 0;
    for (uint64_t n = 1; n < 400; ++n) {
        ItemUpdate update;
        bool happened = false;
        {
            kernel::FailAllocation failing(n, kernel::FailAllocation::Who::Everyone);
            update.apply<2>().ignore();
            happened = failing.happened();
        }
        const bool active = update->state == UpdateState::Active;
        EXPECT(active || update->state == UpdateState::Aborted);
        items.expect_settled(active ? 2 : 1);
        if (active)
            EXPECT(update.take_back() == UpdateState::Reverted);
        aborted += !active;
        if (!happened)
            break;
        EXPECT(n < 399);
    }
    EXPECT(aborted > 10);
}};

kernel::Test back_without_memory{"transition.each_allocation_that_fails_on_the_way_back_is_tried_again", [] {
    Items items;
    for (uint64_t n = 1; n < 400; ++n) {
        ItemUpdate update;
        EXPECT(update.apply<2>().ok());
        bool happened = false;
        {
            kernel::FailAllocation failing(n, kernel::FailAllocation::Who::Everyone);
            EXPECT(update.take_back() == UpdateState::Reverted);
            happened = failing.happened();
        }
        items.expect_settled(1);
        if (!happened)
            break;
    }
}};

}

}
