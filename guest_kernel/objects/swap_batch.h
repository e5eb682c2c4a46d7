// A few instances of one class, converted by hot-swaps side by side.
#pragma once

#include "objects/hot_swap.h"
#include "objects/instance_set.h"
#include "objects/update_record.h"

namespace objects {

// They share the generations that they wait for. For a guarded thread that is not counted.
class SwapBatch {
public:
    SwapBatch(InstanceSet& set, const ClassDescriptor& target, uint64_t update, uint64_t time_limit_ns)
        : m_set(set), m_target(target), m_update(update), m_time_limit_ns(time_limit_ns)
    {
    }
    // One version nearer to the target each, or into the list where it belongs. The first failure; what failed is in the
    // list of the failed. Instances that are gone or held by another swap are passed over.
    Status run(const ReferenceName (&names)[InstanceSet::batch], unsigned count);
    const char* complaint() const { return m_complaint; }

private:
    Result<HotSwap*> start(ReferenceName name);
    Status conclude(ReferenceName name, Status outcome);

    InstanceSet& m_set;
    const ClassDescriptor& m_target;
    uint64_t m_update;
    uint64_t m_time_limit_ns;
    char m_complaint[update_text_size] = {};
};

}
