// The state of the interrupted code, as the exception entry saves it and the exception return restores it.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "arch/ppc64/asm_offsets.h"

namespace arch {

// Exception vectors of the Power ISA (Book III, "Interrupt Vector Offsets").
enum class Vector : uint64_t {
    SYSTEM_RESET = 0x100,
    MACHINE_CHECK = 0x200,
    DATA_STORAGE = 0x300,
    DATA_SEGMENT = 0x380,
    INSTRUCTION_STORAGE = 0x400,
    INSTRUCTION_SEGMENT = 0x480,
    EXTERNAL = 0x500,
    ALIGNMENT = 0x600,
    PROGRAM = 0x700,
    FLOATING_POINT_UNAVAILABLE = 0x800,
    DECREMENTER = 0x900,
    SYSTEM_CALL = 0xC00,
    TRACE = 0xD00,
    EMULATION_ASSISTANCE = 0xE40,
    VECTOR_UNAVAILABLE = 0xF20,
    VSX_UNAVAILABLE = 0xF40,
};

struct TrapFrame {
    uint64_t gpr[32];
    uint64_t cr;
    uint64_t xer;
    uint64_t lr;
    uint64_t ctr;
    uint64_t srr0; // where the interrupted code goes on
    uint64_t srr1; // its machine state, and the reason bits of program and instruction storage interrupts
    uint64_t dar;
    uint64_t dsisr;
    Vector vector;
    uint64_t padding; // keeps the frame a multiple of 16 bytes

    bool from_problem_state() const { return (srr1 & ASM_MSR_PR) != 0; }
    bool interrupts_were_on() const { return (srr1 & ASM_MSR_EE) != 0; }
    uint64_t stack_pointer() const { return gpr[1]; }
};

static_assert(sizeof(TrapFrame) == FRAME_SIZE);
static_assert(offsetof(TrapFrame, cr) == FRAME_CR && offsetof(TrapFrame, xer) == FRAME_XER);
static_assert(offsetof(TrapFrame, lr) == FRAME_LR && offsetof(TrapFrame, ctr) == FRAME_CTR);
static_assert(offsetof(TrapFrame, srr0) == FRAME_SRR0 && offsetof(TrapFrame, srr1) == FRAME_SRR1);
static_assert(offsetof(TrapFrame, dar) == FRAME_DAR && offsetof(TrapFrame, dsisr) == FRAME_DSISR);
static_assert(offsetof(TrapFrame, vector) == FRAME_VECTOR);

const char* name_of(Vector vector);

}
