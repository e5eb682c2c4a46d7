// A loop with a known value in every register, to be interrupted anywhere.
#include "arch/ppc64/asm_keep.h"
#include "arch/ppc64/asm_macros.h"

#define RED_ZONE_END -288

.macro EXPECT_VALUE register, value
    cmpdi   \register, \value
    bne     registers_changed
.endm

    .text

// keep_registers_at(rounds r3, stack r4): the same with r1 = r4 meanwhile.
FUNCTION keep_registers_at
    mflr    0
    std     0, STACK_LR(1)
    std     1, -STACK_HEADER(4)
    addi    1, 4, -STACK_HEADER
    bl      keep_registers
    nop
    ld      1, 0(1)
    ld      0, STACK_LR(1)
    mtlr    0
    blr
END_FUNCTION keep_registers_at

// keep_registers(rounds r3) -> r3 = 1 if every register, CR, XER, LR, CTR and the red zone were kept, else 0.
FUNCTION keep_registers
    KEEP_REGISTERS
    .irp    n, 0,4,5,6,7,8,9,10,11,12,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    li      \n, 0x200 + \n
    .endr
    mtlr    30
    mtctr   31
    lis     31, 0xA000
    mtxer   31                          // SO and CA
    li      31, 0x200 + 31
    lis     4, 0x1234
    ori     4, 4, 0x5678
    mtcr    4
    li      4, 0x200 + 4
    std     14, RED_ZONE_END(1)
    std     15, -8(1)
    .globl  keep_registers_loop
keep_registers_loop:
    addi    3, 3, -1
    add     4, 4, 5
    subf    4, 5, 4
    xor     20, 20, 21
    xor     20, 20, 21
    std     16, -16(1)
    ld      16, -16(1)
    addi    6, 1, -24
    ldarx   7, 0, 6
    mr      8, 7
    stdcx.  8, 0, 6                     // may fail after an interrupt; CR0 is set anew below
    li      6, 0x200 + 6
    li      7, 0x200 + 7
    li      8, 0x200 + 8
    mflr    9
    mtlr    9
    li      9, 0x200 + 9
    cmpdi   0, 3, 0
    .globl  keep_registers_loop_end
keep_registers_loop_end:
    bgt     0, keep_registers_loop

    // r2 is put right at the end.
    mfcr    2
    cmpdi   3, 0                        // all rounds were run
    li      3, 0
    bne     registers_changed
    EXPECT_VALUE 4, 0x200 + 4
    clrlwi  2, 2, 4                     // CR1 to CR7; the loop sets CR0
    lis     4, 0x0234
    ori     4, 4, 0x5678
    cmpd    2, 4
    bne     registers_changed
    .irp    n, 0,5,6,7,8,9,10,11,12,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    EXPECT_VALUE \n, 0x200 + \n
    .endr
    mflr    4
    EXPECT_VALUE 4, 0x21E
    mfctr   4
    EXPECT_VALUE 4, 0x21F
    mfxer   4
    rlwinm  4, 4, 4, 28, 31
    EXPECT_VALUE 4, 0xA
    ld      4, RED_ZONE_END(1)
    EXPECT_VALUE 4, 0x20E
    ld      4, -8(1)
    EXPECT_VALUE 4, 0x20F
    li      3, 1
registers_changed:
    LOAD_ADDRESS 2, .TOC.
    RESTORE_REGISTERS
    blr
END_FUNCTION keep_registers

// keep_over_call(function r3, value r4) -> r3 = 1 if r14-r31 were kept while function() ran, else 0. What they hold
// depends on `value`.
FUNCTION keep_over_call
    KEEP_REGISTERS
    std     4, KEEP_ARGUMENT(1)
    .irp    n, 14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    addi    \n, 4, \n
    .endr
    mr      12, 3
    mtctr   12
    bctrl
    li      3, 0
    ld      4, KEEP_ARGUMENT(1)
    .irp    n, 14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    addi    5, 4, \n
    cmpd    5, \n
    bne     call_changed
    .endr
    li      3, 1
call_changed:
    RESTORE_REGISTERS
    blr
END_FUNCTION keep_over_call
