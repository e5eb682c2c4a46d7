// The count of one CPU's generations.
#pragma once

#include <stdint.h>

#include "kernel/generation.h"
#include "kernel/list.h"
#include "kernel/spinlock.h"
#include "kernel/thread.h"

namespace kernel {

// Rounds are serialised, so only the current generation and the one before it can have members: two lists. A thread is
// a member from enter to leave, however often it is preempted, blocked or moved between, and leaves the list of the CPU
// on which it entered.
class CpuGeneration {
public:
    static CpuGeneration& of(unsigned cpu);

    // The current thread, on this CPU, interrupts off.
    void enter(Thread& thread);
    // From any CPU. True when it was the last that the round under way had waited for here.
    bool leave(Thread& thread);
    // Begins a new generation, the one before having ended; true when the one that was current has members to wait for.
    bool advance();
    // Those in the old generation run at least at this priority until they leave.
    void boost(unsigned priority);
    void for_each(void (*visit)(const CountedThread&, void*), void* context);
    uint64_t number() const;

private:
    using MemberList = List<Thread, &Thread::m_generation_link>;
    MemberList& members(uint64_t generation) { return m_members[generation & 1]; }

    // Guards all that follows and the membership of the threads on its lists. Barriers: a thread that enters after
    // advance() has let go of the lock sees everything that was written before the round began, a swung table entry
    // for one; what a thread did before it left is visible to the waiter whom its leaving lets on.
    mutable SpinLock m_lock;
    uint64_t m_number = 1;
    // The round under way waits for members of the old generation here.
    bool m_awaited = false;
    MemberList m_members[2];
};

}
