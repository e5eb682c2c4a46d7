// The lists of a set: where instances are, and how they go from one to another.

#include "arch/ppc64/hypercall.h"
#include "arch/ppc64/percpu.h"
#include "kernel/print.h"
#include "kernel/thread.h"
#include "objects/tests/made.h"
#include "objects/tests/steps.h"
#include "services/counter/shared_counter.h"

namespace objects::tests {

namespace {

constexpr InstanceList lists[] = {
    InstanceList::Current, InstanceList::Old, InstanceList::Marked, InstanceList::Failed};

// More than a batch.
constexpr unsigned many = 3 * InstanceSet::batch + 5;

struct Instances {
    explicit Instances(unsigned wanted) : count(wanted)
    {
        for (unsigned i = 0; i < count; ++i)
            made[i] = make_made();
    }
    ~Instances()
    {
        for (unsigned i = 0; i < count; ++i)
            destroy_made(made[i]);
    }
    Reference operator[](unsigned i) const { return made[i].reference(); }

    Ref<Made> made[many];
    unsigned count;
};

void put(InstanceSet& set, Reference instance, InstanceList list)
{
    EXPECT(set.move(table().name(instance), list).ok());
}

kernel::Test homes{"instances.are_at_home_where_they_were_made", [] {
    const MadeClasses classes;
    auto& set = classes.set();
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu) {
        EXPECT(kernel::current_thread()->move_to(cpu).ok());
        auto made = make_made();
        EXPECT(InstanceSet::home_of(made.reference()) == cpu && set.count(cpu, InstanceList::Current) == 1);
        // Destroyed from anywhere.
        EXPECT(kernel::current_thread()->move_to((cpu + 1) % arch::cpu_count()).ok());
        destroy_made(made);
        EXPECT(set.count(cpu, InstanceList::Current) == 0);
    }
}};

kernel::Test moved{"instances.are_in_the_list_they_were_moved_to", [] {
    const MadeClasses classes;
    auto& set = classes.set();
    const Instances instances(8);
    for (unsigned i = 0; i < 8; ++i)
        put(set, instances[i], lists[i % 4]);
    for (unsigned i = 0; i < 8; ++i)
        EXPECT(set.list_of(instances[i]) == lists[i % 4]);
    for (const auto list : lists)
        EXPECT(set.count(list) == 2);
    EXPECT(set.count() == 8);
}};

kernel::Test stale{"instances.stale_name_moves_nothing", [] {
    const MadeClasses classes;
    auto& set = classes.set();
    drain_dead_objects();
    auto made = make_made();
    const ReferenceName name = table().name(made.reference());
    destroy_made(made);
    EXPECT(set.move(name, InstanceList::Marked).code() == Code::GONE);
    drain_dead_objects();
    // Another one lives in its entry now.
    auto next = make_made();
    EXPECT(next.reference() == made.reference());
    EXPECT(set.move(name, InstanceList::Marked).code() == Code::GONE);
    EXPECT(set.list_of(next.reference()) == InstanceList::Current && set.count(InstanceList::Marked) == 0);
    destroy_made(next);
}};

kernel::Test batches{"instances.are_taken_in_batches", [] {
    const MadeClasses classes;
    auto& set = classes.set();
    stay_on_first_cpu();
    const Instances instances(many);
    ReferenceName names[InstanceSet::batch];
    EXPECT(set.first(0, InstanceList::Current, names) == InstanceSet::batch);
    EXPECT(set.first(0, InstanceList::Marked, names) == 0);
    uint64_t seen = 0;
    const auto mark = [&seen](GlobalEntry& entry, Reference reference) {
        EXPECT(entry.state == EntryState::Live && entry.canonical == reference);
        ++seen;
        return InstanceList::Marked;
    };
    for (unsigned left = many; left > 0;) {
        const unsigned expected = left < InstanceSet::batch ? left : InstanceSet::batch;
        EXPECT(set.sort(0, InstanceList::Current, mark) == expected);
        left -= expected;
        EXPECT(set.count(InstanceList::Current) == left && seen == many - left);
    }
    EXPECT(set.sort(0, InstanceList::Current, mark) == 0);
}};

kernel::Test leave{"instances.leave_whatever_list_they_are_in", [] {
    const MadeClasses classes;
    auto& set = classes.set();
    Ref<Made> made[12];
    for (unsigned i = 0; i < 12; ++i) {
        made[i] = make_made();
        put(set, made[i].reference(), lists[i % 4]);
    }
    // Of each list the middle one first, then an end.
    for (unsigned i = 4; i < 16; ++i) {
        destroy_made(made[i % 12]);
        EXPECT(set.list_of(made[i % 12].reference()) == InstanceList::None);
        EXPECT(set.count() == 15 - i && set.count(lists[i % 4]) == (15 - i) / 4);
    }
}};

// So many are old, marked and failed, and the others current; afterwards all but the marked ones are old.
void expect_aged(InstanceSet& set, const Instances& instances, unsigned old, unsigned marked, unsigned failed)
{
    for (unsigned i = 0; i < many; ++i) {
        const bool changed = i < old + marked + failed;
        put(set, instances[i], changed ? lists[i < old ? 1 : i < old + marked ? 2 : 3] : InstanceList::Current);
    }
    set.age();
    EXPECT(set.count(InstanceList::Old) == many - marked && set.count(InstanceList::Marked) == marked);
    for (unsigned i = 0; i < many; ++i) {
        const bool was_marked = i >= old && i < old + marked;
        EXPECT(set.list_of(instances[i]) == (was_marked ? InstanceList::Marked : InstanceList::Old));
    }
}

kernel::Test aged{"instances.of_all_lists_but_the_marked_become_old", [] {
    const MadeClasses classes;
    const Instances instances(many);
    constexpr unsigned b = InstanceSet::batch;
    // What is old, marked, failed.
    constexpr unsigned cases[][3] = {{0, 0, 0}, {many, 0, 0}, {0, many, 0}, {0, 0, many}, {b + 1, 3, 1}, {2 * b, 1, 3},
        {b, b, b}, {2 * b, 0, b + 3}, {1, 0, 0}};
    for (const auto& sizes : cases) {
        expect_aged(classes.set(), instances, sizes[0], sizes[1], sizes[2]);
        // What is made next is current again.
        auto made = make_made();
        EXPECT(classes.set().list_of(made.reference()) == InstanceList::Current);
        destroy_made(made);
    }
}};

kernel::Test memory{"instances.take_no_memory_of_their_own", [] {
    const MadeClasses classes;
    const auto before = kernel::usage(kernel::Tag::Object).bytes;
    const auto made = make_made();
    // The root, and nothing else: its place in the set is two words of its entry, which are there anyway.
    EXPECT(kernel::usage(kernel::Tag::Object).bytes - before == kernel::allocated_size(sizeof(MadeRoot<1>)));
    destroy_made(made);
}};

struct Cost {
    uint64_t create;
    uint64_t destroy;
};

// The least of some: those that no interrupt came into and for which the heap and the table had all that it took.
template <typename Create>
Cost cost_of(Create create)
{
    Cost least{~uint64_t{0}, ~uint64_t{0}};
    for (unsigned i = 0; i < 8; ++i) {
        CountedScope scope;
        uint64_t start = arch::instructions();
        const Reference made = create();
        const uint64_t created = arch::instructions() - start;
        start = arch::instructions();
        destroy(made).ignore();
        const uint64_t destroyed = arch::instructions() - start;
        least.create = created < least.create ? created : least.create;
        least.destroy = destroyed < least.destroy ? destroyed : least.destroy;
    }
    drain_dead_objects();
    return least;
}

using services::SharedCounterRoot;

Reference create_directly()
{
    return publish(kernel::Owned<Root>(kernel::make<SharedCounterRoot>(kernel::Tag::Object))).value();
}

Reference create_by_factory()
{
    return create<SharedCounterRoot>().value().reference();
}

// What a class costs whose instances nobody tracks: the same calls, with its record's factory and set out of the way.
Cost cost_without_factory()
{
    auto& record = *services::SharedCounter::descriptor.record;
    ClassRecord kept;
    kept.factory = record.factory;
    kept.instances = record.instances;
    record.factory = nullptr;
    record.instances = nullptr;
    const Cost cost = cost_of(create_directly);
    record.factory = kept.factory;
    record.instances = kept.instances;
    return cost;
}

kernel::Test cost{"instances.cost_little_to_track", [] {
    stay_on_first_cpu();
    const Cost direct = cost_without_factory();
    const Cost made = cost_of(create_by_factory);
    kernel::print("factory: create %lu more than %lu, destroy %lu more than %lu", made.create - direct.create,
        direct.create, made.destroy - direct.destroy, direct.destroy);
    EXPECT(made.create - direct.create < 100);
    EXPECT(made.destroy - direct.destroy < 100);
}};

}

}
