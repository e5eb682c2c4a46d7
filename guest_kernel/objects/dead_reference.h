// What is left of an adapted reference when nobody should be calling it any more.
#pragma once

#include "objects/interposer.h"

namespace objects {

// Refuses every call with GONE, and remembers who made it. Stands where the adaptor stood.
class DeadReference final : public Interposer {
public:
    DeadReference(Reference reference, AdaptedReference& record) : Interposer(reference, Rank::Adaptor), m_record(record) {}

    Route enter(const CallSite& site) override;
    void leave(const CallRecord& record) override;
    const char* kind() const override { return "dead reference"; }
    AdaptedReference* adapted() override { return &m_record; }

    uint64_t calls() const { return __atomic_load_n(&m_calls, __ATOMIC_RELAXED); }
    // Where the last of them would have returned to.
    uint64_t last_caller() const { return __atomic_load_n(&m_last_caller, __ATOMIC_RELAXED); }

private:
    AdaptedReference& m_record;
    uint64_t m_calls = 0;
    uint64_t m_last_caller = 0;
};

}
