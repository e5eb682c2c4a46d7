// Factories: making, ending, tracking, and taking over from one another.

#include "kernel/thread.h"
#include "objects/tests/made.h"
#include "objects/tests/probe.h"

namespace objects::tests {

namespace {

constexpr unsigned some = 40;

kernel::Test tracked{"factory.tracks_what_it_makes_until_it_ends_it", [] {
    const MadeClasses classes;
    Ref<Made> made[some];
    for (auto& each : made)
        each = make_made();
    EXPECT(classes.set().count(InstanceList::Current) == some && classes.set().count() == some);
    expect_all_tracked(classes);
    for (unsigned i = 0; i < some; i += 2)
        destroy_made(made[i]);
    EXPECT(classes.set().count() == some / 2);
    expect_all_tracked(classes);
    for (unsigned i = 1; i < some; i += 2)
        destroy_made(made[i]);
    EXPECT(classes.set().count() == 0);
}};

kernel::Test creation{"factory.creation_reaches_the_root", [] {
    const MadeClasses classes;
    auto made = make_made({.value = 42});
    CountedScope scope;
    EXPECT(made->value().value() == 42);
    const auto by_default = create_by(classes.record().factory_reference(), nullptr);
    EXPECT(Ref<Made>(by_default.value())->value().value() == Made::Creation{}.value);
    EXPECT(destroy(made.reference()).ok() && destroy(by_default.value()).ok());
}};

kernel::Test initialise{"factory.instance_that_fails_to_initialise_is_gone", [] {
    const MadeClasses classes;
    CountedScope scope;
    EXPECT(create<MadeRoot<1>>({.fails = Code::IO_ERROR}).code() == Code::IO_ERROR);
    EXPECT(classes.set().count() == 0);
}};

kernel::Test no_memory{"factory.creation_without_memory_leaves_nothing", [] {
    const MadeClasses classes;
    CountedScope scope;
    const uint64_t alive = made_alive;
    uint64_t failures = 0;
    for (uint64_t n = 1;; ++n) {
        kernel::FailAllocation fail(n);
        const auto made = create<MadeRoot<1>>();
        if (!fail.happened()) {
            EXPECT(made.ok() && destroy(made.value().reference()).ok());
            break;
        }
        ++failures;
        EXPECT(made.code() == Code::NO_MEMORY);
        EXPECT(classes.set().count() == 0 && made_alive == alive);
    }
    EXPECT(failures > 0);
}};

kernel::Test opening{"factory.opening_without_memory_leaves_nothing", [] {
    auto& descriptor = MadeRep<1>::descriptor;
    EXPECT(register_class(descriptor).ok());
    CountedScope scope;
    uint64_t failures = 0;
    for (uint64_t n = 1;; ++n) {
        const auto objects = kernel::usage(kernel::Tag::Object).allocations;
        kernel::FailAllocation fail(n);
        const Status opened = open_factory(descriptor);
        if (!fail.happened()) {
            EXPECT(opened.ok() && open_factory(descriptor).code() == Code::EXISTS);
            break;
        }
        ++failures;
        EXPECT(opened.code() == Code::NO_MEMORY);
        EXPECT(descriptor.record->factory == nullptr && descriptor.record->instances == nullptr);
        EXPECT(kernel::usage(kernel::Tag::Object).allocations == objects);
    }
    EXPECT(failures > 0);
    EXPECT(close_factory(*descriptor.record).ok());
    unregister_classes(reinterpret_cast<uint64_t>(&descriptor), reinterpret_cast<uint64_t>(&descriptor) + 1);
}};

kernel::Test defaults{"factory.default_of_a_kind_changes", [] {
    const MadeClasses classes;
    CountedScope scope;
    const auto is_default = [](const ClassRecord& record) {
        auto made = create_default<Made>();
        EXPECT(made.ok());
        const bool right = table().root(made.value().reference())->descriptor().record == &record;
        EXPECT(destroy(made.value().reference()).ok());
        return right;
    };
    EXPECT(is_default(classes.record()));
    EXPECT(set_default_factory("test.Made", "test.OtherMade").ok());
    EXPECT(is_default(classes.other()));
    EXPECT(set_default_factory("test.Made", "PartitionedCounter").code() == Code::INVALID);
    EXPECT(set_default_factory("test.Made", "test.Nothing").code() == Code::NOT_FOUND);
    EXPECT(set_default_factory("test.Nothing", "test.Made").code() == Code::NOT_FOUND);
    EXPECT(is_default(classes.other()));
}};

kernel::Test without{"factory.class_whose_factory_is_not_open_makes_nothing", [] {
    CountedScope scope;
    EXPECT(register_class(MadeRep<1>::descriptor).ok());
    EXPECT(create<MadeRoot<1>>().code() == Code::NOT_FOUND && create_default<Made>().code() == Code::NOT_FOUND);
    EXPECT(open_factory(ProbeRep<1>::descriptor).code() == Code::UNSUPPORTED);
    const auto first = reinterpret_cast<uint64_t>(&MadeRep<1>::descriptor);
    unregister_classes(first, first + 1);
}};

kernel::Test successor{"factory.only_the_next_version_may_follow", [] {
    const MadeClasses classes;
    EXPECT(check_successor(classes.record(), MadeRep<2>::descriptor).ok());
    EXPECT(check_successor(classes.record(), MadeRep<1>::descriptor).code() == Code::VERSION);
    EXPECT(check_successor(classes.record(), MadeRep<3>::descriptor).code() == Code::VERSION);
    EXPECT(swap_factory<2>().ok());
    EXPECT(check_successor(classes.record(), MadeRep<3>::descriptor).ok());
    EXPECT(check_successor(classes.record(), MadeRep<2>::descriptor).code() == Code::VERSION);
}};

kernel::Test swapped{"factory.successor_has_the_instances_and_makes_the_next_version", [] {
    const MadeClasses classes;
    auto* set = &classes.set();
    const uint64_t epoch = classes.record().epoch;
    auto old = make_made();
    EXPECT(swap_factory<2>().ok());
    EXPECT(&classes.set() == set && classes.record().epoch == epoch + 1);
    EXPECT(set->list_of(old.reference()) == InstanceList::Old);
    // The caller was compiled against version 1.
    auto made = make_made();
    EXPECT(version_of(made) == 2 && version_of(old) == 1);
    expect_all_tracked(classes);
    // And back again, with the epoch only growing.
    EXPECT(swap_factory<1>().ok());
    EXPECT(classes.record().epoch == epoch + 2);
    EXPECT(set->count(InstanceList::Old) == 2);
    destroy_made(old);
    destroy_made(made);
    EXPECT(set->count() == 0);
}};

kernel::Test not_swapped{"factory.keeps_its_instances_when_it_is_not_swapped", [] {
    const MadeClasses classes;
    auto made = make_made();
    {
        // Counted, so that the swap stays in forward.
        CountedScope scope;
        auto swap = start_factory_swap(MadeRep<2>::descriptor);
        EXPECT(swap.ok() && swap.value()->abort(Code::CANCELLED).ok());
        UncountedScope uncounted;
        EXPECT(swap.value()->wait().code() == Code::CANCELLED);
        swap.value()->release();
    }
    EXPECT(classes.record().current == &MadeRep<1>::descriptor);
    expect_all_tracked(classes);
    auto another = make_made();
    EXPECT(version_of(another) == 1 && classes.set().count(InstanceList::Current) == 2);
    destroy_made(made);
    destroy_made(another);
}};

kernel::Test swap_without_memory{"factory.swap_without_memory_changes_nothing", [] {
    const MadeClasses classes;
    auto made = make_made();
    uint64_t failures = 0;
    for (uint64_t n = 1;; ++n) {
        const kernel::FailAllocation fail(n);
        const auto swap = start_factory_swap(MadeRep<2>::descriptor);
        if (!fail.happened()) {
            EXPECT(swap.ok() && swap.value()->wait().ok());
            swap.value()->release();
            break;
        }
        ++failures;
        EXPECT(swap.code() == Code::NO_MEMORY && classes.record().current == &MadeRep<1>::descriptor);
        EXPECT(classes.set().list_of(made.reference()) == InstanceList::Current);
    }
    EXPECT(failures > 0 && classes.record().current == &MadeRep<2>::descriptor);
    destroy_made(made);
}};

Status swap_instance(Ref<Made> made, kernel::Owned<Root> replacement)
{
    HotSwap* swap = nullptr;
    {
        CountedScope scope;
        swap = TRY(HotSwap::start(made.reference(), static_cast<kernel::Owned<Root>&&>(replacement)));
    }
    const Status outcome = swap->wait();
    swap->release();
    return outcome;
}

kernel::Test changes_class{"factory.instance_that_changes_its_class_changes_its_set", [] {
    const MadeClasses classes;
    auto made = make_made();
    EXPECT(swap_instance(made, kernel::Owned<Root>(kernel::make<MadeRoot<100>>(kernel::Tag::Test))).ok());
    EXPECT(classes.set().count() == 0 && classes.other().instances->count(InstanceList::Current) == 1);
    expect_all_tracked(classes);
    // Of a version that is not made any more it comes to be one of the old.
    EXPECT(swap_factory<2>().ok());
    EXPECT(swap_instance(made, kernel::Owned<Root>(kernel::make<MadeRoot<1>>(kernel::Tag::Test))).ok());
    EXPECT(classes.set().list_of(made.reference()) == InstanceList::Old && classes.other().instances->count() == 0);
    // And by the swap to the next version one of the current.
    EXPECT(swap_instance(made, kernel::Owned<Root>(kernel::make<MadeRoot<2>>(kernel::Tag::Test))).ok());
    EXPECT(classes.set().list_of(made.reference()) == InstanceList::Current);
    expect_all_tracked(classes);
    destroy_made(made);
}};

kernel::Test closing{"factory.is_closed_only_when_it_has_no_instances", [] {
    const MadeClasses classes;
    auto made = make_made();
    CountedScope scope;
    EXPECT(close_factory(classes.record()).code() == Code::BUSY);
    // It goes on as before.
    auto another = create<MadeRoot<1>>();
    EXPECT(another.ok() && classes.set().count() == 2);
    EXPECT(destroy(made.reference()).ok() && destroy(another.value().reference()).ok());
    const Reference factory = classes.record().factory;
    EXPECT(close_factory(classes.record()).ok());
    EXPECT(create<MadeRoot<1>>().code() == Code::NOT_FOUND);
    EXPECT(create_by(Ref<Factory>(factory), nullptr).code() == Code::GONE);
    EXPECT(close_factory(classes.record()).code() == Code::NOT_FOUND);
    EXPECT(open_factory(MadeRep<2>::descriptor).ok());
    EXPECT(create<MadeRoot<1>>().value()->version().value() == 2);
    EXPECT(classes.set().count() == 1);
    for (uint32_t index = 1; index < table().high_water(); ++index) {
        const Reference reference = table().at(index);
        const Root* root = table().root(reference);
        if (root != nullptr && root->descriptor().record == &classes.record())
            EXPECT(destroy(reference).ok());
    }
}};

kernel::Test adopted{"factory.adopts_what_was_there_before_it", [] {
    EXPECT(register_class(MadeRep<2>::descriptor).ok());
    Reference before = nullptr;
    {
        CountedScope scope;
        before = publish(kernel::Owned<Root>(kernel::make<MadeRoot<2>>(kernel::Tag::Test))).value();
        EXPECT(open_factory(MadeRep<2>::descriptor).ok());
        auto& record = *MadeRep<2>::descriptor.record;
        EXPECT(record.instances->count(InstanceList::Current) == 1);
        EXPECT(destroy(before).ok() && record.instances->count() == 0);
        EXPECT(close_factory(record).ok());
    }
    drain_dead_objects();
    const auto first = reinterpret_cast<uint64_t>(&MadeRep<2>::descriptor);
    unregister_classes(first, first + 1);
}};

kernel::Test well_known{"factory.every_shipped_class_has_its_instances_tracked", [] {
    CountedScope keeps_roots;
    unsigned seen = 0;
    for (uint32_t index = 1; index < table().high_water(); ++index) {
        const Reference reference = table().at(index);
        const Root* root = table().root(reference);
        auto* set = root == nullptr ? nullptr : set_of(root->descriptor());
        if (set == nullptr)
            continue;
        ++seen;
        EXPECT(set->list_of(reference) == InstanceList::Current);
    }
    // The page allocator, the block cache, the counter.
    EXPECT(seen >= 3);
}};

}

}
