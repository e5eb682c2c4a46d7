// Every thread, by its id.
#pragma once

#include <stdint.h>

#include "kernel/thread.h"

namespace kernel {

// While its lock is held no thread that it has found is freed.
class ThreadTable {
public:
    // Gives it an id.
    static void add(Thread& thread);
    static void remove(Thread& thread);
    static Status visit(uint64_t id, void (*visit)(Thread&, void*), void* context);
    static void visit_all(void (*visit)(Thread&, void*), void* context);

private:
    using TableList = List<Thread, &Thread::m_table_link>;
    using OrderedList = List<Thread, &Thread::m_order_link>;
    static constexpr unsigned buckets = 64;

    // Outermost of the spin locks of threads: visitors wake, hold and complete under it.
    static SpinLock s_lock;
    static uint64_t s_next_id;
    static TableList s_buckets[buckets];
    // In ascending order of ids, as they are given.
    static OrderedList s_threads;
};

}
