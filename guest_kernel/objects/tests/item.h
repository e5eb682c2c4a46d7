// A class with a factory and versions, for the tests of lazy update.
#pragma once

#include "arch/ppc64/percpu.h"
#include "objects/hot_swap.h"
#include "objects/instance_set.h"
#include "objects/lazy.h"
#include "objects/lifetime.h"
#include "objects/partitioned_root.h"
#include "objects/standard_factory.h"
#include "objects/tests/steps.h"
#include "objects/tests/subject.h"

namespace objects::tests {

class Item : public Object {
public:
    static Kind kind;
    struct Creation {
        uint64_t value = 0;
    };

    virtual Result<uint64_t> value() = 0;
    virtual Status add(uint64_t amount) = 0;
    virtual Result<uint64_t> version() = 0;
    // Calls `what` from inside.
    virtual Status visit(void (*what)(void*), void* context) = 0;

    using Methods = MethodList<&Item::value, &Item::add, &Item::version, &Item::visit>;

protected:
    ~Item() = default;
};

// What happens to the next conversions on their way; plain data of one test at a time.
struct ItemScript {
    Code make_fails = Code::OK;
    Code export_fails = Code::OK;
    Code import_fails = Code::OK;
    // Into which version the import fails; 0: any.
    uint64_t import_into = 0;
    // Only the one with this value, if not 0.
    uint64_t fails_for = 0;
    bool speaks_nothing = false;
    bool prepare_faults = false;
    bool import_faults = false;
    // Set: export tells that it was entered and waits; the thread that transfers has no lock.
    kernel::Event* export_entered = nullptr;
    kernel::Event* export_go_on = nullptr;
    // Set: who makes an instance, inside the factory, tells that it was entered and waits.
    kernel::Event* creation_entered = nullptr;
    kernel::Event* creation_go_on = nullptr;
    // Called while an import is prepared: where a class may come to other objects, for memory.
    void (*preparing)(void*) = nullptr;
    void* context = nullptr;
    // The schedule may hold the conversion from its commit on.
    bool mark_commit = false;
};
inline ItemScript item_script;
inline uint64_t item_roots = 0;
inline uint64_t item_commits = 0;

template <uint64_t number>
class ItemRoot;

// Version 3 has a representative for each CPU, with a share of the value each.
inline constexpr uint64_t partitioned_version = 3;

template <uint64_t number>
class ItemRep final : public Rep<Item> {
public:
    using RootType = ItemRoot<number>;
    static FactoryMadeClass descriptor;

    explicit ItemRep(Root& root) : Rep(root) {}

    Result<uint64_t> value() override
    {
        if constexpr (number == partitioned_version)
            return static_cast<RootType&>(root()).sum();
        else
            return __atomic_load_n(&m_value, __ATOMIC_RELAXED);
    }
    Status add(uint64_t amount) override
    {
        __atomic_fetch_add(&m_value, amount, __ATOMIC_RELAXED);
        return {};
    }
    Result<uint64_t> version() override { return number; }
    Status visit(void (*what)(void*), void* context) override
    {
        what(context);
        return {};
    }

    uint64_t m_value = 0;
};

inline constexpr Format item_formats[] = {{"test.item/1"}};

template <uint64_t number>
class ItemRoot final : public SharedRoot<ItemRep<number>> {
public:
    using InterfaceType = Item;

    ItemRoot() { __atomic_fetch_add(&item_roots, 1, __ATOMIC_RELAXED); }
    ~ItemRoot() override { __atomic_fetch_sub(&item_roots, 1, __ATOMIC_RELAXED); }
    Status initialise(const Item::Creation& creation)
    {
        this->m_rep.m_value = creation.value;
        if (item_script.creation_entered != nullptr) {
            item_script.creation_entered->signal();
            item_script.creation_go_on->wait();
        }
        return {};
    }

