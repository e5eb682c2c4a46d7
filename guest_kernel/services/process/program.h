// A program in problem state, run by the current thread to its end or its next system call.
#pragma once

#include "arch/ppc64/user.h"
#include "services/memory/user_fault.h"
#include "services/process/process.h"

namespace services {

// Belongs to one thread. Whatever the program touches in vain goes to the process as a fault; then its instruction starts
// again.
class Program {
public:
    explicit Program(objects::Ref<Process> process) : m_process(process) {}
    // The thread runs in no process any more.
    ~Program();
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    // The arguments are in r3, r4 and r5.
    struct Start {
        uint64_t entry = 0;
        uint64_t stack = 0;
        uint64_t arguments[3] = {};
    };
    void start(const Start& start);
    // Success at its next system call; called again it goes on from there. Parked: to be called again. FAULT for a touch
    // that no region allows, UNSUPPORTED for any other exception; errors of Process::handle_fault.
    kernel::Status run(kernel::Ticket* ticket);
    // What it has in r3.
    uint64_t result() const { return m_context.registers.gpr[3]; }
    uint64_t faults() const { return m_faults; }
    // The last one.
    const UserFault& fault() const { return m_fault; }

private:
    kernel::Status enter();

    objects::Ref<Process> m_process;
    arch::UserContext m_context;
    UserFault m_fault;
    uint64_t m_faults = 0;
    // The last fault is not handled yet: its call was parked.
    bool m_faulting = false;
};

}
