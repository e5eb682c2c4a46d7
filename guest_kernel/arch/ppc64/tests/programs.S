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

// Stores its number, from 1, into each of r4 pages from r3 on, then adds them up: r3 is the sum.
PROGRAM program_fill_pages
    li      5, 0
    mr      6, 3
1:  addi    5, 5, 1
    std     5, 16(6)
    addi    6, 6, 0x1000
    cmpd    5, 4
    blt     1b
    b       program_sum_pages

// Adds up the doubleword at 16 of each of r4 pages from r3 on: r3 is the sum.
PROGRAM program_sum_pages
    mtctr   4
    li      5, 0
2:  ld      6, 16(3)
    add     5, 5, 6
    addi    3, 3, 0x1000
    bdnz    2b
    mr      3, 5
    sc
END_PROGRAM program_sum_pages
    .globl  program_fill_pages_end
    .set    program_fill_pages_end, program_sum_pages_end
