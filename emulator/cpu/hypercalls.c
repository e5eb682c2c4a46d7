/* The hypercalls that need no host; the others go to the callback. Numbers: emulator/abi/hypercalls.py. */
#include "machine.h"

enum hypercall {
    CLOCK_READ = 1,
    IDLE = 2,
    TIMER_SET = 3,
    TLB_INVALIDATE = 4,
    START_CPU = 5,
    CODE_SYNC = 6,
    INSTRUCTIONS = 7,
};

enum { OK = 0, INVALID = -2, BUSY = -4 };

static int64_t idle(struct cpu *cpu)
{
    if (!cpu_interrupt_pending(cpu) && !cpu->injected) {
        cpu->state = CPU_IDLE;
        cpu_leave(cpu);
    }
    return OK;
}

static int64_t set_timer(struct cpu *cpu, uint64_t deadline)
{
    uint64_t earliest = cpu_time(cpu) + TIMER_MINIMUM;
    cpu->timer = deadline < earliest ? earliest : deadline;
    cpu_look_up(cpu);
    return OK;
}

static int64_t start(struct cpu *cpu, uint64_t target, uint64_t entry, uint64_t argument)
{
    struct machine *machine = cpu->machine;
    if (target >= machine->cpu_count || entry % 4 || entry >= machine->ram_bytes)
        return INVALID;
    if (machine->cpus[target].state != CPU_OFF)
        return BUSY;
    cpu_start(machine, (uint32_t)target, entry, argument);
    return OK;
}

static int64_t dispatch(struct cpu *cpu, uint64_t number, const uint64_t arguments[6], uint64_t *value)
{
    struct machine *machine = cpu->machine;
    switch (number) {
    case CLOCK_READ:
        *value = machine_read_clock(machine, cpu->id);
        return OK;
    case IDLE:
        return idle(cpu);
    case TIMER_SET:
        return set_timer(cpu, arguments[0]);
    case TLB_INVALIDATE:
        machine_flush_tlb(machine);
        return OK;
    case START_CPU:
        return start(cpu, arguments[0], arguments[1], arguments[2]);
    case CODE_SYNC:
        machine_flush_code(machine);
        cpu_leave(cpu);
        return OK;
    case INSTRUCTIONS:
        *value = cpu_executed(cpu);
        return OK;
    default:
        return machine->callbacks.hypercall(cpu->id, number, arguments, value);
    }
}

void serve_hypercall(struct cpu *cpu)
{
    uint64_t gpr = cpu->machine->layout.gpr;
    uint64_t value = 0, arguments[6];
    context_save(cpu, gpr + 8 * 10);
    uint64_t number = *context_word(cpu->context, gpr + 8 * 3);
    for (unsigned i = 0; i < 6; i++)
        arguments[i] = *context_word(cpu->context, gpr + 8 * (4 + i));
    int64_t status = dispatch(cpu, number, arguments, &value);
    unicorn.reg_write(cpu_engine(cpu), UC_PPC_REG_0 + 3, &status);
    unicorn.reg_write(cpu_engine(cpu), UC_PPC_REG_0 + 4, &value);
    if (cpu->machine->stop_requested)
        cpu_leave(cpu);
}
