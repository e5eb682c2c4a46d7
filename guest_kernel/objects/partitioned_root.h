// A root with one representative per CPU, each made when its CPU first calls.
#pragma once

#include "kernel/heap.h"
#include "objects/root.h"

namespace objects {

// A call starts on the representative of the CPU that loaded the entry, but its thread may be moved before it is done:
// a representative may therefore be entered from any CPU, and guards its data by atomics or a lock of its own.
template <typename RepType>
class PartitionedRoot : public Root {
public:
    using Representative = RepType;

    ~PartitionedRoot() override
    {
        for (auto* rep : m_reps)
            kernel::destroy(rep);
    }
    const ClassDescriptor& descriptor() const override { return RepType::descriptor; }

    // Acquire pairs with the release in make_rep: who sees the pointer sees a constructed representative.
    Object* rep(unsigned cpu) const override { return typed_rep(cpu); }

    Result<Object*> make_rep(unsigned cpu) override
    {
        if (auto* existing = typed_rep(cpu))
            return static_cast<Object*>(existing);
        auto* made = kernel::make<RepType>(kernel::Tag::Object, static_cast<typename RepType::RootType&>(*this));
        if (made == nullptr)
            return Code::NO_MEMORY;
        RepType* winner = nullptr;
        if (__atomic_compare_exchange_n(&m_reps[cpu], &winner, made, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
            return static_cast<Object*>(made);
        kernel::destroy(made);
        return static_cast<Object*>(winner);
    }

protected:
    RepType* typed_rep(unsigned cpu) const { return __atomic_load_n(&m_reps[cpu], __ATOMIC_ACQUIRE); }

private:
    RepType* m_reps[abi::MAX_CPUS] = {};
};

}
