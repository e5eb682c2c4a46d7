/* Virtual time: each CPU's own, the machine's, and CPUs that sleep. */
#include "machine.h"

bool cpu_can_run(const struct cpu *cpu)
{
    return cpu->state == CPU_RUNNING && !cpu->held;
}

/* A CPU that slept has used no time of its own: it catches up. */
void wake_cpu(struct cpu *cpu, uint64_t time)
{
    cpu->state = CPU_RUNNING;
    cpu_catch_up(cpu, time);
}

void cpu_catch_up(struct cpu *cpu, uint64_t time)
{
    if (cpu_time(cpu) < time)
        cpu->time_offset += time - cpu_time(cpu);
}

/* The least time of the CPUs that can run; NEVER when none can. */
uint64_t least_time(const struct machine *machine)
{
    uint64_t least = NEVER;
    for (uint32_t i = 0; i < machine->cpu_count; i++) {
        const struct cpu *cpu = &machine->cpus[i];
        if (cpu_can_run(cpu) && cpu_time(cpu) < least)
            least = cpu_time(cpu);
    }
    return least;
}

/* The next time at which something happens without any CPU's doing. */
uint64_t next_happening(const struct machine *machine)
{
    uint64_t next = machine->next_event;
    for (uint32_t i = 0; i < machine->cpu_count; i++) {
        const struct cpu *cpu = &machine->cpus[i];
        if (cpu->state == CPU_IDLE && !cpu->held && cpu->timer < next)
            next = cpu->timer;
    }
    return next;
}

static void wake_by_timers(struct machine *machine)
{
    for (uint32_t i = 0; i < machine->cpu_count; i++) {
        struct cpu *cpu = &machine->cpus[i];
        if (cpu->state == CPU_IDLE && cpu->timer <= machine->time)
            wake_cpu(cpu, cpu->timer);
    }
}

void advance_time(struct machine *machine, uint64_t time)
{
    if (machine->time < time)
        machine->time = time;
    wake_by_timers(machine);
    if (machine->next_event <= machine->time)
        machine->callbacks.events(machine->time);
}

void interrupts_changed(struct machine *machine)
{
    for (uint32_t i = 0; i < machine->cpu_count; i++) {
        struct cpu *cpu = &machine->cpus[i];
        if (interrupts_best(&machine->interrupts, i) == NO_SOURCE)
            continue;
        if (cpu->state == CPU_IDLE)
            wake_cpu(cpu, machine_now(machine));
        cpu_look_up(cpu);
    }
}

uint64_t machine_time(const struct machine *machine)
{
    uint64_t least = least_time(machine);
    return least != NEVER && least > machine->time ? least : machine->time;
}

uint64_t machine_now(const struct machine *machine)
{
    const struct cpu *cpu = machine->serving;
    return cpu ? cpu_time(cpu) - cpu->behind : machine_time(machine);
}

/* Monotonic over all CPUs, though their times differ by up to a slice. */
uint64_t machine_read_clock(struct machine *machine, uint32_t id)
{
    const struct cpu *cpu = &machine->cpus[id];
    uint64_t time = machine->serving == cpu ? machine_now(machine) : cpu_time(cpu);
    if (machine->clock < time)
        machine->clock = time;
    return machine->clock;
}

void machine_set_next_event(struct machine *machine, uint64_t time)
{
    struct cpu *cpu = machine->serving;
    machine->next_event = time;
    if (!cpu || machine->slice_exact || time == NEVER)
        return;
    uint64_t goal = cpu_executed(cpu) + (time > cpu_time(cpu) ? time - cpu_time(cpu) : 0);
    if (goal < machine->slice_goal)
        machine->slice_goal = goal; /* the event is in this slice: do not run past it */
    cpu_look_up(cpu);
}
