// Keeps the nonvolatile registers in a stack frame of KEEP_FRAME bytes.
#pragma once

#include "arch/ppc64/asm_offsets.h"

// Pushes the frame: r14-r31, CR, LR. Overwrites r0.
.macro KEEP_REGISTERS
    mflr    0
    std     0, STACK_LR(1)
    mfcr    0
    std     0, 8(1)
    stdu    1, -KEEP_FRAME(1)
    .irp    n, 14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    std     \n, KEEP_GPR(\n)(1)
    .endr
.endm

// Pops it. Overwrites r0.
.macro RESTORE_REGISTERS
    .irp    n, 14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    ld      \n, KEEP_GPR(\n)(1)
    .endr
    addi    1, 1, KEEP_FRAME
    ld      0, 8(1)
    mtcr    0
    ld      0, STACK_LR(1)
    mtlr    0
.endm
