// What an object has once, whatever the number of CPUs that use it.
#pragma once

#include "objects/class_descriptor.h"
#include "objects/reference.h"
#include "objects/transfer.h"

namespace objects {

// Owns the representatives, knows the class, and carries state from one implementation to the next. It is out of reach
// of the table: only the object system calls it, never a client.
//
// Transfer is prepare, export, import, commit. `transfer_size` is asked before the block phase; `export_state` and
// `import_state` run once on each CPU of the set, the object being quiescent, allocate nothing and call no other
// object; export leaves the old object usable. `commit_import` and `relinquish` run once, after every CPU has
// imported, and cannot fail: there ownership of what was handed over moves.
class Root {
public:
    virtual ~Root() = default;
    Root(const Root&) = delete;
    Root& operator=(const Root&) = delete;

    virtual const ClassDescriptor& descriptor() const = 0;

    // The representative of this CPU, or null when it has none yet.
    virtual Object* rep(unsigned cpu) const = 0;
    // Creates it; when two threads race one of them wins and both get the winner's. May allocate.
    virtual Result<Object*> make_rep(unsigned cpu) = 0;

    virtual FormatList exports() const { return {}; }
    virtual FormatList imports() const { return {}; }
    // Bytes of arena that an export on all CPUs would take now; may be out of date when the export runs.
    virtual size_t transfer_size(const Format&) const { return 0; }
    // Makes ready, before the block phase, what import_state will fill on the given CPUs. May allocate and fail.
    virtual Status prepare_import(const Format&, CpuSet) { return {}; }
    virtual Status export_state(const Format&, TransferSite, TransferArena&) const { return Code::UNSUPPORTED; }
    virtual Status import_state(const Format&, TransferSite, const Parcel&) { return Code::UNSUPPORTED; }
    virtual void commit_import() {}
    virtual void relinquish() {}

    Reference reference() const { return m_reference; }
    void set_reference(Reference reference) { m_reference = reference; }

protected:
    Root() = default;

private:
    Reference m_reference = nullptr;
    // Among the roots that wait for a generation to be freed.
    Root* m_next_dead = nullptr;
    // Its entry belongs to another root by then.
    bool m_replaced = false;
    friend class Reaper;
};

// Equal for roots of one class (single inheritance: the virtual table's address is the first word), and read in one
// instruction where descriptor() takes a call.
inline const void* class_word(const Root& root)
{
    return *reinterpret_cast<const void* const*>(&root);
}

// What a representative adds to its interface: the way to its root, and the slots that every object has.
template <typename I>
class Rep : public I {
    static_assert(is_interface<I>());

public:
    explicit Rep(Root& root) : m_root(root) {}

    Result<const ClassDescriptor*> class_of() override { return &m_root.descriptor(); }
    Result<LocalEntry*> canonical() override { return m_root.reference(); }

protected:
    ~Rep() = default;
    Root& root() const { return m_root; }

private:
    Root& m_root;
};

// An object with one representative for all CPUs, which lives inside its root.
template <typename RepType>
class SharedRoot : public Root {
public:
    using Representative = RepType;

    template <typename... Arguments>
    explicit SharedRoot(Arguments... arguments) : m_rep(*this, arguments...)
    {
    }
    const ClassDescriptor& descriptor() const override { return RepType::descriptor; }
    Object* rep(unsigned) const override { return const_cast<RepType*>(&m_rep); }
    Result<Object*> make_rep(unsigned cpu) override { return rep(cpu); }

protected:
    RepType m_rep;
};

}
