// Row 13: factories are swapped while instances are made and ended elsewhere (see interleaving_tests.cpp).

#include "kernel/test_thread.h"
#include "objects/tests/elder.h"
#include "objects/tests/made.h"
#include "objects/tests/steps.h"
#include "objects/tests/subject.h"

namespace objects::tests {

namespace {

HotSwap* begin_factory_swap(const ClassDescriptor& to)
{
    auto swap = start_factory_swap(to);
    EXPECT(swap.ok());
    return swap.value();
}

// What one thread makes, and what it ends.
struct Work {
    static constexpr unsigned most = 4;

    Ref<Made> made[most];
    unsigned count = 0;

    void make()
    {
        auto created = create<MadeRoot<1>>({.value = count});
        EXPECT(created.ok());
        made[count++] = created.value();
    }
    void end() { EXPECT(destroy(made[--count].reference()).ok()); }
    void end_all()
    {
        CountedScope scope;
        while (count > 0) {
            EXPECT(made[count - 1]->value().value() == count - 1);
            end();
        }
    }
};

// The subject works while it is held and while, or after, the factory is swapped under it; then another thread does.
void work_during_a_swap(void (*body)(void*), unsigned made_before)
{
    stay_on_first_cpu();
    const MadeClasses classes;
    Work its;
    {
        CountedScope scope;
        for (unsigned i = 0; i < made_before; ++i)
            its.make();
    }
    Elder elder;
    HotSwap* swap = begin_factory_swap(MadeRep<2>::descriptor);
    elder.passed_by();
    Subject subject(body, &its);
    subject.wait_until_held();
    elder.leave();
    wait_for_a_swap();
    // Who holds nothing of the factory does not hold up its swap; what is made from then on is of the next version.
    Work mine;
    if (swap->finished()) {
        CountedScope scope;
        mine.make();
        EXPECT(mine.made[0]->version().value() == 2);
    }
    subject.let_go();
    end_swap(swap);
    expect_all_tracked(classes);
    its.end_all();
    mine.end_all();
    EXPECT(classes.set().count() == 0);
}

kernel::Test creator{"interleaving.creator_held_while_its_factory_is_swapped", [] {
    work_during_a_swap([](void* context) {
        auto& work = *static_cast<Work*>(context);
        work.make();
        Subject::mark_hold_point();
        work.make();
        work.make();
    }, 1);
}};

kernel::Test destroyer{"interleaving.destroyer_held_while_its_factory_is_swapped", [] {
    work_during_a_swap([](void* context) {
        auto& work = *static_cast<Work*>(context);
        Subject::mark_hold_point();
        work.end();
        work.end();
    }, 4);
}};

// Ends one object, that others may end too.
struct End {
    Reference reference;
    Status status = Code::CANCELLED;

    static void body(void* context)
    {
        auto& self = *static_cast<End*>(context);
        Subject::mark_hold_point();
        self.status = destroy(self.reference);
    }
};

kernel::Test changes{"interleaving.destroyer_held_while_its_instance_changes_its_class", [] {
    stay_on_first_cpu();
    const MadeClasses classes;
    auto first = make_made();
    auto made = make_made();
    auto last = make_made();
    // Called before, so that its swap waits in forward for who may be inside.
    EXPECT(version_of(made) == 1);
    Elder elder;
    HotSwap* swap =
        start_swap(made.reference(), kernel::Owned<Root>(kernel::make<MadeRoot<100>>(kernel::Tag::Test)));
    elder.passed_by();
    End end{made.reference()};
    Subject subject(End::body, &end);
    subject.wait_until_held();
    elder.leave();
    wait_for_a_swap();
    subject.let_go();
    const Code outcome = swap->wait().code();
    EXPECT(outcome == Code::OK || outcome == Code::GONE);
    swap->release();
    EXPECT(end.status.ok());
    EXPECT(classes.set().count() == 2 && classes.other().instances->count() == 0);
    expect_all_tracked(classes);
    destroy_made(first);
    destroy_made(last);
}};

kernel::Test together{"interleaving.destroyers_of_one_instance_take_it_out_once", [] {
    stay_on_first_cpu();
    const MadeClasses classes;
    auto first = make_made();
    auto made = make_made();
    auto last = make_made();
    End its{made.reference()};
    Ref<Made> newest;
    Status mine;
    {
        CountedScope keeps_its_entry_from_reuse;
        Subject subject(End::body, &its);
        subject.wait_until_held();
        // What is next to it in the list changes meanwhile.
        destroy_made(last);
        newest = make_made();
        mine = destroy(made.reference());
        subject.let_go();
    }
    EXPECT(mine.ok() != its.status.ok());
    EXPECT((mine.ok() ? its.status : mine).code() == Code::GONE);
    EXPECT(classes.set().count() == 2);
    expect_all_tracked(classes);
    destroy_made(first);
    destroy_made(newest);
}};

// Makes one, which may be too late.
struct Make {
    Result<Ref<Made>> made = Code::CANCELLED;

