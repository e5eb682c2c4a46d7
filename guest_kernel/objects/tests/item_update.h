// Whole updates of the tests' class with versions, as a module's load makes them.
#pragma once

#include "objects/tests/item.h"
#include "objects/undo.h"
#include "objects/update.h"

namespace objects::tests {

inline constexpr unsigned instance_count = 6;

class ItemUpdate {
public:
    explicit ItemUpdate(const UpdateTerms& terms = {})
    {
        const auto added = updates().add("test", 0, terms);
        EXPECT(added.ok());
        m_update = added.value();
    }
    // As a module's load does it, up to the end of its initialisation.
    template <uint64_t number>
    Status apply(UpdateMode mode = UpdateMode::Eager)
    {
        UpdateOptions options;
        options.mode = mode;
        return apply<number>(options);
    }
    template <uint64_t number>
    Status apply(const UpdateOptions& options)
    {
        if (const Status begun = updates().begin(*m_update); !begun.ok())
            return begun;
        return conclude(*m_update, update_class(ItemRep<number>::descriptor, options));
    }
    UpdateState take_back()
    {
        EXPECT(begin_revert(*m_update).ok());
        revert(*m_update);
        return m_update->state;
    }
    Update& operator*() const { return *m_update; }
    Update* operator->() const { return m_update; }

private:
    Update* m_update = nullptr;
};

// Items with the values 1, 2, ...
class Items : public ItemClass {
public:
    Items()
    {
        for (unsigned i = 0; i < instance_count; ++i)
            m_items[i] = make(i + 1);
    }
    void expect_all(uint64_t version)
    {
        for (unsigned i = 0; i < instance_count; ++i)
            expect_item(m_items[i], version, i + 1);
    }
    Ref<Item> first() const { return m_items[0]; }
    void expect_settled(uint64_t version)
    {
        expect_all(version);
        EXPECT(record().current_version()->version == version);
        EXPECT(record().transition == nullptr);
        EXPECT(count(InstanceList::Current) == instance_count && set().count() == instance_count);
        drain_dead_objects();
        EXPECT(item_roots == instance_count);
    }

private:
    Ref<Item> m_items[instance_count];
};

}
