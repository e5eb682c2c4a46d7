// Priorities that threads have from those who wait for them.
#pragma once

namespace kernel {

class Mutex;
class Thread;

// All under the wait graph lock.
class Inheritance {
public:
    // The thread waits for, or no longer waits for, mutexes: sets its effective priority, and those of the owners that
    // follow in its chain of waits. Ends where nothing changes, also in a cycle.
    static void update(Thread& thread);
    // From a waiter for its generation; 0 takes it away.
    static void set_generation_priority(Thread& thread, unsigned priority);
    static void set_base_priority(Thread& thread, unsigned priority);

private:
    static unsigned wanted(const Thread& thread);
};

}
