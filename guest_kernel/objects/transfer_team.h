// One thread pinned to each CPU, which take the steps of a state transfer side by side.
#pragma once

#include "kernel/event.h"
#include "kernel/guarded.h"
#include "objects/transfer.h"

namespace objects {

// One step on one CPU. Runs with no allocation allowed; calls no other object. What it calls of a class may lie in a
// module: there it has a kernel::GuardedFrame, so that an endless one can be ended.
class TransferStep {
public:
    virtual Status run_on(unsigned cpu) = 0;

protected:
    ~TransferStep() = default;
};

// Used by one thread, the leader. Its threads are not counted in a generation, and guarded: a step that faults or takes
// too long fails with FAULT or TIMED_OUT, and its member is gone.
class TransferTeam {
public:
    TransferTeam() = default;
    ~TransferTeam() { dismiss(); }
    TransferTeam(const TransferTeam&) = delete;
    TransferTeam& operator=(const TransferTeam&) = delete;

    // NO_MEMORY when a thread cannot be made: then there is no team. A step may take so much virtual time on a CPU, or the
    // longest that any may.
    Status assemble(uint64_t step_limit_ns);
    // Runs the step on every CPU of the set; the first failure, or success once all are done.
    Status run(CpuSet set, TransferStep& step);
    // The threads end before this returns.
    void dismiss();

private:
    struct Member {
        TransferTeam* team = nullptr;
        unsigned cpu = 0;
        bool hired = false;
        kernel::Event go;
    };
    static Status member_code(uint64_t argument);
    static void member_ended(uint64_t argument, const kernel::GuardedOutcome& outcome);
    void serve(Member& member);
    void report(Status status);

    Member m_members[abi::MAX_CPUS];
    uint64_t m_step_limit_ns = 0;
    kernel::Event m_all_done;
    // Null: go home.
    TransferStep* m_step = nullptr;
    unsigned m_left = 0;
    int64_t m_status = 0;
};

}
