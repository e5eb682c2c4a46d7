// A class with a factory, for the tests of factories.
#pragma once

#include "kernel/test.h"
#include "objects/counted_scope.h"
#include "objects/hot_swap.h"
#include "objects/instance_set.h"
#include "objects/lifetime.h"
#include "objects/standard_factory.h"

namespace objects::tests {

class Made : public Object {
public:
    static Kind kind;
    struct Creation {
        uint64_t value = 7;
        Code fails = Code::OK;
    };

    virtual Result<uint64_t> value() = 0;
    virtual Result<uint64_t> version() = 0;

    using Methods = MethodList<&Made::value, &Made::version>;

protected:
    ~Made() = default;
};

inline constexpr Format made_formats[] = {{"test.made/1"}};
inline uint64_t made_alive = 0;

template <uint64_t number>
class MadeRoot;

// Version `number` of one class; from 100 on another class of the kind, in version 1.
template <uint64_t number>
class MadeRep final : public Rep<Made> {
public:
    static inline constinit FactoryMadeClass descriptor = factory_class<MadeRoot<number>>(
        number < 100 ? "test.Made" : "test.OtherMade", "test.Made", number < 100 ? number : 1);

    MadeRep(Root& root, uint64_t value) : Rep(root), m_value(value) {}

    Result<uint64_t> value() override { return m_value; }
    Result<uint64_t> version() override { return number; }

    uint64_t m_value;
};

template <uint64_t number>
class MadeRoot final : public SharedRoot<MadeRep<number>> {
public:
    using InterfaceType = Made;

    MadeRoot() : MadeRoot(Made::Creation{.value = 0}) {}
    explicit MadeRoot(const Made::Creation& creation) : SharedRoot<MadeRep<number>>(creation.value)
    {
        __atomic_fetch_add(&made_alive, 1, __ATOMIC_RELAXED);
    }
    ~MadeRoot() override { __atomic_fetch_sub(&made_alive, 1, __ATOMIC_RELAXED); }
    Status initialise(const Made::Creation& creation) { return creation.fails; }

    FormatList exports() const override { return FormatList::of(made_formats); }
    FormatList imports() const override { return FormatList::of(made_formats); }
    size_t transfer_size(const Format&) const override { return parcel_size<uint64_t>(1); }
    Status export_state(const Format&, TransferSite site, TransferArena& arena) const override
    {
        if (site.first())
            *TRY(arena.place<uint64_t>(site.cpu)) = this->m_rep.m_value;
        return {};
    }
    Status import_state(const Format&, TransferSite, const Parcel& parcel) override
    {
        if (const auto* value = parcel.as<uint64_t>())
            this->m_rep.m_value = *value;
        return {};
    }
};

// The classes are known and the factories of version 1 of both are open; at its end all is as it was. In threads that
// are not counted, as those are who ask for swaps.
class [[nodiscard]] MadeClasses {
public:
    MadeClasses();
    ~MadeClasses();
    MadeClasses(const MadeClasses&) = delete;
    MadeClasses& operator=(const MadeClasses&) = delete;

    ClassRecord& record() const { return *MadeRep<1>::descriptor.record; }
    ClassRecord& other() const { return *MadeRep<100>::descriptor.record; }
    InstanceSet& set() const { return *record().instances; }

private:
    uint64_t m_alive = made_alive;
};

inline Ref<Made> make_made(const Made::Creation& creation = {})
{
    CountedScope scope;
    auto made = create<MadeRoot<1>>(creation);
    EXPECT(made.ok());
    return made.value();
}

inline uint64_t version_of(Ref<Made> made)
{
    CountedScope scope;
    return made->version().value();
}

inline void destroy_made(Ref<Made> made)
{
    CountedScope scope;
    EXPECT(destroy(made.reference()).ok());
}

// Has the class' factory swapped for that of version `number`.
Result<HotSwap*> start_factory_swap(const ClassDescriptor& to);
template <uint64_t number>
Status swap_factory()
{
    HotSwap* swap = TRY(start_factory_swap(MadeRep<number>::descriptor));
    const Status outcome = swap->wait();
    swap->release();
    return outcome;
}

// Row 13, for the classes of this page: every live instance is in a list of its class, on the CPU that it names, and in
// no other; only those of the version that is made are Current. Nothing is created or destroyed meanwhile.
void expect_all_tracked(const MadeClasses& classes);

}
