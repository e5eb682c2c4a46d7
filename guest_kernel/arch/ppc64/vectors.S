// Exception vectors: real mode, interrupts off, at physical addresses fixed by the architecture.
//
// A vector saves what it is about to overwrite in this CPU's PerCpu (physical address in SPRG0), picks a kernel stack,
// turns translation on and goes on in exception_entry.
#include "abi.h"
#include "arch/ppc64/asm_macros.h"
#include "arch/ppc64/asm_offsets.h"

// At most 8 instructions: the shortest vector has 32 bytes.
.macro VECTOR number
    .org    \number
    mtsprg  1, 1                        // r1 is free, SPRG1 has it
    mfsprg  1, 0
    std     3, PERCPU_SAVED_R3(1)
    li      3, \number
    b       exception_common
.endm

    .section .vectors, "ax", @progbits
    VECTOR  0x100
    VECTOR  0x200
    VECTOR  0x300
    VECTOR  0x380
    VECTOR  0x400
    VECTOR  0x480
    VECTOR  0x500
    VECTOR  0x600
    VECTOR  0x700
    VECTOR  0x800
    VECTOR  0x900
    VECTOR  0xC00
    VECTOR  0xD00
    VECTOR  0xE40
    VECTOR  0xF20
    VECTOR  0xF40

// In: r1 = PerCpu (physical), r3 = vector number; r1 in SPRG1, r3 in PerCpu. Out, in exception_entry: r1 = new trap
// frame's stack frame, r3 = vector number; r1, r3, r4, r5, CR, SRR0, SRR1 in PerCpu, all other registers untouched.
exception_common:
    std     4, PERCPU_SAVED_R4(1)
    std     5, PERCPU_SAVED_R5(1)
    mfcr    4
    std     4, PERCPU_SAVED_CR(1)
    mfsrr0  4
    std     4, PERCPU_SAVED_SRR0(1)
    mfsrr1  5
    std     5, PERCPU_SAVED_SRR1(1)
    mfsprg  4, 1
    std     4, PERCPU_SAVED_R1(1)
    andi.   5, 5, ASM_MSR_PR
    bne     from_problem_state
    ld      5, PERCPU_STACK_LIMIT(1)    // an r1 outside the stack, or too near its end, must not be used
    cmpld   4, 5
    blt     bad_stack
    ld      5, PERCPU_STACK_HIGH(1)
    cmpld   4, 5
    bgt     bad_stack
    addi    4, 4, -(TRAP_PUSH + RED_ZONE)
    rldicr  4, 4, 0, 59                 // a misaligned r1 is the interrupted code's mistake, not ours
    b       translation_on
from_problem_state:
    ld      4, PERCPU_USER_STACK(1)
    addi    4, 4, -TRAP_PUSH
    b       translation_on
bad_stack:                              // a second exception finds r1 inside the emergency stack
    ld      4, PERCPU_EMERGENCY_LIMIT(1)
    std     4, PERCPU_STACK_LIMIT(1)
    ld      4, PERCPU_EMERGENCY_HIGH(1)
    std     4, PERCPU_STACK_HIGH(1)
    addi    4, 4, -TRAP_PUSH
translation_on:
    mr      1, 4
    mfmsr   4
    ori     4, 4, ASM_MSR_IR | ASM_MSR_DR
    mtsrr1  4
    LOAD_ADDRESS 4, exception_entry
    mtsrr0  4
    rfid                                // synchronises context: translation is on for the next instruction
