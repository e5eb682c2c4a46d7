// Into problem state and back, and the copies between kernel and user memory.
#include "arch/ppc64/asm_keep.h"
#include "arch/ppc64/asm_macros.h"
#include "arch/ppc64/asm_offsets.h"

    .text

// Copies a TrapFrame from r3 to r4. Overwrites r0, r5, CTR.
copy_trap_frame:
    li      5, FRAME_SIZE / 8
    mtctr   5
    li      5, 0
1:  ldx     0, 3, 5
    stdx    0, 4, 5
    addi    5, 5, 8
    bdnz    1b
    blr

// enter_problem_state(registers r3) -> r3 = vector. Interrupts off, before and after. Runs the program with the
// registers of the TrapFrame until leave_problem_state, which returns from this call.
FUNCTION enter_problem_state
    KEEP_REGISTERS
    std     3, KEEP_ARGUMENT(1)
    stdu    1, -TRAP_PUSH(1)
    addi    4, 1, STACK_HEADER
    bl      copy_trap_frame
    b       exception_return
END_FUNCTION enter_problem_state

// leave_problem_state(frame r3): frame was pushed by an exception from problem state. Interrupts off. Does not return:
// hands the program's registers to the caller of enter_problem_state, and that call returns the vector.
FUNCTION leave_problem_state
    addi    7, 3, FRAME_SIZE            // where enter_problem_state pushed its frame
    ld      4, KEEP_ARGUMENT(7)
    bl      copy_trap_frame
    ld      3, FRAME_VECTOR(3)
    mr      1, 7                        // only now: what lies below r1 belongs to the next exception
    RESTORE_REGISTERS
    blr
END_FUNCTION leave_problem_state

// copy_user(destination r3, source r4, bytes r5) -> r3 = 0, or 1 when a load or a store faulted. Leaf; overwrites r6,
// r7, CTR, CR0. Doublewords while there are 8 bytes, then bytes.
FUNCTION copy_user
    srdi.   6, 5, 3
    beq     2f
    mtctr   6
1:
copy_user_load8:
    ld      7, 0(4)
copy_user_store8:
    std     7, 0(3)
    addi    4, 4, 8
    addi    3, 3, 8
    bdnz    1b
2:  andi.   6, 5, 7
    beq     4f
    mtctr   6
3:
copy_user_load1:
    lbz     7, 0(4)
copy_user_store1:
    stb     7, 0(3)
    addi    4, 4, 1
    addi    3, 3, 1
    bdnz    3b
4:  li      3, 0
    blr
copy_user_failed:
    li      3, 1
    blr
END_FUNCTION copy_user

// Fix-up table: an access that may fault, and where the kernel goes on when it does.
    .section .fixup_table, "a", @progbits
    .p2align 3
    .irp    access, copy_user_load8, copy_user_store8, copy_user_load1, copy_user_store1
    .quad   \access, copy_user_failed
    .endr
