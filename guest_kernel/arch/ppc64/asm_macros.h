// Macros of the assembly files.
#pragma once

// A 64-bit link-time constant into a register, without memory or r2.
.macro LOAD_ADDRESS register, symbol
    lis     \register, \symbol@highest
    ori     \register, \register, \symbol@higher
    rldicr  \register, \register, 32, 31
    oris    \register, \register, \symbol@high
    ori     \register, \register, \symbol@l
.endm

// A function that C++ may call: global and local entry are one, because none of these needs r2 set up.
.macro FUNCTION name
    .globl  \name
    .type   \name, @function
    .p2align 2
\name:
.endm

.macro END_FUNCTION name
    .size   \name, . - \name
.endm
