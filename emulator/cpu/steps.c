/* Parts of blocks. A block hook can stop only before a block; to end inside one, the registers move to a second
 * engine of the same CPU, in which every instruction calls a hook, and back. */
#include <string.h>

#include "machine.h"

/* Instructions after which the fast engine's translations could be out of date: opcode 31 with these extended
 * opcodes, of which mtspr is the one that changes PTCR, LPCR and PIDR. */
static bool changes_mmu(uint32_t instruction)
{
    if (instruction >> 26 != 31)
        return false;
    switch (instruction >> 1 & 0x3FF) {
    case 467: /* mtspr */
    case 274: /* tlbiel */
    case 306: /* tlbie */
    case 402: /* slbmte */
    case 434: /* slbie */
    case 498: /* slbia */
        return true;
    default:
        return false;
    }
}

/* Does the fast engine have to look up its translations anew after this part of a block? */
static bool part_changes_mmu(struct cpu *cpu, uint64_t pc, uint64_t count)
{
    const struct machine *machine = cpu->machine;
    uint64_t physical;
    bool real = !(cpu_msr(cpu) & MSR_IR);
    if (!cpu_translate(cpu->machine, cpu->id, pc, real, &physical) || physical + 4 * count > machine->ram_bytes)
        return true;
    for (uint64_t i = 0; i < count; i++) {
        const uint8_t *bytes = machine->ram + physical + 4 * i;
        if (changes_mmu((uint32_t)bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3]))
            return true;
    }
    return false;
}

static void step_hook(uc_engine *uc, uint64_t address, uint32_t bytes, void *user)
{
    struct cpu *cpu = user;
    (void)bytes;
    if (!cpu->steps_left) {
        unicorn.emu_stop(uc);
        return;
    }
    cpu->steps_left--;
    point_log_reach(cpu, address);
}

static uc_err open_steps(struct cpu *cpu)
{
    uc_hook hook;
    if (cpu->steps)
        return UC_ERR_OK;
    uc_err error = cpu_open_engine(cpu, &cpu->steps);
    if (!error)
        error = unicorn.hook_add(cpu->steps, &hook, UC_HOOK_CODE, (void *)step_hook, cpu, 1, 0);
    return error;
}

/* Floating-point and vector registers lie far behind the others and between pointers of the engine that owns
 * them: they move only when the program may have touched them, and field by field. */
static void move_vectors(struct cpu *cpu, uc_engine *from, uc_engine *to)
{
    const struct layout *layout = &cpu->machine->layout;
    uint8_t vsr[64 * 16];
    uint64_t fpscr;
    uint64_t end = layout->fpscr + 8;
    uint8_t *bytes = (uint8_t *)cpu->context;
    *context_word(cpu->context, 0) = end - HEADER_BYTES;
    unicorn.context_save(from, cpu->context);
    memcpy(vsr, bytes + layout->vsr, sizeof vsr);
    fpscr = *context_word(cpu->context, layout->fpscr);
    unicorn.context_save(to, cpu->context);
    memcpy(bytes + layout->vsr, vsr, sizeof vsr);
    unicorn.context_restore(to, cpu->context);
    unicorn.reg_write(to, UC_PPC_REG_FPSCR, &fpscr);
}

static void move_registers(struct cpu *cpu, uc_engine *from, uc_engine *to)
{
    const struct layout *layout = &cpu->machine->layout;
    uint64_t msr;
    *context_word(cpu->context, 0) = layout->spr + 8 * 1024 - HEADER_BYTES;
    unicorn.context_save(from, cpu->context);
    unicorn.context_restore(to, cpu->context);
    msr = *context_word(cpu->context, layout->msr);
    unicorn.reg_write(to, UC_PPC_REG_MSR, &msr);
    if (msr & (MSR_FP | MSR_VEC | MSR_VSX))
        move_vectors(cpu, from, to);
}

uc_err cpu_run_steps(struct cpu *cpu, uint64_t count)
{
    uc_err error = open_steps(cpu);
    if (error)
        return error;
    uint64_t pc = cpu_pc(cpu);
    bool flush = part_changes_mmu(cpu, pc, count);
    move_registers(cpu, cpu->blocks, cpu->steps);
    unicorn_flush_tlb(cpu->steps); /* the guest may have invalidated entries of the fast engine only */
    cpu_settle(cpu);
    cpu->counted += count;
    cpu->block = pc;
    cpu->block_bytes = 4 * (uint32_t)count;
    cpu->steps_left = count;
    cpu->stepping = true;
    error = unicorn.emu_start(cpu->steps, pc, 0, 0, 0);
    cpu->stepping = false;
    move_registers(cpu, cpu->steps, cpu->blocks);
    if (flush)
        unicorn_flush_tlb(cpu->blocks);
    return error;
}
