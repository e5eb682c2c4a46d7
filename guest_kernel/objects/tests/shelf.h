// A class with a factory whose interface changes with each of its three versions, and a class that calls it, for the tests of
// adaptors on all instances of a class.
#pragma once

#include "objects/adaptation.h"
#include "objects/adaptors.h"
#include "objects/interface_change.h"
#include "objects/tests/item.h"
#include "objects/undo.h"
#include "objects/update.h"

namespace objects::tests {

namespace shelf_first {

class Shelf : public Object {
public:
    static Kind kind;
    using Creation = Item::Creation;

    virtual Result<uint64_t> value() = 0;
    virtual Status put(uint64_t amount) = 0;
    virtual Result<uint64_t> version() = 0;
    // Calls `what` from inside.
    virtual Status visit(void (*what)(void*), void* context) = 0;

    using Methods = MethodList<&Shelf::value, &Shelf::put, &Shelf::version, &Shelf::visit>;

protected:
    ~Shelf() = default;
};

}

namespace shelf_second {

// A method more at the front, and an argument more.
class Shelf : public Object {
public:
    static Kind kind;
    using Creation = Item::Creation;

    virtual Result<uint64_t> twice() = 0;
    virtual Result<uint64_t> value() = 0;
    virtual Status put(uint64_t amount, uint64_t times) = 0;
    virtual Result<uint64_t> version() = 0;
    virtual Status visit(void (*what)(void*), void* context) = 0;

    using Methods = MethodList<&Shelf::twice, &Shelf::value, &Shelf::put, &Shelf::version, &Shelf::visit>;

protected:
    ~Shelf() = default;
};

}

namespace shelf_third {

// In another order.
class Shelf : public Object {
public:
    static Kind kind;
    using Creation = Item::Creation;

    virtual Result<uint64_t> version() = 0;
    virtual Status visit(void (*what)(void*), void* context) = 0;
    virtual Status put(uint64_t amount, uint64_t times) = 0;
    virtual Result<uint64_t> value() = 0;
    virtual Result<uint64_t> twice() = 0;

    using Methods = MethodList<&Shelf::version, &Shelf::visit, &Shelf::put, &Shelf::value, &Shelf::twice>;

protected:
    ~Shelf() = default;
};

}

template <uint64_t number>
struct ShelfInterface;
template <>
struct ShelfInterface<1> {
    using Type = shelf_first::Shelf;
    static constexpr const char* kind = "Shelf";
};
template <>
struct ShelfInterface<2> {
    using Type = shelf_second::Shelf;
    static constexpr const char* kind = "Shelf/2";
};
template <>
struct ShelfInterface<3> {
    using Type = shelf_third::Shelf;
    static constexpr const char* kind = "Shelf/3";
};
template <uint64_t number>
using ShelfOf = typename ShelfInterface<number>::Type;

template <uint64_t number>
class ShelfRoot;

template <uint64_t number>
class ShelfBase : public Rep<ShelfOf<number>> {
public:
    using Rep<ShelfOf<number>>::Rep;
    Result<uint64_t> value() override { return __atomic_load_n(&m_value, __ATOMIC_RELAXED); }
    Result<uint64_t> version() override { return number; }
    Status visit(void (*what)(void*), void* context) override
    {
        what(context);
        return {};
    }
    Status add(uint64_t amount)
    {
        __atomic_fetch_add(&m_value, amount, __ATOMIC_RELAXED);
        return {};
    }
    uint64_t m_value = 0;
};

template <uint64_t number>
class ShelfRep final : public ShelfBase<number> {
public:
    static FactoryMadeClass descriptor;
    using ShelfBase<number>::ShelfBase;
    Result<uint64_t> twice() override { return 2 * this->m_value; }
    Status put(uint64_t amount, uint64_t times) override { return this->add(amount * times); }
};

template <>
class ShelfRep<1> final : public ShelfBase<1> {
public:
    static FactoryMadeClass descriptor;
    using ShelfBase<1>::ShelfBase;
    Status put(uint64_t amount) override { return add(amount); }
};

inline constexpr Format shelf_formats[] = {{"test.shelf/1"}};

// Scripted as items are.
template <uint64_t number>
class ShelfRoot final : public SharedRoot<ShelfRep<number>> {
public:
    using InterfaceType = ShelfOf<number>;

    ShelfRoot() { __atomic_fetch_add(&item_roots, 1, __ATOMIC_RELAXED); }
    ~ShelfRoot() override { __atomic_fetch_sub(&item_roots, 1, __ATOMIC_RELAXED); }
    Status initialise(const Item::Creation& creation)
    {
        this->m_rep.m_value = creation.value;
        return {};
    }

