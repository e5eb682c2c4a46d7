// The factory that every class can have for a few declared lines.
#pragma once

#include "kernel/guarded.h"
#include "kernel/owned.h"
#include "objects/class_record.h"
#include "objects/lifetime.h"

namespace objects {

// What the factories of all classes hand to their successors: the set, by its address.
inline constexpr Format factory_formats[] = {{"factory.instances/1"}};

// All of a factory but the making of roots, which knows their type. Holds no lock of its own: the set has them, and what
// else is here changes only in a transfer.
class FactoryRep : public Rep<Factory> {
public:
    FactoryRep(Root& root, const ClassDescriptor& product) : Rep(root), m_product(product) {}

    Status destroy(LocalEntry* instance) override;
    Result<const ClassDescriptor*> product() override { return &m_product; }
    Result<InstanceSet*> instances() override { return m_instances; }

    InstanceSet* set() const { return m_instances; }
    // Between import and commit the set is still the old factory's.
    void expect(InstanceSet* instances) { m_expected = instances; }
    void take_over();
    void let_go() { m_instances = nullptr; }
    void free_set();

protected:
    ~FactoryRep() = default;

private:
    const ClassDescriptor& m_product;
    InstanceSet* m_instances = nullptr;
    InstanceSet* m_expected = nullptr;
};

// Root types whose class has a factory: their representative's descriptor is a FactoryMadeClass.
template <typename RootType>
class StandardFactory final : public FactoryRep {
public:
    using Creation = typename RootType::InterfaceType::Creation;
    static_assert(__is_trivially_copyable(Creation));
    static constexpr const ClassDescriptor& descriptor = RootType::Representative::descriptor.factory_class();

    explicit StandardFactory(Root& root) : FactoryRep(root, RootType::Representative::descriptor) {}

    Result<LocalEntry*> create(const void* creation) override
    {
        constexpr Creation defaults{};
        const auto& wanted = creation == nullptr ? defaults : *static_cast<const Creation*>(creation);
        return make_object<RootType>(wanted, set());
    }
};

template <typename FactoryType>
class FactoryRoot final : public SharedRoot<FactoryType> {
public:
    using InterfaceType = Factory;

    ~FactoryRoot() override { this->m_rep.free_set(); }

    FormatList exports() const override { return FormatList::of(factory_formats); }
    FormatList imports() const override { return FormatList::of(factory_formats); }
    size_t transfer_size(const Format&) const override { return parcel_size<InstanceSet*>(1); }
    Status export_state(const Format&, TransferSite site, TransferArena& arena) const override
    {
        if (site.first())
            *TRY(arena.place<InstanceSet*>(site.cpu)) = this->m_rep.set();
        return {};
    }
    Status import_state(const Format&, TransferSite, const Parcel& parcel) override
    {
        if (auto* const* set = parcel.as<InstanceSet*>())
            this->m_rep.expect(*set);
        return {};
    }
    void commit_import() override { this->m_rep.take_over(); }
    void relinquish() override { this->m_rep.let_go(); }
};

// A class and, beside it, the class of its factories: what a class without a factory declares as ClassDescriptor.
class FactoryMadeClass : public ClassDescriptor, public Creator {
public:
    using MakeRoot = Result<Root*> (*)();

    constexpr FactoryMadeClass(
        const char* class_name, const char* class_kind, uint64_t class_version, unsigned class_methods, MakeRoot make_root,
        MakeRoot make_factory, Creator instead)
        : ClassDescriptor{class_name, class_kind, class_version, class_methods, make_root, &m_factory},
          Creator(instead),
          m_factory{"Factory", "Factory", class_version, Factory::Methods::count, make_factory}
    {
    }
    FactoryMadeClass(const FactoryMadeClass&) = delete;
    FactoryMadeClass& operator=(const FactoryMadeClass&) = delete;

    constexpr const ClassDescriptor& factory_class() const { return m_factory; }

private:
    ClassDescriptor m_factory;
};

template <typename RootType>
Result<Root*> make_default_root()
{
    Root* root = kernel::make_of_module<RootType>(kernel::Tag::Object);
    if (root == nullptr)
        return Code::NO_MEMORY;
    return root;
}

// What the class has in the place of its factory where there are none.
template <typename RootType>
constexpr Creator creator_of()
{
    if constexpr (with_factories)
        return {};
    else
        return {[](const void* creation) {
            return make_object<RootType>(*static_cast<const typename RootType::InterfaceType::Creation*>(creation), nullptr);
        }};
}

// Describes a class with a factory. `static objects::FactoryMadeClass descriptor;` in the representative, and
// `constinit objects::FactoryMadeClass X::descriptor = objects::factory_class<XRoot>("X", "Kind", 1);` in its source.
// The interface has a `struct Creation`. A root takes that in its constructor, in `Status initialise(const Creation&)`
// where it may fail, or not at all; it can also be made without, to take over another's state.
template <typename RootType>
constexpr FactoryMadeClass factory_class(const char* name, const char* kind, uint64_t version)
{
    static_assert(is_interface<typename RootType::InterfaceType>());
    return FactoryMadeClass(name, kind, version, RootType::InterfaceType::Methods::count, make_default_root<RootType>,
        make_default_root<FactoryRoot<StandardFactory<RootType>>>, creator_of<RootType>());
}

// Makes the factory of a class that has none open, by which it is created from now on; the instances that exist are
// tracked from now on. The first of a kind is its default. EXISTS, NO_MEMORY, UNSUPPORTED for a class without one. For
// counted threads.
Status open_factory(const ClassDescriptor& descriptor);
// The reverse, for a class on its way out: BUSY when it has instances.
Status close_factory(ClassRecord& record);
// NOT_FOUND when there is no such kind or class, or the class has no factory; INVALID when it is of another kind.
Status set_default_factory(const char* kind, const char* class_name);
// The class has got another interface: where it is the default of the one, it is that of the other, unless that has one.
void follow_default(const ClassRecord& record, const KindRecord& from, KindRecord& to);

}
