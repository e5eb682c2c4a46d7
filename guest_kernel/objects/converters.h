// Threads that convert what nobody has called yet, and what was called too early.
#pragma once

#include "kernel/event.h"
#include "objects/class_record.h"
#include "objects/hot_swap.h"
#include "objects/instance_set.h"

namespace objects {

// One thread on each CPU, which brings the Marked and the Promoted instances at home there to the version that the
// factory makes. They are not counted but while they look at one instance, and never hold up a generation.
//
// Eager update runs them at a normal priority and waits. Lazy update runs them at idle_priority: a conversion that they
// prepare is nobody's concern, and from the claim to the commit their helper runs at swap_priority, because then callers
// may wait for it.
class Converters {
public:
    // `options` are for the swaps of promoted instances.
    explicit Converters(ClassRecord& record, const SwapOptions& options = {}) : m_record(record), m_options(options) {}
    ~Converters();
    Converters(const Converters&) = delete;
    Converters& operator=(const Converters&) = delete;

    // What is done with instances that are marked: converted, or left to their callers and to idle time.
    enum class Marked : uint8_t { Convert, Leave };
    // After the marks were put in force. NO_MEMORY: then none runs.
    Status start(unsigned priority, Marked marked = Marked::Convert);
    // For a thread of one's own: takes some of what is at home on a CPU. Whether it came any further.
    bool take_some(unsigned cpu, unsigned priority);
    // Each ends after the instance that it is at.
    void stop() { __atomic_store_n(&m_stopped, true, __ATOMIC_RELEASE); }
    // Until all have ended: nothing was left to do, or they were stopped.
    void wait();
    bool ended() const;

private:
    struct Member {
        Converters* team = nullptr;
        unsigned cpu = 0;
        bool started = false;
        kernel::Event ended;
    };

    static void entry(uint64_t argument);
    void work(unsigned cpu);
    bool stopped() const { return __atomic_load_n(&m_stopped, __ATOMIC_ACQUIRE); }
    bool convert_some(unsigned cpu);
    bool swap_some(unsigned cpu);
    bool anything_to_do(unsigned cpu);
    unsigned first(unsigned cpu, InstanceList list, ReferenceName (&names)[InstanceSet::batch]);

    ClassRecord& m_record;
    const SwapOptions m_options;
    unsigned m_priority = 0;
    Marked m_marked = Marked::Convert;
    bool m_stopped = false;
    Member m_members[abi::MAX_CPUS];
};

}