    FormatList exports() const override { return FormatList::of(shelf_formats); }
    FormatList imports() const override { return FormatList::of(shelf_formats); }
    size_t transfer_size(const Format&) const override { return parcel_size<uint64_t>(1); }
    Status prepare_import(const Format&, CpuSet) override { return item_script.make_fails; }
    Status export_state(const Format&, TransferSite site, TransferArena& arena) const override
    {
        if (site.first())
            *TRY(arena.place<uint64_t>(site.cpu)) = this->m_rep.m_value;
        return item_script.export_fails;
    }
    Status import_state(const Format&, TransferSite, const Parcel& parcel) override
    {
        if (const auto* value = parcel.as<uint64_t>())
            this->m_rep.m_value = *value;
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

template <uint64_t number>
constinit FactoryMadeClass ShelfRep<number>::descriptor
    = factory_class<ShelfRoot<number>>("Shelf", ShelfInterface<number>::kind, number);

// What reads a shelf: in version 1 by the first interface, in version 2 by the second.
class Reader : public Object {
public:
    static Kind kind;
    struct Creation {
        Reference shelf = nullptr;
    };
    virtual Result<uint64_t> read() = 0;
    virtual Result<LocalEntry*> shelf() = 0;

    using Methods = MethodList<&Reader::read, &Reader::shelf>;

protected:
    ~Reader() = default;
};

template <uint64_t number>
class ReaderRoot;

template <uint64_t number>
class ReaderRep final : public Rep<Reader> {
public:
    static FactoryMadeClass descriptor;
    using Rep::Rep;
    Result<uint64_t> read() override { return Ref<ShelfOf<number>>(m_shelf)->value(); }
    Result<LocalEntry*> shelf() override { return m_shelf; }
    Reference m_shelf = nullptr;
};

// Imports into version 2 that go well before one fails.
inline uint64_t readers_fail_after = ~uint64_t{0};
inline constexpr Format reader_formats[] = {{"test.reader/1"}};

// Takes over what its own version calls: the canonical reference forward, one that speaks the first interface back.
template <uint64_t number>
class ReaderRoot final : public SharedRoot<ReaderRep<number>> {
public:
    using InterfaceType = Reader;

    Status initialise(const Reader::Creation& creation)
    {
        this->m_rep.m_shelf = creation.shelf;
        return {};
    }
    FormatList exports() const override { return FormatList::of(reader_formats); }
    FormatList imports() const override { return FormatList::of(reader_formats); }
    size_t transfer_size(const Format&) const override { return parcel_size<Reference>(1); }
    Status export_state(const Format&, TransferSite site, TransferArena& arena) const override
    {
        if (site.first())
            *TRY(arena.place<Reference>(site.cpu)) = this->m_rep.m_shelf;
        return {};
    }
    Status import_state(const Format&, TransferSite, const Parcel& parcel) override
    {
        const auto* shelf = parcel.as<Reference>();
        if (shelf == nullptr)
            return {};
        this->m_rep.m_shelf = adaptors().speaking(*shelf, *ShelfRep<number>::descriptor.interface);
        if (this->m_rep.m_shelf == nullptr)
            return Code::REFUSED;
        return number == 2 && readers_fail_after-- == 0 ? Code::IO_ERROR : Code::OK;
    }
};

template <uint64_t number>
constinit FactoryMadeClass ReaderRep<number>::descriptor = factory_class<ReaderRoot<number>>("Reader", "Reader", number);

// Of the versions before `number`, and of `number` when it is taken back.
template <uint64_t number>
const AdaptorPlan& shelf_plan();
template <uint64_t number>
const AdaptorPlan& shelf_way_back();

// Updates of the class of shelves, or of readers, as a module's load does it up to the end of its initialisation.
class ShelfUpdate {
public:
    explicit ShelfUpdate(const UpdateTerms& terms = {});
    template <uint64_t number>
    Status apply(UpdateMode mode = UpdateMode::Eager)
    {
        return apply(ShelfRep<number>::descriptor, mode, &shelf_plan<number>(), &shelf_way_back<number>());
    }
    Status apply_readers(UpdateMode mode = UpdateMode::Eager)
    {
        return apply(ReaderRep<2>::descriptor, mode, nullptr, nullptr);
    }
    Status apply(ClassDescriptor& to, UpdateMode mode, const AdaptorPlan* adaptor, const AdaptorPlan* way_back);
    UpdateState take_back();
    Update& operator*() const { return *m_update; }
    Update* operator->() const { return m_update; }

private:
    Update* m_update = nullptr;
};

// Shelves with the values 1, 2, ..., each called once, and a reader of the first, all of version 1. The reader, whose class
// calls the first interface, stands for the test's own calls too. The test's thread is not counted. At the end everything
// is gone, adaptors included.
class Shelves {
public:
    static constexpr unsigned count = 5;

    Shelves();
    ~Shelves();
    Shelves(const Shelves&) = delete;
    Shelves& operator=(const Shelves&) = delete;

    ClassRecord& record() const { return *ShelfRep<1>::descriptor.record; }
    uint64_t in_list(InstanceList list) const { return record().instance_set()->count(list); }
    Reference operator[](unsigned i) const { return m_shelves[i]; }
    Reference canonical(unsigned i) const { return table().canonical(m_shelves[i]); }
    Ref<Reader> reader() const { return m_reader; }
    // By the first interface through the first references: it is as the callers of that expect.
    void expect_first(uint64_t version) const;
    // All are of that version and nothing is under way.
    void expect_settled(uint64_t version) const;

private:
    void destroy_all(const ClassRecord& record);

    Reference m_shelves[count];
    Ref<Reader> m_reader;
};

struct AdaptedCount {
    unsigned in_place = 0;
    unsigned dead = 0;
};
AdaptedCount count_adapted();

template <uint64_t number>
Result<Reference> make_shelf(uint64_t value)
{
    CountedScope scope;
    const auto made = create<ShelfRoot<number>>({value});
    if (!made.ok())
        return made.status();
    return made.value().reference();
}

template <uint64_t number>
void expect_shelf(Reference shelf, uint64_t version, uint64_t value)
{
    CountedScope scope;
    const Ref<ShelfOf<number>> called(shelf);
    EXPECT(called->version().value() == version && called->value().value() == value);
}

}
