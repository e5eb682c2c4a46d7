#include <stdio.h>
#include <string.h>

#include "machine.h"

uint64_t *context_word(uc_context *context, uint64_t offset)
{
    return (uint64_t *)((uint8_t *)context + offset);
}

uc_engine *cpu_engine(const struct cpu *cpu)
{
    return cpu->stepping ? cpu->steps : cpu->blocks;
}

/* A context's first word is the number of bytes after its header that save and restore copy: registers lie
 * first, so a small number makes both fast. */
void context_save(struct cpu *cpu, uint64_t end)
{
    *context_word(cpu->context, 0) = end - HEADER_BYTES;
    unicorn.context_save(cpu_engine(cpu), cpu->context);
}

void context_restore(struct cpu *cpu)
{
    unicorn.context_restore(cpu_engine(cpu), cpu->context);
}

uint64_t cpu_msr(const struct cpu *cpu)
{
    uint64_t msr = 0;
    unicorn.reg_read(cpu_engine(cpu), UC_PPC_REG_MSR, &msr);
    return msr;
}

uint64_t cpu_pc(const struct cpu *cpu)
{
    uint64_t pc = 0;
    unicorn.reg_read(cpu_engine(cpu), UC_PPC_REG_PC, &pc);
    return pc;
}

uint64_t cpu_spr(struct cpu *cpu, enum spr spr)
{
    uint64_t offset = cpu->machine->layout.spr + 8 * spr;
    context_save(cpu, offset + 8);
    return *context_word(cpu->context, offset);
}

/* HV can only be set in a restored context; writing MSR then brings the derived flags up to date. */
void cpu_write_msr(struct cpu *cpu, uint64_t msr)
{
    uint64_t offset = cpu->machine->layout.msr;
    context_save(cpu, offset + 8);
    *context_word(cpu->context, offset) = msr | MSR_HV;
    context_restore(cpu);
    unicorn.reg_write(cpu_engine(cpu), UC_PPC_REG_MSR, &msr);
}

uc_err cpu_open_engine(struct cpu *cpu, uc_engine **uc)
{
    struct machine *machine = cpu->machine;
    uc_err error = unicorn_open_ppc64(uc);
    if (!error)
        error = unicorn.mem_map_ptr(*uc, 0, machine->ram_bytes, UC_PROT_ALL, machine->ram);
    if (!error)
        error = unicorn.mmio_map(*uc, machine->device_base, machine->device_bytes, device_read_hook, cpu,
                                 device_write_hook, cpu);
    if (!error)
        error = unicorn.mem_protect(*uc, machine->device_base, machine->device_bytes, UC_PROT_NONE);
    /* Their range must leave RAM out: the library sends every access to a page in such a range the slow way. */
    uc_hook hook;
    if (!error)
        error = unicorn.hook_add(*uc, &hook, UC_HOOK_MEM_READ_PROT | UC_HOOK_MEM_WRITE_PROT, (void *)access_hook,
                                 cpu, machine->device_base, machine->device_base + machine->device_bytes - 1);
    if (!error)
        error = unicorn.hook_add(*uc, &hook, UC_HOOK_MEM_READ_UNMAPPED | UC_HOOK_MEM_WRITE_UNMAPPED,
                                 (void *)access_hook, cpu, machine->ram_bytes, UINT64_MAX);
    if (!error)
        error = unicorn.hook_add(*uc, &hook, UC_HOOK_INTR, (void *)exception_hook, cpu, 1, 0);
    return error;
}

uc_err cpu_open(struct cpu *cpu, struct machine *machine, uint32_t id)
{
    uc_hook hook;
    void *counts = machine->layout.inline_count ? (void *)first_block_hook : (void *)block_hook;
    cpu->machine = machine;
    cpu->id = id;
    cpu->timer = NEVER;
    uc_err error = cpu_open_engine(cpu, &cpu->blocks);
    if (!error)
        error = unicorn.hook_add(cpu->blocks, &hook, UC_HOOK_BLOCK, counts, cpu, 1, 0);
    if (!error)
        error = unicorn.context_alloc(cpu->blocks, &cpu->context);
    if (!error && machine->layout.stop_check)
        stop_check_off(cpu->blocks, machine->layout.stop_check);
    if (!error)
        cpu_write_msr(cpu, MSR_SF | MSR_ME);
    return error;
}

void cpu_close(struct cpu *cpu)
{
    if (cpu->context)
        unicorn.context_free(cpu->context);
    if (cpu->blocks)
        unicorn.close(cpu->blocks);
    if (cpu->steps)
        unicorn.close(cpu->steps);
}

void cpu_start(struct machine *machine, uint32_t id, uint64_t entry, uint64_t argument)
{
    struct cpu *cpu = &machine->cpus[id];
    const struct layout *layout = &machine->layout;
    cpu_write_msr(cpu, MSR_SF | MSR_ME);
    context_save(cpu, layout->nip + 8);
    *context_word(cpu->context, layout->gpr + 8 * 3) = id;
    *context_word(cpu->context, layout->gpr + 8 * 4) = argument;
    *context_word(cpu->context, layout->nip) = entry;
    context_restore(cpu);
    cpu->state = CPU_IDLE;
    wake_cpu(cpu, machine_now(machine));
}

void cpu_get_control(const struct machine *machine, uint32_t id, struct cpu_control *control)
{
    const struct cpu *cpu = &machine->cpus[id];
    *control = (struct cpu_control){
        .state = cpu->state,
        .held = cpu->held,
        .held_thread = cpu->held_thread,
        .instructions = cpu_executed(cpu),
        .time = cpu_time(cpu),
        .timer = cpu->timer,
        .rest = cpu->rest,
        .injected = cpu->injected,
        .check = cpu->check,
        .check_pc = cpu->check_pc,
        .check_dar = cpu->check_dar,
    };
}

void cpu_set_control(struct machine *machine, uint32_t id, const struct cpu_control *control)
{
    struct cpu *cpu = &machine->cpus[id];
    cpu->state = (enum cpu_state)control->state;
    cpu->held = control->held;
    cpu->held_thread = control->held_thread;
    cpu->counted = control->instructions;
    cpu->granted = cpu->fuel = 0;
    cpu->time_offset = control->time - control->instructions;
    cpu->timer = control->timer;
    cpu->rest = control->rest;
    cpu->injected = control->injected;
    cpu->check = control->check;
    cpu->check_pc = control->check_pc;
    cpu->check_dar = control->check_dar;
    cpu->code_stale = true;
}

void cpu_read_context(struct machine *machine, uint32_t id, uint64_t offset, void *bytes, uint64_t size)
{
    struct cpu *cpu = &machine->cpus[id];
    context_save(cpu, offset + size);
    memcpy(bytes, context_word(cpu->context, offset), size);
}

void cpu_write_context(struct machine *machine, uint32_t id, uint64_t offset, const void *bytes, uint64_t size)
{
    struct cpu *cpu = &machine->cpus[id];
    context_save(cpu, offset + size);
    memcpy(context_word(cpu->context, offset), bytes, size);
    context_restore(cpu);
}

void cpu_set_msr(struct machine *machine, uint32_t id, uint64_t msr)
{
    cpu_write_msr(&machine->cpus[id], msr);
}

void cpu_set_fpscr(struct machine *machine, uint32_t id, uint64_t fpscr)
{
    unicorn.reg_write(cpu_engine(&machine->cpus[id]), UC_PPC_REG_FPSCR, &fpscr);
}
