// An interposer that counts what goes through a reference.
#pragma once

#include "objects/interposer.h"
#include "kernel/status.h"

namespace objects {

struct MethodCounts {
    uint64_t calls = 0;
    // Executed by the calling threads between entry and return, what the callee called included.
    uint64_t instructions = 0;
};

// Can be put on any live reference and taken off again (section 4.1.4 of the reference).
class CountingArbiter final : public Interposer {
public:
    // BUSY when the reference has an arbiter, GONE, NO_MEMORY.
    static kernel::Result<CountingArbiter*> attach(Reference reference);
    // Takes it off and frees it once no caller can be in it. For threads that are not counted.
    static void detach(CountingArbiter* arbiter);

    Route enter(const CallSite& site) override;
    void leave(const CallRecord& record) override;
    const char* kind() const override { return "arbiter"; }

    MethodCounts counts(unsigned method) const;

    // For attach.
    explicit CountingArbiter(Reference reference) : Interposer(reference, Rank::Arbiter) {}
    ~CountingArbiter() = default;

private:
    // Added to by callers on all CPUs.
    MethodCounts m_counts[max_methods];
};

}
