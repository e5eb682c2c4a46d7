// Programs for problem state that jobs of the workload run. Position-independent; bounds NAME and NAME_end.
#include "arch/ppc64/asm_macros.h"

    .section .rodata

// r3: address of the first page; r4: pages, at least 1; r5: the first value. Stores ascending values into four doublewords
// of each page, 1024 bytes apart, then adds up all of them: r3 is the sum at the system call. Uses r6 to r9 and ctr.
    .globl  job_program_fill
    .p2align 2
job_program_fill:
    sldi    6, 4, 2
    mtctr   6
    mr      7, 3
1:  std     5, 0(7)
    addi    5, 5, 1
    addi    7, 7, 1024
    bdnz    1b

// The sum alone: r3 and r4 as above.
    .globl  job_program_sum
job_program_sum:
    sldi    6, 4, 2
    mtctr   6
    li      8, 0
2:  ld      9, 0(3)
    add     8, 8, 9
    addi    3, 3, 1024
    bdnz    2b
    mr      3, 8
    sc
    .globl  job_programs_end
job_programs_end:
