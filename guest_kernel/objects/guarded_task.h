// Threads that run what may be code of a module for threads that must not be ended.
#pragma once

#include "kernel/status.h"

namespace objects {

using kernel::Code;
using kernel::Result;
using kernel::Status;

// Its maker waits for its end.
class GuardedTask {
public:
    // On a guarded thread, which ends when this faults or takes too long.
    virtual Status run() = 0;
    // With what run returned, or why it did not return: FAULT, TIMED_OUT, or NO_MEMORY for the thread. On the same
    // thread, if there is one.
    virtual void finish(Status status) = 0;

protected:
    ~GuardedTask() = default;
};

// Runs the task on a guarded thread of this CPU, at first at this priority, and waits for its end, which comes after so
// much virtual time, or the longest that any task may take. Counted threads may; in the wait graph they wait for that
// thread.
void run_guarded_task(GuardedTask& task, unsigned priority, uint64_t limit_ns);

// Ends the threads that are kept for the next task, with all their memory; after a while without one they end by
// themselves.
void dismiss_idle_guarded_workers();

}
