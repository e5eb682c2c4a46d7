#include "objects/tracked_returns.h"

#include "kernel/thread.h"
#include "objects/stubs.h"

namespace objects {

uint64_t TrackedReturns::original(uint64_t address, uint64_t caller_stack) const
{
    if (address != reinterpret_cast<uint64_t>(&objects_trampoline_return))
        return address;
    const auto& records = m_records != nullptr ? *m_records : kernel::current_thread()->call_records;
    const uint64_t original = records.original_return(caller_stack);
    return original != 0 ? original : address;
}

}
