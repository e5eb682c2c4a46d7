// An interface in three builds, for the tests of adaptors: methods moved, changed, renamed, taken out and put in.
#pragma once

#include "objects/adaptation.h"
#include "objects/adaptors.h"
#include "kernel/test.h"
#include "objects/tests/probe.h"

namespace objects::tests {

inline namespace first_build {

class Desk : public Object {
public:
    virtual Result<uint64_t> version() = 0;
    virtual Result<uint64_t> load() = 0;
    virtual Status store(uint64_t value) = 0;
    // The last arguments lie on the caller's stack.
    virtual Pair fold(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f, uint64_t g, uint64_t h,
        uint64_t i, uint64_t j) = 0;
    virtual Result<uint64_t> mix(uint64_t a, uint64_t b, uint64_t c) = 0;
    virtual Result<uint64_t> obsolete() = 0;
    virtual Result<uint64_t> counted() = 0;
    virtual Result<uint64_t> before_renaming(uint64_t value) = 0;
    virtual Status visit(void (*what)(void*), void* context) = 0;

    using Methods = MethodList<&Desk::version, &Desk::load, &Desk::store, &Desk::fold, &Desk::mix, &Desk::obsolete,
        &Desk::counted, &Desk::before_renaming, &Desk::visit>;

protected:
    ~Desk() = default;
};

}

namespace second_build {

class Desk : public Object {
public:
    virtual Result<uint64_t> version() = 0;
    // New, and in the middle: everything behind it has another number.
    virtual Result<uint64_t> added() = 0;
    virtual Pair fold(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f, uint64_t g, uint64_t h,
        uint64_t i, uint64_t j) = 0;
    virtual Result<uint64_t> load() = 0;
    virtual Status store(uint64_t value, uint64_t times) = 0;
    // Without b, and a and c changed places.
    virtual Result<uint64_t> mix(uint64_t c, uint64_t a) = 0;
    virtual Result<uint64_t> after_renaming(uint64_t value) = 0;
    virtual Status visit(void (*what)(void*), void* context) = 0;

    using Methods = MethodList<&Desk::version, &Desk::added, &Desk::fold, &Desk::load, &Desk::store, &Desk::mix,
        &Desk::after_renaming, &Desk::visit>;

protected:
    ~Desk() = default;
};

}

namespace third_build {

class Desk : public Object {
public:
    virtual Result<uint64_t> load() = 0;
    virtual Result<uint64_t> version() = 0;
    virtual Pair fold(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f, uint64_t g, uint64_t h,
        uint64_t i, uint64_t j) = 0;
    virtual Result<uint64_t> added() = 0;
    virtual Result<uint64_t> mix(uint64_t c, uint64_t a) = 0;
    virtual Result<uint64_t> after_renaming(uint64_t value, uint64_t more) = 0;
    // In tenths.
    virtual Status store(uint64_t value, uint64_t times, uint64_t tenths) = 0;
    virtual Status visit(void (*what)(void*), void* context) = 0;

    using Methods = MethodList<&Desk::load, &Desk::version, &Desk::fold, &Desk::added, &Desk::mix,
        &Desk::after_renaming, &Desk::store, &Desk::visit>;

protected:
    ~Desk() = default;
};

}

inline constexpr Format desk_formats[] = {{"test.desk/1"}};

// What the three have in common.
template <typename Interface>
class DeskBase : public Rep<Interface> {
public:
    explicit DeskBase(Root& root) : Rep<Interface>(root) {}

    Result<uint64_t> load() override { return __atomic_load_n(&m_value, __ATOMIC_RELAXED); }
    Pair fold(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f, uint64_t g, uint64_t h, uint64_t i,
        uint64_t j) override
    {
        return {a + 2 * b + 3 * c + 4 * d + 5 * e, f + 2 * g + 3 * h + 5 * i + 7 * j};
    }
    Status visit(void (*what)(void*), void* context) override
    {
        what(context);
        return {};
    }

    void add(uint64_t value) { __atomic_fetch_add(&m_value, value, __ATOMIC_RELAXED); }
    uint64_t m_value = 0;
};

// Hands over the value, in either direction.
template <typename Interface, typename RepType>
class DeskRoot final : public SharedRoot<RepType> {
public:
    using InterfaceType = Interface;

    DeskRoot() { __atomic_fetch_add(&roots_alive, 1, __ATOMIC_RELAXED); }
    ~DeskRoot() override { __atomic_fetch_sub(&roots_alive, 1, __ATOMIC_RELAXED); }

    FormatList exports() const override { return FormatList::of(desk_formats); }
    FormatList imports() const override { return FormatList::of(desk_formats); }
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
        return script.import_fails;
    }
};

class FirstDesk final : public DeskBase<first_build::Desk> {
public:
    using RootType = DeskRoot<first_build::Desk, FirstDesk>;
    static ClassDescriptor descriptor;

    using DeskBase::DeskBase;
    Result<uint64_t> version() override { return 1; }
    Status store(uint64_t value) override
    {
        add(value);
        return {};
    }
    Result<uint64_t> mix(uint64_t a, uint64_t, uint64_t c) override { return 10 * a + c; }
    Result<uint64_t> obsolete() override { return 77; }
    Result<uint64_t> counted() override { return 0; }
    Result<uint64_t> before_renaming(uint64_t value) override { return value + 1; }
};

