// Frees threads that have ended.
#pragma once

#include "kernel/thread.h"

namespace kernel {

// A thread cannot free the stack it runs on: the next one to run on its CPU hands it over, and a thread of its own
// frees it, since freeing may call the page allocator.
class Reaper {
public:
    // Starts the thread.
    static Status start();
    // The thread's registers are saved, for good. Interrupts are off.
    static void add(Thread& thread);
    static void drain();

private:
    [[noreturn]] static void run(uint64_t);
};

}
