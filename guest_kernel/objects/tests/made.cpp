#include "objects/tests/made.h"

#include "arch/ppc64/percpu.h"
#include "kernel/clock.h"

namespace objects::tests {

constinit Kind Made::kind{"test.Made"};

namespace {

ClassDescriptor* const all_versions[] = {
    &MadeRep<1>::descriptor, &MadeRep<2>::descriptor, &MadeRep<3>::descriptor, &MadeRep<100>::descriptor};

}

MadeClasses::MadeClasses()
{
    for (auto* descriptor : all_versions)
        EXPECT(register_class(*descriptor).ok());
    CountedScope scope;
    EXPECT(open_factory(MadeRep<1>::descriptor).ok());
    EXPECT(open_factory(MadeRep<100>::descriptor).ok());
}

MadeClasses::~MadeClasses()
{
    {
        CountedScope scope;
        EXPECT(close_factory(record()).ok());
        EXPECT(close_factory(other()).ok());
    }
    drain_dead_objects();
    EXPECT(made_alive == m_alive);
    for (auto* descriptor : all_versions)
        unregister_classes(reinterpret_cast<uint64_t>(descriptor), reinterpret_cast<uint64_t>(descriptor) + 1);
}

Result<HotSwap*> start_factory_swap(const ClassDescriptor& to)
{
    CountedScope scope;
    SwapOptions options;
    options.time_limit_ns = 50 * kernel::millisecond;
    return HotSwap::start(to.record->factory, kernel::Owned<Root>(TRY(to.factory->make_root())), options);
}

namespace {

uint64_t live_instances(const ClassRecord& record)
{
    uint64_t live = 0;
    for (uint32_t index = 1; index < table().high_water(); ++index) {
        const Reference reference = table().at(index);
        const Root* root = table().root(reference);
        if (root == nullptr || root->descriptor().record != &record)
            continue;
        ++live;
        const auto list = record.instances->list_of(reference);
        const bool current = &root->descriptor() == record.current;
        EXPECT(list == InstanceList::Old || (list == InstanceList::Current && current));
    }
    return live;
}

// Walks every list and moves what it finds there to Failed and back: each is found once.
uint64_t linked_instances(InstanceSet& set, InstanceList list)
{
    uint64_t found = 0;
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu) {
        const uint64_t before = found;
        while (const unsigned moved = set.sort(cpu, list, [](GlobalEntry&, Reference) { return InstanceList::Failed; }))
            found += moved;
        EXPECT(set.count(cpu, InstanceList::Failed) == found - before);
        while (set.sort(cpu, InstanceList::Failed, [&](GlobalEntry&, Reference) { return list; }) != 0) {
        }
    }
    return found;
}

void expect_tracked(const ClassRecord& record)
{
    CountedScope keeps_roots;
    auto& set = *record.instances;
    const uint64_t linked = linked_instances(set, InstanceList::Current) + linked_instances(set, InstanceList::Old);
    EXPECT(linked == set.count() && linked == live_instances(record));
}

}

void expect_all_tracked(const MadeClasses& classes)
{
    expect_tracked(classes.record());
    expect_tracked(classes.other());
}

}
