// What the kernel keeps of a class' marks and conversions, for good.
#pragma once

#include "kernel/status.h"
#include "objects/mark.h"

namespace objects {

// Counted from the start of the kernel.
struct LazyCounts {
    // Instances that came to be of the version that the factory makes.
    uint64_t converted = 0;
    // Conversions that left the instance as it was.
    uint64_t failed = 0;
    // Instances called before their mark was in force, which are swapped with callers inside.
    uint64_t promoted = 0;
};

class LazyState {
public:
    // Marks set from now on are not in force. The round before is.
    void begin_round() { __atomic_fetch_add(&m_round, 1, __ATOMIC_ACQ_REL); }
    void put_in_force() { __atomic_store_n(&m_in_force, round(), __ATOMIC_RELEASE); }
    MarkRound round() const { return __atomic_load_n(&m_round, __ATOMIC_ACQUIRE); }
    bool in_force(MarkRound round) const
    {
        return static_cast<int16_t>(__atomic_load_n(&m_in_force, __ATOMIC_ACQUIRE) - round) >= 0;
    }

    // A change of the class begins, in which the conversion of an instance may take so much virtual time.
    void begin_change(uint64_t step_limit_ns)
    {
        __atomic_store_n(&m_step_limit_ns, step_limit_ns, __ATOMIC_RELAXED);
        __atomic_store_n(&m_given_up, false, __ATOMIC_RELEASE);
    }
    // It will be taken back: callers are served by what is there.
    void give_up_change() { __atomic_store_n(&m_given_up, true, __ATOMIC_RELEASE); }
    bool given_up() const { return __atomic_load_n(&m_given_up, __ATOMIC_ACQUIRE); }
    uint64_t step_limit_ns() const { return __atomic_load_n(&m_step_limit_ns, __ATOMIC_RELAXED); }

    void count_converted() { __atomic_fetch_add(&m_counts.converted, 1, __ATOMIC_RELAXED); }
    void count_promoted() { __atomic_fetch_add(&m_counts.promoted, 1, __ATOMIC_RELAXED); }
    void count_failed(kernel::Code reason)
    {
        __atomic_fetch_add(&m_counts.failed, 1, __ATOMIC_RELAXED);
        __atomic_store_n(&m_last_failure, static_cast<int64_t>(reason), __ATOMIC_RELAXED);
    }
    LazyCounts counts() const
    {
        return {__atomic_load_n(&m_counts.converted, __ATOMIC_RELAXED), __atomic_load_n(&m_counts.failed, __ATOMIC_RELAXED),
            __atomic_load_n(&m_counts.promoted, __ATOMIC_RELAXED)};
    }
    // Why the last one failed that did.
    kernel::Code last_failure() const
    {
        return static_cast<kernel::Code>(__atomic_load_n(&m_last_failure, __ATOMIC_RELAXED));
    }

private:
    MarkRound m_round = 0;
    MarkRound m_in_force = 0;
    LazyCounts m_counts;
    uint64_t m_step_limit_ns = ~uint64_t{0};
    bool m_given_up = false;
    int64_t m_last_failure = 0;
};

}
