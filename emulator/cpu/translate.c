/* Radix translation as the CPU does it (Power ISA 3.0B, book III, 5.7.10), without side effects. */
#include "machine.h"

#define ENTRY_VALID (1ull << 63)
#define ENTRY_LEAF (1ull << 62)
#define NEXT_BASE 0x0FFFFFFFFFFFFF00ull
#define NEXT_SIZE 0x1Full
#define PAGE_NUMBER 0x01FFFFFFFFFFF000ull
#define LEVELS_MAX 5

static bool read_doubleword(const struct machine *machine, uint64_t physical, uint64_t *value)
{
    if (physical > machine->ram_bytes - 8)
        return false;
    uint64_t result = 0;
    for (unsigned i = 0; i < 8; i++)
        result = result << 8 | machine->ram[physical + i];
    *value = result;
    return true;
}

static bool walk(const struct machine *machine, uint64_t root, uint64_t effective, uint64_t *physical)
{
    uint64_t bits = ((root >> 61 & 3) << 3 | (root >> 5 & 7)) + 31;
    uint64_t base = root & NEXT_BASE;
    uint64_t size = root & NEXT_SIZE;
    effective &= ~(3ull << 62);
    if (bits < 64 && effective >> bits)
        return false;
    for (unsigned level = 0; level < LEVELS_MAX; level++) {
        uint64_t entry;
        if (size < 5 || size > bits)
            return false;
        bits -= size;
        uint64_t index = effective >> bits & ((1ull << size) - 1);
        if (!read_doubleword(machine, base + 8 * index, &entry) || !(entry & ENTRY_VALID))
            return false;
        if (entry & ENTRY_LEAF) {
            uint64_t offset = (1ull << bits) - 1;
            *physical = (entry & PAGE_NUMBER & ~offset) | (effective & offset);
            return true;
        }
        base = entry & NEXT_BASE;
        size = entry & NEXT_SIZE;
    }
    return false;
}

/* Quadrant 0 belongs to the process in PIDR, quadrant 3 to process 0; 1 and 2 are for guests of a hypervisor. */
static bool translate(const struct machine *machine, uint64_t ptcr, uint64_t pid, uint64_t effective,
                      uint64_t *physical)
{
    uint64_t partition, process, root;
    uint64_t quadrant = effective >> 62;
    if (quadrant == 1 || quadrant == 2)
        return false;
    if (quadrant == 3)
        pid = 0;
    if (!read_doubleword(machine, (ptcr & 0x0FFFFFFFFFFFF000ull) + 8, &partition))
        return false;
    process = (partition & 0x0FFFFFFFFFFFF000ull) + 16 * (pid & 0xFFFFF);
    return read_doubleword(machine, process, &root) && walk(machine, root, effective, physical);
}

bool cpu_translate(struct machine *machine, uint32_t id, uint64_t effective, bool real, uint64_t *physical)
{
    struct cpu *cpu = &machine->cpus[id];
    if (real) {
        *physical = effective & 0x0FFFFFFFFFFFFFFFull;
        return true;
    }
    uint64_t ptcr = cpu_spr(cpu, SPR_PTCR); /* the furthest first: the context then holds PIDR too */
    uint64_t pid = *context_word(cpu->context, machine->layout.spr + 8 * SPR_PIDR);
    return translate(machine, ptcr, pid, effective, physical);
}

bool fetch_instruction(struct cpu *cpu, uint64_t address, uint32_t *instruction)
{
    uint64_t physical, doubleword;
    bool real = !(cpu_msr(cpu) & MSR_IR);
    if (!cpu_translate(cpu->machine, cpu->id, address, real, &physical) ||
        !read_doubleword(cpu->machine, physical & ~7ull, &doubleword))
        return false;
    *instruction = (uint32_t)(physical & 4 ? doubleword : doubleword >> 32);
    return true;
}
