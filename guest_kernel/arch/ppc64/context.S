// Switch between kernel threads, and the first instructions of a new one.
#include "arch/ppc64/asm_keep.h"
#include "arch/ppc64/asm_macros.h"
#include "arch/ppc64/asm_offsets.h"

    .text

// switch_context(from r3, to r4) -> r3 = from, when `to` runs. Interrupts off. Saves what a call preserves (r14-r31,
// CR, LR) on the stack of `from`, and r1 in its Context; takes r1 and r13 from `to`. r2 is one for the whole kernel.
FUNCTION switch_context
    KEEP_REGISTERS
    std     1, CONTEXT_STACK_POINTER(3)
    ld      1, CONTEXT_STACK_POINTER(4)
    ld      13, CONTEXT_THREAD(4)
    RESTORE_REGISTERS
    blr
END_FUNCTION switch_context

// The return address in the stack of a thread that has not run yet. In: r3 = context that ran before, r14 = entry,
// r15 = argument (Context::prepare). Calls kernel_thread_started, which does not return.
FUNCTION thread_start
    mr      4, 14
    mr      5, 15
    bl      kernel_thread_started
    nop
    trap
END_FUNCTION thread_start
