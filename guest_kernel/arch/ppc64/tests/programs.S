// Programs for problem state that the in-guest tests copy into pages of their own. Position-independent; bounds NAME and
// NAME_end.
#include "arch/ppc64/asm_macros.h"

.macro PROGRAM name
    .globl  \name
    .p2align 2
\name:
.endm

.macro END_PROGRAM name
    .globl  \name\()_end
\name\()_end:
.endm

    .section .rodata

// Adds one to r3 and makes a system call, for ever.
PROGRAM program_increment
1:  addi    3, 3, 1
    sc
    b       1b
END_PROGRAM program_increment

// Counts r3 down with a pattern in all other registers, then makes a system call.
PROGRAM program_keep_registers
    .irp    n, 0,2,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    li      \n, 0x100 + \n
    .endr
    mtlr    30
    mtctr   31
    lis     29, 0xE000
    mtxer   29                          // SO, OV, CA
    li      29, 0x100 + 29
1:  addic.  3, 3, -1
    bne     1b
    mtcr    14
    sc
END_PROGRAM program_keep_registers

PROGRAM program_store
    std     4, 0(3)
    sc
END_PROGRAM program_store

PROGRAM program_load
    ld      4, 0(3)
    sc
END_PROGRAM program_load

// Until the word at r3 is not 0; a pattern in r31.
PROGRAM program_wait
    li      31, 0x11F
1:  ld      4, 0(3)
    cmpdi   4, 0
    beq     1b
    sc
END_PROGRAM program_wait

PROGRAM program_jump
    mtctr   3
    bctr
END_PROGRAM program_jump

PROGRAM program_privileged
    mfmsr   4
    sc
END_PROGRAM program_privileged

PROGRAM program_hypercall
    li      3, 1
    sc      1
    sc
END_PROGRAM program_hypercall

PROGRAM program_illegal
    .long   0
END_PROGRAM program_illegal

PROGRAM program_trap
    trap
END_PROGRAM program_trap