    static void body(void* context)
    {
        auto& self = *static_cast<Make*>(context);
        Subject::mark_hold_point();
        self.made = create<MadeRoot<1>>();
    }
};

kernel::Test closed{"interleaving.creator_held_while_its_factory_is_closed", [] {
    stay_on_first_cpu();
    const MadeClasses classes;
    // The heap and the table have what it takes.
    destroy_made(make_made());
    Make its;
    Subject subject(Make::body, &its);
    subject.wait_until_held();
    Status mine;
    {
        CountedScope scope;
        mine = close_factory(classes.record());
    }
    subject.let_go();
    // One of the two is first. Who comes too late has made nothing, and whom the closing came in the way of neither.
    EXPECT(mine.ok() || mine.code() == Code::BUSY);
    EXPECT(!(mine.ok() && its.made.ok()));
    EXPECT(its.made.ok() || its.made.code() == Code::GONE || its.made.code() == Code::NOT_FOUND);
    if (its.made.ok())
        destroy_made(its.made.value());
    CountedScope scope;
    if (mine.ok())
        EXPECT(open_factory(MadeRep<1>::descriptor).ok());
    EXPECT(classes.set().count() == 0);
}};

constexpr unsigned rounds = 60;
constexpr unsigned kept = 8;
// Where there are many CPUs the rounds alone may be over before the first swap is.
constexpr uint64_t swaps_worked_through = 3;

// Makes and ends, keeping a few of different ages.
void keep_working(const uint64_t& swaps)
{
    Ref<Made> mine[kept];
    for (unsigned i = 0; i < rounds || __atomic_load_n(&swaps, __ATOMIC_RELAXED) < swaps_worked_through; ++i) {
        auto& slot = mine[(i * 5) % kept];
        CountedScope scope;
        if (slot)
            EXPECT(destroy(slot.reference()).ok());
        auto made = create<MadeRoot<1>>({.value = i});
        EXPECT(made.ok() && made.value()->value().value() == i);
        slot = made.value();
    }
    CountedScope scope;
    for (const auto& each : mine) {
        if (each)
            EXPECT(destroy(each.reference()).ok());
    }
}

kernel::Test storm{"interleaving.storm_of_creations_destructions_and_factory_swaps", [] {
    const MadeClasses classes;
    const uint64_t epoch = classes.record().epoch;
    Ref<Made> through_it_all = make_made();
    uint64_t swaps = 0;
    {
        const kernel::ThreadOptions worker{.name = "worker", .counted = false};
        const auto works = [&swaps] { keep_working(swaps); };
        kernel::TestThread first(worker, works), second(worker, works), third(worker, works);
        while (!first.ended() || !second.ended() || !third.ended()) {
            EXPECT((swaps % 2 == 0 ? swap_factory<2>() : swap_factory<1>()).ok());
            __atomic_fetch_add(&swaps, 1, __ATOMIC_RELAXED);
        }
    }
    EXPECT(swaps >= swaps_worked_through && classes.record().epoch == epoch + swaps);
    expect_all_tracked(classes);
    EXPECT(classes.set().count() == 1);
    destroy_made(through_it_all);
}};

}

}
