// What decides about an update, and what is still under way when its aim changes.

#include "kernel/test_thread.h"
#include "objects/priorities.h"
#include "objects/promoted_swap.h"
#include "objects/tests/item_update.h"

namespace objects::tests {

namespace {

const kernel::ThreadOptions beside{"beside", kernel::default_priority, 0, false};

// Cancels from before the hold point.
struct Canceller {
    explicit Canceller(Update& its_update) : update(its_update) {}

    Update& update;
    Status outcome;

    static void body(void* context)
    {
        auto& self = *static_cast<Canceller*>(context);
        Subject::mark_hold_point();
        self.outcome = cancel(self.update, Code::CANCELLED);
    }
};

// Exactly one of both has come of it, and everybody was told the same.
void expect_one_verdict(Items& items, const ItemUpdate& update, Status applied, Status cancelled)
{
    EXPECT(applied.ok() != cancelled.ok());
    EXPECT(update->state == (applied.ok() ? UpdateState::Active : UpdateState::Aborted));
    items.expect_settled(applied.ok() ? 2 : 1);
}

kernel::Test held_canceller{"interleaving.canceller_held_while_the_update_commits", [] {
    stay_on_first_cpu();
    Items items;
    ItemUpdate update;
    EXPECT(updates().begin(*update).ok());
    const Status changed = update_class(ItemRep<2>::descriptor);
    Canceller canceller(*update);
    Subject subject(Canceller::body, &canceller, kernel::last_cpu(), false);
    subject.wait_until_held();
    Status applied;
    {
        kernel::TestThread applying(beside, [&] { applied = conclude(*update, changed); });
        // What is taken back may wait for the subject, and goes far while that is held where it is not counted.
        kernel::sleep_until(kernel::now_ns() + 2 * kernel::millisecond);
        subject.let_go();
    }
    expect_one_verdict(items, update, applied, canceller.outcome);
}};

kernel::Test held_commit{"interleaving.commit_held_while_the_update_is_cancelled", [] {
    stay_on_first_cpu();
    Items items;
    struct Applying {
        ItemUpdate update;
        Status outcome;
        static void body(void* context)
        {
            auto& self = *static_cast<Applying*>(context);
            const Status changed = update_class(ItemRep<2>::descriptor);
            Subject::mark_hold_point();
            self.outcome = conclude(*self.update, changed);
        }
    } applying;
    EXPECT(updates().begin(*applying.update).ok());
    Subject subject(Applying::body, &applying, kernel::last_cpu(), false);
    subject.wait_until_held();
    Status cancelled;
    {
        // A mutex of the register may be in the subject's hands.
        kernel::TestThread canceller(beside, [&] { cancelled = cancel(*applying.update, Code::CANCELLED); });
        wait_for_a_swap();
        subject.let_go();
    }
    expect_one_verdict(items, applying.update, applying.outcome, cancelled);
}};

// The conversion begins after the factory's swap has let those before it go, and fails after the factory has changed.
kernel::Test straggler{"transition.conversion_that_fails_late_is_not_taken_along_to_the_next_aim", [] {
    stay_on_first_cpu();
    ItemClass items;
    auto item = items.make(3);
    kernel::Event inside, go_on, converting, fail;
    struct Hook {
        kernel::Event& converting;
        kernel::Event& fail;
    } hook{converting, fail};
    items.change_to<2>();
    items.mark_all();
    // Keeps the factory's swap in its forward phase.
    item_script.creation_entered = &inside;
    item_script.creation_go_on = &go_on;
    kernel::TestThread creator({.name = "creator"}, [&] { EXPECT(create<ItemRoot<2>>({4}).ok()); });
    inside.wait();
    item_script.creation_entered = nullptr;
    ItemUpdate update;
    ClassChange change;
    change.record = &items.record();
    change.from = &ItemRep<1>::descriptor;
    change.to = &ItemRep<2>::descriptor;
    Status back;
    kernel::TestThread reverting(beside, [&] { back = Transition(*update, change, Direction::Back).run(); });
    kernel::wait_until([&] { return swap_of(items.record().factory) != nullptr; });
    wait_for_a_swap();
    item_script.import_into = 2;
    item_script.import_fails = Code::IO_ERROR;
    item_script.context = &hook;
    item_script.preparing = [](void* context) {
        item_script.preparing = nullptr;
        static_cast<Hook*>(context)->converting.signal();
        static_cast<Hook*>(context)->fail.wait();
    };
    kernel::TestThread caller({.name = "caller"}, [&] { EXPECT(item->add(1).ok()); });
    converting.wait();
    go_on.signal();
    kernel::wait_until([&] { return items.record().current_version() == change.from; });
    fail.signal();
    caller.join();
    creator.join();
    reverting.join();
    EXPECT(back.ok() && items.counts().failed == 1);
    EXPECT(items.count(InstanceList::Failed) == 0 && items.count(InstanceList::Current) == 2);
    expect_item(item, 1, 4);
}};

// Whoever looks after a swap towards the aim before hears of its failure when the instance is settled already.
kernel::Test late_swap{"transition.swap_that_failed_towards_an_earlier_aim_counts_no_more", [] {
    Items items;
    ItemUpdate update;
    item_script.import_into = 2;
    auto item = items.first();
    EXPECT(updates().begin(*update).ok());
    items.change_to<2>();
    items.set_marks();
    // Called before its mark is in force.
    expect_item(item, 1, 1);
    item_script.import_fails = Code::IO_ERROR;
    const auto name = table().name(item.reference());
    HotSwap* swap = start_promoted_swap(items.record(), name, {}, kernel::default_priority);
    EXPECT(swap != nullptr && swap->wait().code() == Code::IO_ERROR);
    ClassChange change;
    change.record = &items.record();
    change.from = &ItemRep<1>::descriptor;
    change.to = &ItemRep<2>::descriptor;
    EXPECT(Transition(*update, change, Direction::Back).run().ok());
    end_promoted_swap(items.record(), name, *swap);
    EXPECT(items.set().list_of(item.reference()) == InstanceList::Current);
    items.expect_settled(1);
    conclude(*update, Code::CANCELLED).ignore();
}};

// What carries the update is kept from its CPU; who watches the time is not.
kernel::Test hogged{"transition.time_limit_holds_while_a_hog_runs", [] {
    stay_on_first_cpu();
    Items items;
    ItemUpdate update;
    UpdateOptions options;
    options.step_limit_ns = 8 * kernel::millisecond;
    uint64_t end = 0;
    uint64_t decided_ns = 0;
    kernel::TestThread hog({"hog", swap_priority, 0, false}, [&] {
        kernel::wait_until([&] { return items.record().transition != nullptr; });
        end = kernel::now_ns() + 30 * kernel::millisecond;
        while (kernel::now_ns() < end) {
            if (decided_ns == 0 && !update->verdict().ok())
                decided_ns = kernel::now_ns();
        }
    });
    EXPECT(update.apply<2>(options).code() == Code::TIMED_OUT);
    hog.join();
    EXPECT(update->state == UpdateState::Aborted && decided_ns != 0 && decided_ns < end);
    items.expect_settled(1);
}};

}

}
