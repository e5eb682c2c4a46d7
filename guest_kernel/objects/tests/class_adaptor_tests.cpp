// All instances of a class get another interface, and come back: whole updates.

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

}

}