class SecondDesk final : public DeskBase<second_build::Desk> {
public:
    using RootType = DeskRoot<second_build::Desk, SecondDesk>;
    static ClassDescriptor descriptor;

    using DeskBase::DeskBase;
    Result<uint64_t> version() override { return 2; }
    Result<uint64_t> added() override { return 22; }
    Status store(uint64_t value, uint64_t times) override
    {
        add(value * times);
        return {};
    }
    Result<uint64_t> mix(uint64_t c, uint64_t a) override { return 10 * a + c; }
    Result<uint64_t> after_renaming(uint64_t value) override { return value + 1; }
};

class ThirdDesk final : public DeskBase<third_build::Desk> {
public:
    using RootType = DeskRoot<third_build::Desk, ThirdDesk>;
    static ClassDescriptor descriptor;

    using DeskBase::DeskBase;
    Result<uint64_t> version() override { return 3; }
    Result<uint64_t> added() override { return 33; }
    Status store(uint64_t value, uint64_t times, uint64_t tenths) override
    {
        add(value * times * tenths / 10);
        return {};
    }
    Result<uint64_t> mix(uint64_t c, uint64_t a) override { return 10 * a + c; }
    Result<uint64_t> after_renaming(uint64_t value, uint64_t more) override { return value + more; }
};

// From the first build to the second, with state of its own.
class DeskAdaptor final : public Adaptor {
public:
    using Adaptor::Adaptor;
    Result<uint64_t> counted() { return __atomic_add_fetch(&m_count, 1, __ATOMIC_RELAXED); }

private:
    uint64_t m_count = 0;
};

AdaptorMap& first_to_second();
AdaptorMap& second_to_third();
AdaptorMap& second_to_first();
AdaptorMap& third_to_second();

// What a caller of the first build sees, whatever is behind.
inline bool answers_as_the_first_build(Ref<first_build::Desk> desk)
{
    const Pair sum = desk->fold(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    const uint64_t before = desk->load().value();
    if (!desk->store(5).ok())
        return false;
    return sum.low == 55 && sum.high == 159 && desk->load().value() == before + 5 && desk->mix(4, 5, 6).value() == 46
        && desk->before_renaming(8).value() == 9;
}

inline bool answers_as_the_second_build(Ref<second_build::Desk> desk)
{
    const Pair sum = desk->fold(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    const uint64_t before = desk->load().value();
    if (!desk->store(5, 3).ok())
        return false;
    return sum.low == 55 && sum.high == 159 && desk->load().value() == before + 15 && desk->mix(6, 4).value() == 46
        && desk->after_renaming(8).value() == 9;
}

inline bool answers_as_the_third_build(Ref<third_build::Desk> desk)
{
    const uint64_t before = desk->load().value();
    return desk->store(5, 3, 20).ok() && desk->load().value() == before + 30 && desk->added().value() == 33
        && desk->mix(6, 4).value() == 46;
}

template <typename RepType>
Reference make_desk()
{
    auto made = create<typename RepType::RootType>();
    EXPECT(made.ok());
    return made.value().reference();
}

// Stays until it is removed.
inline const AdaptorPlan lasting{&first_to_second(), make_adaptor<DeskAdaptor>, nullptr, 0};
inline const AdaptorPlan onwards{&second_to_third(), make_adaptor<Adaptor>, nullptr, 0};
inline const AdaptorPlan third_backwards{&third_to_second(), make_adaptor<Adaptor>, nullptr, 0};
inline const AdaptorPlan backwards{&second_to_first(), make_adaptor<Adaptor>, nullptr, 0};
// Stays as long as there are probes of version 1.
inline constexpr CallerClass old_probes[] = {{"Probe", 2}};
inline const AdaptorPlan for_probes{&first_to_second(), make_adaptor<DeskAdaptor>, old_probes, 1};

struct Listed {
    Reference old;
    AdaptedStatus status;
    unsigned found;

    static void note(const AdaptedStatus& status, void* context)
    {
        auto& self = *static_cast<Listed*>(context);
        if (status.old != self.old)
            return;
        self.status = status;
        ++self.found;
    }
};

inline Listed listed(Reference old)
{
    Listed listed{old, {}, 0};
    adaptors().for_each(Listed::note, &listed);
    return listed;
}

inline void settle()
{
    UncountedScope uncounted;
    adaptors().settle();
}

template <typename RepType>
Result<HotSwap*> start_adapted_swap(Reference reference, const AdaptorPlan& plan, Reference back_to = nullptr)
{
    SwapOptions options;
    options.adaptor = &plan;
    options.back_to = back_to;
    kernel::Owned<Root> replacement(kernel::make<typename RepType::RootType>(kernel::Tag::Test));
    if (!replacement)
        return Code::NO_MEMORY;
    return HotSwap::start(reference, static_cast<kernel::Owned<Root>&&>(replacement), options);
}

template <typename RepType>
Status adapted_swap(Reference reference, const AdaptorPlan& plan, Reference back_to = nullptr)
{
    HotSwap* swap = TRY(start_adapted_swap<RepType>(reference, plan, back_to));
    UncountedScope uncounted;
    const Status outcome = swap->wait();
    swap->release();
    adaptors().settle();
    return outcome;
}

}
