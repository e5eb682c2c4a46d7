/* Effective addresses of loads and stores: the library sets no DAR on alignment and missing memory. */
#include "machine.h"

static uint64_t gpr(const struct cpu *cpu, unsigned number)
{
    return *context_word(cpu->context, cpu->machine->layout.gpr + 8 * number);
}

bool effective_address(const struct cpu *cpu, uint32_t instruction, uint64_t *address)
{
    unsigned opcode = instruction >> 26;
    unsigned ra = instruction >> 16 & 31;
    unsigned rb = instruction >> 11 & 31;
    uint64_t base = ra ? gpr(cpu, ra) : 0;
    if (opcode >= 32 && opcode <= 55)                      /* D form: lwz .. stfdu */
        *address = base + (uint64_t)(int16_t)instruction;
    else if (opcode == 58 || opcode == 62)                 /* DS form: ld, ldu, lwa, std, stdu */
        *address = base + (uint64_t)(int16_t)(instruction & 0xFFFC);
    else if (opcode == 56)                                 /* DQ form: lq */
        *address = base + (uint64_t)(int16_t)(instruction & 0xFFF0);
    else if (opcode == 31)                                 /* X form: indexed */
        *address = base + gpr(cpu, rb);
    else
        return false;
    return true;
}
