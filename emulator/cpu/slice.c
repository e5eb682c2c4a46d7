/* Running one slice: in and out of the library until the slice has ended or the host wants to look. */
#include "machine.h"

/* The library stops by itself where access_hook() refused, or where it fetches from nowhere. */
static bool absorb_error(struct cpu *cpu, uc_err error)
{
    uint64_t pc = cpu_pc(cpu);
    if (error == UC_ERR_FETCH_UNMAPPED) {
        cpu->check = CHECK_MEMORY;
        cpu->check_pc = cpu->check_dar = pc;
    }
    if (cpu->check && pc == cpu->check_pc)
        cpu_refund(cpu, pc);
    if (error && !cpu->check)
        machine_fail(cpu->machine, "CPU %u at %#llx: %s", cpu->id, (unsigned long long)pc,
                     unicorn.strerror(error));
    return !error || cpu->check;
}

static bool run_blocks(struct cpu *cpu)
{
    cpu->leave = LEAVE_NONE;
    cpu_settle(cpu);
    uc_err error = unicorn.emu_start(cpu->blocks, cpu_pc(cpu), 0, 0, 0);
    return absorb_error(cpu, error);
}

static bool run_steps(struct cpu *cpu, uint64_t count)
{
    if (!count)
        return true;
    cpu->leave = LEAVE_NONE;
    if (cpu->machine->stretches)
        stretches_note(cpu, cpu_pc(cpu), count);
    profile_note(cpu, cpu_pc(cpu), cpu_pc(cpu) + 4 * count);
    uc_err error = cpu_run_steps(cpu, count);
    if (cpu->leave || cpu->check || error)
        cpu->rest = 0; /* an exception cut the block short */
    return absorb_error(cpu, error);
}

static bool slice_ended(struct machine *machine)
{
    struct cpu *cpu = machine->slice_cpu;
    if (!cpu_can_run(cpu))
        return true;
    if (machine->slice_exact && cpu_executed(cpu) >= machine->slice_goal)
        return true;
    return machine->slice_address != NEVER && machine->slice_passed && cpu_pc(cpu) == machine->slice_address;
}

static enum stop watch_stop(const struct cpu *cpu)
{
    const struct watch *watch = &cpu->machine->watch;
    if (watch->cpu == cpu->id && cpu_executed(cpu) == watch->instructions)
        return STOP_INSTRUCTIONS;
    return watch->cpu == cpu->id && cpu_pc(cpu) == watch->address ? STOP_ADDRESS : STOP_DEADLINE;
}

/* What a host stop left of a block, as far as another one lets it run. */
static enum stop run_rest(struct cpu *cpu)
{
    uint64_t rest = cpu->rest;
    uint64_t point = watch_point(cpu, cpu_pc(cpu), rest);
    bool stops = point != NEVER;
    cpu->rest = stops ? rest - point : 0;
    if (!run_steps(cpu, stops ? point : rest))
        return STOP_FAULT;
    return stops && !cpu->leave && !cpu->check ? watch_stop(cpu) : STOP_NONE;
}

static void prepare(struct cpu *cpu)
{
    if (cpu->code_stale) {
        unicorn_flush_code(cpu->blocks);
        unicorn_flush_tlb(cpu->blocks);
        if (cpu->steps)
            unicorn_flush_code(cpu->steps);
        cpu->code_stale = false;
    }
}

/* Runs to the next point of decision. Sets `*ended` at the slice's end. */
static enum stop run_further(struct cpu *cpu, bool *ended)
{
    deliver_pending(cpu);
    if (!run_blocks(cpu))
        return STOP_FAULT;
    *ended = cpu->leave == LEAVE_SLICE_END;
    if (cpu->leave == LEAVE_PART)
        return run_steps(cpu, cpu->part) ? STOP_NONE : STOP_FAULT;
    if (cpu->leave != LEAVE_WATCH)
        return STOP_NONE;
    if (!run_steps(cpu, cpu->part))
        return STOP_FAULT;
    /* Without a part nothing was run that an exception could have cut short. */
    return !cpu->part || (!cpu->leave && !cpu->check) ? watch_stop(cpu) : STOP_NONE;
}

enum stop run_slice(struct machine *machine)
{
    struct cpu *cpu = machine->slice_cpu;
    enum stop stop = STOP_NONE;
    bool ended = false;
    machine->serving = cpu;
    while (!stop && !ended) {
        prepare(cpu);
        if (machine->stop_requested)
            stop = STOP_REQUESTED;
        else if (cpu->rest)
            stop = run_rest(cpu);
        else if (slice_ended(machine))
            ended = true;
        else {
            apply_thread_holds(cpu);
            if (cpu_can_run(cpu))
                stop = run_further(cpu, &ended);
        }
    }
    cpu_settle(cpu);
    machine->serving = NULL;
    if (ended)
        close_slice(machine);
    return stop;
}
