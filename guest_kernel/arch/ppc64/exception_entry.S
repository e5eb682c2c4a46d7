// The second half of exception entry, with translation on, and the return to what was interrupted.
#include "abi.h"
#include "arch/ppc64/asm_macros.h"
#include "arch/ppc64/asm_offsets.h"

#define GPR(n) (STACK_HEADER + FRAME_GPR + (n) * 8)
#define FIELD(name) (STACK_HEADER + FRAME_##name)

// Copies a doubleword of PerCpu (r4) into the trap frame.
.macro MOVE_SAVED from, to
    ld      5, \from(4)
    std     5, \to(1)
.endm

    .text

// In: see exception_common (vectors.S). Builds the TrapFrame and calls handle_exception(frame) with interrupts off.
FUNCTION exception_entry
    std     0, GPR(0)(1)
    std     2, GPR(2)(1)
    .irp    n, 6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    std     \n, GPR(\n)(1)
    .endr
    std     3, FIELD(VECTOR)(1)
    LOAD_ADDRESS 4, ABI_PERCPU_BASE
    MOVE_SAVED PERCPU_SAVED_R3, GPR(3)
    MOVE_SAVED PERCPU_SAVED_R4, GPR(4)
    MOVE_SAVED PERCPU_SAVED_R5, GPR(5)
    MOVE_SAVED PERCPU_SAVED_CR, FIELD(CR)
    MOVE_SAVED PERCPU_SAVED_SRR0, FIELD(SRR0)
    MOVE_SAVED PERCPU_SAVED_SRR1, FIELD(SRR1)
    MOVE_SAVED PERCPU_SAVED_R1, GPR(1)
    std     5, 0(1)                     // back chain: the interrupted frame
    mfxer   5
    std     5, FIELD(XER)(1)
    mflr    5
    std     5, FIELD(LR)(1)
    mfctr   5
    std     5, FIELD(CTR)(1)
    mfdar   5
    std     5, FIELD(DAR)(1)
    mfdsisr 5
    std     5, FIELD(DSISR)(1)
    ld      13, PERCPU_CURRENT_THREAD(4)
    LOAD_ADDRESS 2, .TOC.
    li      5, ASM_MSR_RI               // everything is saved: another exception is recoverable
    mtmsrd  5, 1
    addi    3, 1, STACK_HEADER
    bl      handle_exception
    .globl  exception_return            // the unwinder knows a trap frame by this return address
exception_return:
// In: r1 = stack frame of a trap frame, interrupts off. Restores every register from it; does not return.
    ld      5, FIELD(SRR1)(1)
    andi.   6, 5, ASM_MSR_PR
    beq     1f
    LOAD_ADDRESS 6, ABI_PERCPU_BASE     // to problem state: the next exception starts where this frame does
    addi    7, 1, TRAP_PUSH
    std     7, PERCPU_USER_STACK(6)
1:  li      6, 0
    stdcx.  6, 0, 1                     // drops a reservation made since: the interrupted stdcx. must not use it
    mtmsrd  6, 1                        // RI off: from here SRR0 and SRR1 hold what must not be lost
    ld      6, FIELD(SRR0)(1)
    mtsrr0  6
    mtsrr1  5
    ld      6, FIELD(XER)(1)
    mtxer   6
    ld      6, FIELD(LR)(1)
    mtlr    6
    ld      6, FIELD(CTR)(1)
    mtctr   6
    ld      6, FIELD(CR)(1)
    mtcr    6
    ld      0, GPR(0)(1)
    .irp    n, 2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    ld      \n, GPR(\n)(1)
    .endr
    ld      1, GPR(1)(1)
    rfid
END_FUNCTION exception_entry

// call_on_stack(frame r3, what r4, top r5): calls report_fatal(frame, what) on the stack that ends at r5, then returns
// on the caller's. ELFv2 call: volatile registers are lost.
FUNCTION call_on_stack
    mflr    0
    std     0, STACK_LR(1)
    std     1, -STACK_HEADER(5)         // back chain from the new stack into the old
    addi    1, 5, -STACK_HEADER
    bl      report_fatal
    nop
    ld      1, 0(1)
    ld      0, STACK_LR(1)
    mtlr    0
    blr
END_FUNCTION call_on_stack
