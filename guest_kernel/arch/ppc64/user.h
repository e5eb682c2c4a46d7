// Problem state: running a program's code, and reaching its memory from the kernel.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "arch/ppc64/trap_frame.h"
#include "kernel/status.h"

namespace arch {

// A program's registers. Kept in the thread; the program starts with them, and run_user leaves them up to date.
struct UserContext {
    TrapFrame registers{};

    // Sets where the program starts and its stack; clears the rest.
    void start(uint64_t entry, uint64_t stack, uint64_t argument);
};

// Runs the program until its next system call or fault, then returns the frame's vector, with the program's state in
// `context` and interrupts on. Timer and device interrupts are handled in between without returning. The thread's
// Context::pid must name the program's address space. A system call's number and arguments are in gpr[0], gpr[3]..;
// the caller puts its result in gpr[3] and calls run_user again to go on. For a fault it repairs the cause and calls
// again: the instruction restarts.
Vector run_user(UserContext& context);

// Copies between kernel memory and the program whose address space is current. FAULT when any byte is not the
// program's, not mapped or protected: some bytes may have been copied. Interrupts and preemption may be on.
kernel::Status copy_in(void* destination, uint64_t source, size_t size);
kernel::Status copy_out(uint64_t destination, const void* source, size_t size);

}
