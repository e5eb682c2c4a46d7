// All instances of a class get another interface, and come back: whole updates.

#include "kernel/generation.h"
#include "kernel/print.h"
#include "kernel/heap.h"
#include "kernel/test_thread.h"
#include "kernel/text.h"
#include "objects/guarded_task.h"
#include "objects/tests/shelf.h"

namespace objects::tests {

namespace {

kernel::Test there_and_back{"interfaces.of_all_instances_there_and_back", [] {
    Shelves shelves;
    ShelfUpdate update;
    EXPECT(update.apply<2>().ok() && update->state == UpdateState::Active);
    shelves.expect_settled(2);
    EXPECT(update->counts().converted == Shelves::count);
    for (unsigned i = 0; i < Shelves::count; ++i) {
        EXPECT(shelves.canonical(i) != shelves[i]);
        expect_shelf<2>(shelves.canonical(i), 2, i + 1);
    }
    EXPECT(count_adapted().in_place == Shelves::count);
    EXPECT(update.take_back() == UpdateState::Reverted);
    shelves.expect_settled(1);
    for (unsigned i = 0; i < Shelves::count; ++i)
        EXPECT(shelves.canonical(i) == shelves[i]);
    adaptors().settle();
    EXPECT(count_adapted().in_place == 0 && count_adapted().dead == 0 && shelves.record().adapted == 0);
}};

kernel::Test lazily{"interfaces.of_instances_that_are_converted_when_they_are_called", [] {
    Shelves shelves;
    ShelfUpdate update;
    EXPECT(update.apply<2>(UpdateMode::Lazy).ok());
    const Reference called = shelves[2];
    expect_shelf<1>(called, 2, 3);
    EXPECT(table().canonical(called) != called && table().root(called) == nullptr);
    shelves.expect_settled(2);
    EXPECT(update.take_back() == UpdateState::Reverted);
    shelves.expect_settled(1);
}};

kernel::Test created{"interfaces.of_what_is_created_are_those_of_who_creates_it", [] {
    Shelves shelves;
    ShelfUpdate update;
    EXPECT(update.apply<2>().ok());
    const Reference by_old = make_shelf<1>(50).value();
    const Reference by_new = make_shelf<2>(60).value();
    expect_shelf<1>(by_old, 2, 50);
    expect_shelf<2>(table().canonical(by_old), 2, 50);
    expect_shelf<2>(by_new, 2, 60);
    EXPECT(table().canonical(by_new) == by_new && table().canonical(by_old) != by_old);
    {
        CountedScope scope;
        const auto by_default = create_default<shelf_first::Shelf>({70});
        expect_shelf<1>(by_default.value().reference(), 2, 70);
        expect_shelf<2>(create_default<shelf_second::Shelf>({80}).value().reference(), 2, 80);
    }
    EXPECT(adaptors().pin(by_new, "test").ok());
    EXPECT(update.take_back() == UpdateState::Reverted);
    expect_shelf<1>(by_old, 1, 50);
    // Who holds a reference of the new interface goes on calling it.
    EXPECT(table().canonical(by_old) == by_old && table().canonical(by_new) != by_new);
    expect_shelf<1>(table().canonical(by_new), 1, 60);
    expect_shelf<2>(by_new, 1, 60);
    adaptors().unpin(by_new);
}};

kernel::Test callers{"interfaces.callers_are_updated_and_the_adaptors_go", [] {
    Shelves shelves;
    ShelfUpdate shelf_update;
    ShelfUpdate reader_update;
    EXPECT(shelf_update.apply<2>().ok());
    const Reference canonical = shelves.canonical(0);
    const auto old_name = table().name(shelves[0]);
    adaptors().settle();
    EXPECT(count_adapted().in_place == Shelves::count);
    EXPECT(reader_update.apply_readers().ok());
    adaptors().settle();
    EXPECT(count_adapted().in_place == 0 && count_adapted().dead == 0);
    EXPECT(table().find(old_name) == nullptr);
    {
        CountedScope scope;
        EXPECT(shelves.reader()->read().value() == 1 && shelves.reader()->shelf().value() == canonical);
    }
    // The other way round nobody would offer the reader the first interface.
    EXPECT(begin_revert(*reader_update).code() == Code::REFUSED);
    EXPECT(shelf_update.take_back() == UpdateState::Reverted);
    {
        CountedScope scope;
        EXPECT(shelves.reader()->read().value() == 1);
    }
    expect_shelf<1>(table().canonical(canonical), 1, 1);
    adaptors().settle();
    EXPECT(count_adapted().in_place == Shelves::count);
    EXPECT(reader_update.take_back() == UpdateState::Reverted);
    adaptors().settle();
    EXPECT(count_adapted().in_place == 0 && count_adapted().dead == 0 && shelves.record().adapted == 0);
    {
        CountedScope scope;
        EXPECT(shelves.reader()->read().value() == 1);
        EXPECT(shelves.reader()->shelf().value() == table().canonical(shelves.reader()->shelf().value()));
    }
}};

kernel::Test destroyed{"interfaces.object_goes_by_whichever_reference_it_is_destroyed", [] {
    Shelves shelves;
    ShelfUpdate update;
    EXPECT(update.apply<2>(UpdateMode::Lazy).ok());
    expect_shelf<1>(shelves[0], 2, 1);
    expect_shelf<1>(shelves[1], 2, 2);
    const Reference canonical[] = {shelves.canonical(0), shelves.canonical(1)};
    CountedScope keeps_the_entries;
    EXPECT(destroy(shelves[0]).ok() && destroy(canonical[1]).ok());
    for (unsigned i = 0; i < 2; ++i) {
        EXPECT(Ref<shelf_first::Shelf>(shelves[i])->value().code() == Code::GONE);
        EXPECT(Ref<shelf_second::Shelf>(canonical[i])->value().code() == Code::GONE);
        EXPECT(destroy(shelves[i]).code() == Code::GONE);
    }
    // Marked, and never converted.
    EXPECT(destroy(shelves[2]).ok() || table().root(shelves.canonical(2)) == nullptr);
}};

kernel::Test chain{"interfaces.chain_of_two_changes_in_every_mode", [] {
    const UpdateMode modes[] = {UpdateMode::Eager, UpdateMode::Lazy};
    for (const auto first : modes) {
        for (const auto second : modes) {
            Shelves shelves;
            ShelfUpdate two;
            ShelfUpdate three;
            EXPECT(two.apply<2>(first).ok() && three.apply<3>(second).ok());
            for (unsigned i = 0; i < Shelves::count; ++i) {
                expect_shelf<1>(shelves[i], 3, i + 1);
                expect_shelf<3>(shelves.canonical(i), 3, i + 1);
            }
            const Reference born = make_shelf<1>(90).value();
            expect_shelf<1>(born, 3, 90);
            adaptors().settle();
            expect_shelf<1>(born, 3, 90);
            EXPECT(three.take_back() == UpdateState::Reverted);
            expect_shelf<1>(born, 2, 90);
            expect_shelf<2>(table().canonical(born), 2, 90);
            EXPECT(two.take_back() == UpdateState::Reverted);
            expect_shelf<1>(born, 1, 90);
            shelves.expect_first(1);
            for (unsigned i = 0; i < Shelves::count; ++i)
                EXPECT(shelves.canonical(i) == shelves[i]);
        }
    }
}};

kernel::Test again{"interfaces.that_come_again_find_the_references_from_before", [] {
    Shelves shelves;
    const Reference pinned = shelves[0];
    Reference canonical = nullptr;
    for (unsigned round = 0; round < 3; ++round) {
        ShelfUpdate update;
        EXPECT(update.apply<2>().ok());
        if (canonical != nullptr)
            EXPECT(table().canonical(pinned) == canonical);
        canonical = table().canonical(pinned);
        EXPECT(adaptors().pin(canonical, "test").ok());
        EXPECT(update.take_back() == UpdateState::Reverted);
        shelves.expect_settled(1);
        expect_shelf<2>(canonical, 1, 1);
        EXPECT(table().canonical(canonical) == pinned);
    }
    adaptors().unpin(canonical);
}};

kernel::Test failing{"interfaces.instance_that_fails_ends_the_update_and_all_have_the_old_one", [] {
    Shelves shelves;
    item_script.import_into = 2;
    item_script.import_fails = Code::IO_ERROR;
    item_script.fails_for = 4;
    ShelfUpdate update;
    EXPECT(update.apply<2>().code() == Code::IO_ERROR && update->state == UpdateState::Aborted);
    shelves.expect_settled(1);
    adaptors().settle();
    EXPECT(count_adapted().in_place == 0 && shelves.record().adapted == 0);
}};

kernel::Test lazily_failing{"interfaces.callers_are_not_updated_while_an_instance_has_the_old_one", [] {
    Shelves shelves;
    item_script.import_into = 2;
    item_script.import_fails = Code::IO_ERROR;
    item_script.fails_for = 4;
    ShelfUpdate update;
    EXPECT(update.apply<2>(UpdateMode::Lazy).ok());
    ShelfUpdate readers;
    EXPECT(readers.apply_readers().code() == Code::BUSY && readers->state == UpdateState::Aborted);
    // The others were converted to make way.
    EXPECT(update->counts().unconverted == 0 && update->counts().failed == 1);
    expect_shelf<1>(shelves[3], 1, 4);
    expect_shelf<1>(shelves[2], 2, 3);
    EXPECT(shelves.canonical(3) == shelves[3]);
    item_script = {};
    EXPECT(update.take_back() == UpdateState::Reverted);
    shelves.expect_settled(1);
}};

kernel::Test cancelled{"interfaces.cancelled_at_any_time_are_as_before_or_new", [] {
    Shelves shelves;
    unsigned active = 0;
    unsigned aborted = 0;
    for (uint64_t delay = 0; delay < 3'000'000; delay += 150'000) {
        ShelfUpdate update;
        Status cancelled = Code::REFUSED;
        kernel::TestThread canceller({"canceller", 16, kernel::last_cpu(), false}, [&] {
            kernel::sleep_until(kernel::now_ns() + delay);
            cancelled = cancel(*update, Code::CANCELLED);
        });
        update.apply<2>().ignore();
        canceller.join();
        EXPECT(update->state == (cancelled.ok() ? UpdateState::Aborted : UpdateState::Active));
        shelves.expect_settled(cancelled.ok() ? 1 : 2);
        if (!cancelled.ok())
            EXPECT(update.take_back() == UpdateState::Reverted);
        ++(cancelled.ok() ? aborted : active);
    }
    EXPECT(active > 0 && aborted > 0);
    shelves.expect_settled(1);
}};

kernel::Test caller_cancelled{"interfaces.callers_whose_update_fails_call_the_old_one_again", [] {
    Shelves shelves;
    ShelfUpdate update;
    EXPECT(update.apply<2>().ok());
    {
        CountedScope scope;
        const Reference second = shelves[1];
        EXPECT(create<ReaderRoot<1>>({second}).ok());
    }
    ShelfUpdate readers;
    // One reader comes to version 2, the other does not: both go back.
    readers_fail_after = 1;
    EXPECT(readers.apply_readers().code() == Code::IO_ERROR && readers->state == UpdateState::Aborted);
    readers_fail_after = ~uint64_t{0};
    adaptors().settle();
    shelves.expect_first(2);
    EXPECT(count_adapted().in_place == Shelves::count);
}};

kernel::Test without_memory{"interfaces.each_allocation_that_fails_leaves_the_old_ones", [] {
    Shelves shelves;
    unsigned aborted = 0;
    for (uint64_t n = 1; n < 500; ++n) {
        ShelfUpdate update;
        bool happened = false;
        {
            kernel::FailAllocation failing(n, kernel::FailAllocation::Who::Everyone);
            update.apply<2>().ignore();
            happened = failing.happened();
        }
        const bool active = update->state == UpdateState::Active;
        EXPECT(active || update->state == UpdateState::Aborted);
        shelves.expect_settled(active ? 2 : 1);
        if (active)
            EXPECT(update.take_back() == UpdateState::Reverted);
        adaptors().settle();
        EXPECT(count_adapted().in_place == 0);
        aborted += !active;
        if (!happened)
            break;
        EXPECT(n < 499);
    }
    EXPECT(aborted > 10);
}};

kernel::Test creation_without_memory{"interfaces.what_cannot_be_adapted_is_not_created", [] {
    Shelves shelves;
    ShelfUpdate update;
    EXPECT(update.apply<2>().ok());
    const uint64_t roots = item_roots;
    unsigned refused = 0;
    for (uint64_t n = 1; n < 50; ++n) {
        Result<Reference> made = Code::CANCELLED;
        bool happened = false;
        {
            kernel::FailAllocation failing(n);
            made = make_shelf<1>(50);
            happened = failing.happened();
        }
        refused += !made.ok();
        if (!made.ok())
            EXPECT(made.code() == Code::NO_MEMORY);
        drain_dead_objects();
        EXPECT(item_roots == roots + made.ok());
        if (!happened)
            break;
        EXPECT(!made.ok());
    }
    EXPECT(refused > 2);
}};

void expect_refused(const AdaptorPlan* adaptor, const AdaptorPlan* way_back, Code code, const char* words)
{
    ShelfUpdate update;
    EXPECT(update.apply(ShelfRep<2>::descriptor, UpdateMode::Eager, adaptor, way_back).code() == code);
    EXPECT(update->state == UpdateState::Aborted && kernel::equal(update->text, words));
}

kernel::Test refused{"interfaces.wrong_declarations_are_refused_in_words", [] {
    Shelves shelves;
    const AdaptorPlan& good = shelf_plan<2>();
    const AdaptorPlan& back = shelf_way_back<2>();
    const CallerClass strangers[] = {{"Stranger", 2}};
    const CallerClass at_once[] = {{"Reader", 1}};
    const CallerClass other_way[] = {{"Reader", 2, true}};
    const CallerClass another[] = {{"Reader", 3, true}};
    const AdaptorPlan unknown{good.map, good.make, strangers, 1};
    const AdaptorPlan early{good.map, good.make, at_once, 1};
    const AdaptorPlan reversed{good.map, good.make, other_way, 1};
    const AdaptorPlan forgetful{back.map, back.make, another, 1};
    expect_refused(nullptr, nullptr, Code::INVALID, "class Shelf has interface Shelf/2 instead of Shelf: its callers need an adaptor");
    expect_refused(&good, nullptr, Code::INVALID, "class Shelf changes its interface: the way back needs an adaptor too");
    expect_refused(&back, &good, Code::INVALID, "the adaptor for callers of Shelf has 7 methods, the interface 6");
    expect_refused(&unknown, &back, Code::NOT_FOUND, "there is no class Stranger, which the adaptor names as a caller");
    expect_refused(&early, &back, Code::INVALID, "caller Reader is at version 1 already, which calls the new interface");
    expect_refused(&reversed, &back, Code::INVALID, "the adaptor names caller Reader from version 2");
    expect_refused(&good, &forgetful, Code::INVALID, "the way back does not name caller Reader from version 2 on");
    shelves.expect_settled(1);
}};

kernel::Test many{"interfaces.of_many_instances_share_one_plan_and_go_side_by_side", [] {
    Shelves shelves;
    constexpr unsigned more = 200;
    for (unsigned i = 0; i < more; ++i)
        EXPECT(make_shelf<1>(i).ok());
    adaptors().settle();
    const auto before = kernel::usage(kernel::Tag::Interposer).bytes;
    ShelfUpdate update;
    EXPECT(update.apply<2>().ok());
    EXPECT(count_adapted().in_place == more + Shelves::count);
    dismiss_idle_guarded_workers();
    const uint64_t each = (kernel::usage(kernel::Tag::Interposer).bytes - before) / (more + Shelves::count);
    kernel::print("adaptors: %lu bytes for each of %u", each, more + Shelves::count);
    // One by itself has its own counts, a page.
    EXPECT(each < 512);
    ShelfUpdate readers;
    EXPECT(readers.apply_readers().ok());
    const uint64_t rounds = kernel::generations().rounds();
    adaptors().settle();
    EXPECT(count_adapted().in_place == 0 && count_adapted().dead == 0);
    EXPECT(kernel::generations().rounds() - rounds < 20);
}};

// Calls by the first interface, one forwarded and one handled, from the hold point on.
struct HeldPut {
    Ref<shelf_first::Shelf> shelf;
    Status put = Code::CANCELLED;
    Result<uint64_t> value = Code::CANCELLED;

