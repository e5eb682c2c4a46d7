#include "objects/tests/item.h"

#include "objects/guarded_task.h"

namespace objects::tests {

constinit Kind Item::kind{"Item"};

namespace {

void register_versions()
{
    if (find_record("Item") != nullptr)
        return;
    EXPECT(register_class(ItemRep<1>::descriptor).ok());
    EXPECT(register_class(ItemRep<2>::descriptor).ok());
    EXPECT(register_class(ItemRep<3>::descriptor).ok());
    // 4 is missing.
    EXPECT(register_class(ItemRep<5>::descriptor).ok());
}

}

ItemClass::ItemClass()
{
    register_versions();
    item_script = {};
    CountedScope scope;
    EXPECT(open_factory(ItemRep<1>::descriptor).ok());
    m_before = record().lazy.counts();
}

ItemClass::~ItemClass()
{
    item_script = {};
    {
        CountedScope scope;
        for (uint32_t index = 1; index < table().high_water(); ++index) {
            const auto* root = table().root(table().at(index));
            if (root != nullptr && root->descriptor().record == &record())
                EXPECT(destroy(table().at(index)).ok());
        }
        EXPECT(close_factory(record()).ok());
    }
    drain_dead_objects();
    dismiss_idle_guarded_workers();
    EXPECT(item_roots == 0);
}

LazyCounts ItemClass::counts() const
{
    const auto now = record().lazy.counts();
    return {now.converted - m_before.converted, now.failed - m_before.failed, now.promoted - m_before.promoted};
}

Ref<Item> ItemClass::make(uint64_t value)
{
    CountedScope scope;
    const auto item = create<ItemRoot<1>>({value});
    EXPECT(item.ok() && item.value()->value().value() == value);
    return item.value();
}

void ItemClass::change_to(const ClassDescriptor& version)
{
    HotSwap* swap = nullptr;
    {
        CountedScope scope;
        kernel::Owned<Root> factory(version.factory->make_root().value());
        const auto started = HotSwap::start(record().factory, static_cast<kernel::Owned<Root>&&>(factory));
        EXPECT(started.ok());
        swap = started.value();
    }
    EXPECT(swap->wait().ok());
    swap->release();
}

void ItemClass::set_marks()
{
    begin_marking(record());
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu)
        mark_home(record(), cpu);
}

void ItemClass::mark_all()
{
    set_marks();
    put_marks_in_force(record());
}

void ItemClass::unmark_all()
{
    for (unsigned cpu = 0; cpu < arch::cpu_count(); ++cpu)
        unmark_home(record(), cpu);
}

void expect_item(Ref<Item> item, uint64_t version, uint64_t value)
{
    CountedScope scope;
    EXPECT(item->version().value() == version);
    EXPECT(item->value().value() == value);
}

}