    FormatList exports() const override { return FormatList::of(item_formats); }
    FormatList imports() const override
    {
        return item_script.speaks_nothing ? FormatList{} : FormatList::of(item_formats);
    }
    size_t transfer_size(const Format&) const override { return parcel_size<uint64_t>(1); }
    Status prepare_import(const Format&, CpuSet) override
    {
        if (item_script.prepare_faults)
            *static_cast<volatile uint64_t*>(nullptr) = 0;
        if (item_script.preparing != nullptr)
            item_script.preparing(item_script.context);
        return item_script.make_fails;
    }
    Status export_state(const Format&, TransferSite site, TransferArena& arena) const override
    {
        if (!site.first())
            return {};
        if (item_script.export_entered != nullptr) {
            item_script.export_entered->signal();
            item_script.export_go_on->wait();
        }
        *TRY(arena.place<uint64_t>(site.cpu)) = this->m_rep.m_value;
        return item_script.export_fails;
    }
    Status import_state(const Format&, TransferSite, const Parcel& parcel) override
    {
        if (const auto* value = parcel.as<uint64_t>())
            this->m_rep.m_value += *value;
        if (item_script.import_faults)
            *static_cast<volatile uint64_t*>(nullptr) = 0;
        const bool into_this = item_script.import_into == 0 || item_script.import_into == number;
        const bool this_one = item_script.fails_for == 0 || item_script.fails_for == this->m_rep.m_value;
        return into_this && this_one ? item_script.import_fails : Code::OK;
    }
    void commit_import() override
    {
        __atomic_fetch_add(&item_commits, 1, __ATOMIC_RELAXED);
        if (item_script.mark_commit)
            Subject::mark_hold_point();
    }
};

template <>
class ItemRoot<partitioned_version> final : public PartitionedRoot<ItemRep<partitioned_version>> {
public:
    using InterfaceType = Item;

    ItemRoot() { __atomic_fetch_add(&item_roots, 1, __ATOMIC_RELAXED); }
    ~ItemRoot() override { __atomic_fetch_sub(&item_roots, 1, __ATOMIC_RELAXED); }
    Status initialise(const Item::Creation& creation)
    {
        m_base = creation.value;
        return {};
    }

    uint64_t share(unsigned cpu) const
    {
        const auto* rep = typed_rep(cpu);
        return rep == nullptr ? 0 : __atomic_load_n(&rep->m_value, __ATOMIC_RELAXED);
    }
    uint64_t sum() const
    {
        uint64_t sum = m_base;
        for (unsigned cpu = 0; cpu < abi::MAX_CPUS; ++cpu)
            sum += share(cpu);
        return sum;
    }

    FormatList exports() const override { return FormatList::of(item_formats); }
    FormatList imports() const override { return FormatList::of(item_formats); }
    size_t transfer_size(const Format&) const override { return parcel_size<uint64_t>(abi::MAX_CPUS); }
    Status export_state(const Format&, TransferSite site, TransferArena& arena) const override
    {
        *TRY(arena.place<uint64_t>(site.cpu)) = share(site.cpu) + (site.first() ? m_base : 0);
        return {};
    }
    Status import_state(const Format&, TransferSite, const Parcel& parcel) override
    {
        if (const auto* value = parcel.as<uint64_t>())
            m_base += *value;
        const bool fails = item_script.import_into == 0 || item_script.import_into == partitioned_version;
        return fails ? item_script.import_fails : Code::OK;
    }
    void commit_import() override { __atomic_fetch_add(&item_commits, 1, __ATOMIC_RELAXED); }

private:
    // What is nobody's share.
    uint64_t m_base = 0;
};

template <uint64_t number>
constinit FactoryMadeClass ItemRep<number>::descriptor = factory_class<ItemRoot<number>>("Item", "Item", number);

// The class at version 1 with no instances, for one test, whose thread is not counted.
class ItemClass {
public:
    ItemClass();
    // Destroys what is left.
    ~ItemClass();
    ItemClass(const ItemClass&) = delete;
    ItemClass& operator=(const ItemClass&) = delete;

    ClassRecord& record() const { return *ItemRep<1>::descriptor.record; }
    InstanceSet& set() const { return *record().instance_set(); }
    uint64_t count(InstanceList list) const { return set().count(list); }
    LazyCounts counts() const;

    // One that has been called, on this CPU.
    Ref<Item> make(uint64_t value);
    // Makes it another version's factory, as the first steps of an update do.
    template <uint64_t number>
    void change_to()
    {
        change_to(ItemRep<number>::descriptor);
    }
    // On each CPU, and in force.
    void mark_all();
    void set_marks();
    void unmark_all();

private:
    void change_to(const ClassDescriptor& version);

    LazyCounts m_before;
};

void expect_item(Ref<Item> item, uint64_t version, uint64_t value);

}