    static void body(void* context)
    {
        auto& self = *static_cast<HeldPut*>(context);
        Subject::mark_hold_point();
        self.put = self.shelf->put(5);
        self.value = self.shelf->value();
    }
    bool done() const { return put.ok() && value.ok() && value.value() == 6; }
};

kernel::Test held_apply{"interfaces.caller_held_while_its_instance_gets_another_and_goes_back", [] {
    stay_on_first_cpu();
    Shelves shelves;
    HeldPut call{Ref<shelf_first::Shelf>(shelves[0])};
    Subject subject(HeldPut::body, &call);
    subject.wait_until_held();
    ShelfUpdate update;
    Status applied = Code::CANCELLED;
    kernel::TestThread applying({"applying", 16, 0, false}, [&] { applied = update.apply<2>(); });
    wait_for_a_swap();
    subject.let_go();
    applying.join();
    EXPECT(applied.ok() && call.done());
    expect_shelf<1>(shelves[0], 2, 6);
    EXPECT(update.take_back() == UpdateState::Reverted);
    expect_shelf<1>(shelves[0], 1, 6);
}};

kernel::Test held_destroy{"interfaces.caller_held_on_its_way_to_a_marked_instance_that_is_destroyed", [] {
    stay_on_first_cpu();
    Shelves shelves;
    ShelfUpdate update;
    EXPECT(update.apply<2>(UpdateMode::Lazy).ok());
    HeldPut call{Ref<shelf_first::Shelf>(shelves[0])};
    Subject subject(HeldPut::body, &call);
    subject.wait_until_held();
    {
        CountedScope scope;
        EXPECT(destroy(shelves[0]).ok());
    }
    subject.let_go();
    // Done or refused, whole or not at all.
    EXPECT(call.put.ok() || call.put.code() == Code::GONE);
    EXPECT(call.done() || call.value.code() == Code::GONE);
    EXPECT(update.take_back() == UpdateState::Reverted);
}};

}

}
