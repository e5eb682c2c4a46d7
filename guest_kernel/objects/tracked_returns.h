// Lets an unwinder see through tracked calls.
#pragma once

#include "arch/ppc64/unwind.h"
#include "objects/record_stack.h"

namespace objects {

// Of one thread's stack: of the given records, or of whichever thread unwinds its own.
class TrackedReturns final : public arch::ReplacedReturns {
public:
    constexpr TrackedReturns() = default;
    explicit TrackedReturns(const RecordStack& records) : m_records(&records) {}

    uint64_t original(uint64_t address, uint64_t caller_stack) const override;

private:
    const RecordStack* m_records = nullptr;
};

}
