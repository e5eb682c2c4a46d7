/* From directives to slices: who runs next, and how far. */
#include <stdlib.h>
#include <string.h>

#include "machine.h"

static void record(struct machine *machine, uint64_t what, uint64_t amount)
{
    machine->log[machine->log_count++] = (struct slice_record){what, amount};
}

/* Directives that are done at once are recorded beside the slices, told apart by their kind. */
static void record_directive(struct machine *machine, const struct directive *directive)
{
    record(machine, (uint64_t)directive->kind << 32 | directive->cpu, directive->amount ^ directive->thread);
}

static void open(struct machine *machine, struct cpu *cpu, uint64_t amount, bool exact, uint64_t address)
{
    machine->slice_open = true;
    machine->slice_cpu = cpu;
    machine->slice_exact = exact;
    machine->slice_start = cpu_executed(cpu);
    machine->slice_goal = amount > NEVER - machine->slice_start ? NEVER : machine->slice_start + amount;
    machine->slice_address = address;
    machine->slice_passed = address != NEVER && cpu_pc(cpu) != address;
    share_run(machine);
}

/* Machine time stands still while one CPU runs alone, and a slice of a script may have no end: it is not to outlast
 * the run, and goes on with the next one. */
void share_run(struct machine *machine)
{
    machine->slice_share = NEVER;
    if (!machine->slice_open || machine->directive_next == machine->directive_count)
        return;
    uint32_t kind = machine->directives[machine->directive_next].kind;
    uint64_t time = cpu_time(machine->slice_cpu);
    if ((kind == DO_RUN || kind == DO_UNTIL) && machine->run_share < NEVER - time)
        machine->slice_share = time + machine->run_share;
}

void close_slice(struct machine *machine)
{
    uint64_t ran = cpu_executed(machine->slice_cpu) - machine->slice_start;
    machine->slice_open = false;
    record(machine, machine->slice_cpu->id, ran);
    if (machine->directive_next == machine->directive_count)
        return;
    struct directive *directive = &machine->directives[machine->directive_next];
    bool reached = machine->slice_address != NEVER && machine->slice_passed &&
                   cpu_pc(machine->slice_cpu) == machine->slice_address;
    bool used_up = false;
    if (directive->kind == DO_RUN || (directive->kind == DO_UNTIL && directive->amount)) {
        directive->amount -= smaller(ran, directive->amount);
        used_up = !directive->amount;
    }
    if (used_up || reached)
        machine->directive_next++;
}

/* No slice runs past the next event, or the end of turns, by more than a block. */
static uint64_t until_happening(const struct machine *machine, const struct cpu *cpu, uint64_t amount)
{
    const struct directive *directive = &machine->directives[machine->directive_next];
    uint64_t next = next_happening(machine);
    if (directive->kind == DO_TURNS_TIME)
        next = smaller(next, directive->address);
    uint64_t time = cpu_time(cpu);
    return next > time && next - time < amount ? next - time : amount;
}

static struct cpu *furthest_behind(struct machine *machine)
{
    struct cpu *best = NULL;
    for (uint32_t i = 0; i < machine->cpu_count; i++) {
        struct cpu *cpu = &machine->cpus[i];
        if (cpu_can_run(cpu) && (!best || cpu_time(cpu) < cpu_time(best)))
            best = cpu;
    }
    return best;
}

static void open_turn(struct machine *machine, const struct directive *directive)
{
    struct cpu *cpu = furthest_behind(machine);
    bool awaited = directive->kind == DO_TURNS_UNTIL && directive->cpu == cpu->id;
    open(machine, cpu, until_happening(machine, cpu, directive->amount), false,
         awaited ? directive->address : NEVER);
}

/* Any CPU less than a quantum ahead of the furthest behind, for a length whose logarithm is uniform: short slices
 * split sequences of a few instructions, long ones let work get done. */
static void open_random(struct machine *machine, uint64_t quantum)
{
    struct cpu *candidates[MAX_CPUS];
    uint32_t count = 0;
    uint64_t limit = least_time(machine) + quantum;
    for (uint32_t i = 0; i < machine->cpu_count; i++)
        if (cpu_can_run(&machine->cpus[i]) && cpu_time(&machine->cpus[i]) < limit)
            candidates[count++] = &machine->cpus[i];
    unsigned magnitudes = 0;
    while (magnitudes < 63 && 1ull << (magnitudes + 1) <= quantum)
        magnitudes++;
    struct cpu *cpu = candidates[random_next(machine->random) % count];
    uint64_t magnitude = random_next(machine->random) % (magnitudes + 1);
    uint64_t length = (1ull << magnitude) + random_next(machine->random) % (1ull << magnitude);
    uint64_t room = limit - cpu_time(cpu);
    open(machine, cpu, until_happening(machine, cpu, length < room ? length : room), true, NEVER);
}

/* With nothing to run, time goes to the next event or timer. */
static enum stop skip_idle_time(struct machine *machine)
{
    const struct directive *directive = &machine->directives[machine->directive_next];
    uint64_t next = next_happening(machine);
    if (directive->kind == DO_TURNS_TIME)
        next = smaller(next, directive->address);
    if (next == NEVER)
        return STOP_IDLE;
    if (next > machine->watch.deadline) {
        advance_time(machine, machine->watch.deadline);
        return STOP_DEADLINE;
    }
    advance_time(machine, next);
    return STOP_NONE;
}

static void send_message(struct machine *machine, uint32_t cpu, unsigned message)
{
    machine->interrupts.messages[cpu] |= 1ull << message;
    interrupts_changed(machine);
}

static void release_cpu(struct machine *machine, struct cpu *cpu)
{
    cpu->held = false;
    cpu->held_thread = 0;
    cpu_catch_up(cpu, machine->time);
    interrupts_changed(machine);
}

static void hold_thread(struct machine *machine, const struct directive *directive)
{
    if (machine->thread_hold_count == THREAD_HOLDS_MAX) {
        machine_fail(machine, "the schedule holds more than %u guest threads", THREAD_HOLDS_MAX);
        return;
    }
    machine->thread_holds[machine->thread_hold_count++] =
        (struct thread_hold){directive->thread, directive->address};
}

static bool forget_hold(struct machine *machine, uint32_t index)
{
    machine->thread_holds[index] = machine->thread_holds[--machine->thread_hold_count];
    return true;
}

/* A thread is released where it is held: not at all yet, with its CPU, or set aside by the guest. */
static void release_thread(struct machine *machine, uint64_t thread)
{
    for (uint32_t i = 0; i < machine->thread_hold_count; i++)
        if (machine->thread_holds[i].thread == thread && forget_hold(machine, i))
            return;
    for (uint32_t i = 0; i < machine->cpu_count; i++)
        if (machine->cpus[i].held_thread == thread) {
            release_cpu(machine, &machine->cpus[i]);
            return;
        }
    uint32_t waiting = 0;
    while (waiting < RELEASES_MAX && machine->interrupts.releases[waiting])
        waiting++;
    if (waiting == RELEASES_MAX) {
        machine_fail(machine, "the guest has not taken %u releases of threads", RELEASES_MAX);
        return;
    }
    machine->interrupts.releases[waiting] = thread;
    for (uint32_t i = 0; i < machine->cpu_count; i++)
        if (machine->cpus[i].state != CPU_OFF && !machine->cpus[i].held) {
            send_message(machine, i, MESSAGE_RELEASE);
            return;
        }
}

/* With interrupts on, the guest sets the thread aside and its CPU goes on; otherwise the CPU is held. */
static void set_aside(struct cpu *cpu, uint64_t thread)
{
    struct interrupt_controller *controller = &cpu->machine->interrupts;
    uint64_t source = LINES + MESSAGE_SET_ASIDE;
    bool heard = cpu_msr(cpu) & MSR_EE && controller->enabled[cpu->id] >> source & 1 &&
                 controller->priority[source] > controller->threshold[cpu->id];
    if (heard) {
        controller->set_aside[cpu->id] = thread;
        send_message(cpu->machine, cpu->id, MESSAGE_SET_ASIDE);
    } else {
        cpu->held = true;
        cpu->held_thread = thread;
    }
}

uint32_t thread_hold_at(struct cpu *cpu, uint64_t address)
{
    const struct machine *machine = cpu->machine;
    for (uint32_t i = 0; i < machine->thread_hold_count; i++)
        if (machine->thread_holds[i].address == address && cpu_spr(cpu, SPR_SPRG3) == machine->thread_holds[i].thread)
            return i;
    return NO_THREAD_HOLD;
}

void apply_thread_holds(struct cpu *cpu)
{
    struct machine *machine = cpu->machine;
    if (!machine->thread_hold_count)
        return;
    uint32_t hold = thread_hold_at(cpu, cpu_pc(cpu));
    if (hold == NO_THREAD_HOLD)
        return;
    uint64_t thread = machine->thread_holds[hold].thread;
    forget_hold(machine, hold);
    set_aside(cpu, thread);
}

/* Carries out a directive that takes no time. */
static void act(struct machine *machine, const struct directive *directive)
{
    struct cpu *cpu = &machine->cpus[directive->cpu];
    switch (directive->kind) {
    case DO_HOLD_CPU:
        cpu->held = true;
        break;
    case DO_RELEASE_CPU:
        release_cpu(machine, cpu);
        break;
    case DO_HOLD_THREAD:
        hold_thread(machine, directive);
        break;
    case DO_RELEASE_THREAD:
        release_thread(machine, directive->thread);
        break;
    case DO_INJECT:
        cpu_inject(machine, directive->cpu, directive->amount);
        break;
    case DO_RAISE:
        interrupts_set_line(&machine->interrupts, (uint32_t)directive->amount, true);
        interrupts_changed(machine);
        break;
    }
    record_directive(machine, directive);
    machine->directive_next++;
}

/* A CPU that sleeps is waited for; one that is off, held, or sleeps for ever ends its directive. */
static enum stop open_scripted(struct machine *machine, const struct directive *directive)
{
    struct cpu *cpu = &machine->cpus[directive->cpu];
    if (cpu_can_run(cpu)) {
        bool until = directive->kind == DO_UNTIL;
        open(machine, cpu, directive->amount ? directive->amount : NEVER, true,
             until ? directive->address : NEVER);
        return STOP_NONE;
    }
    enum stop stop = cpu->state == CPU_IDLE && !cpu->held ? skip_idle_time(machine) : STOP_IDLE;
    if (stop != STOP_IDLE)
        return stop;
    machine->directive_next++;
    return STOP_NONE;
}

static enum stop open_free(struct machine *machine, const struct directive *directive)
{
    if (least_time(machine) == NEVER)
        return skip_idle_time(machine);
    if (directive->kind == DO_RANDOM)
        open_random(machine, directive->amount);
    else
        open_turn(machine, directive);
    return STOP_NONE;
}

static enum stop carry_out(struct machine *machine)
{
    if (machine->directive_next == machine->directive_count)
        return STOP_DIRECTIVES;
    const struct directive *directive = &machine->directives[machine->directive_next];
    switch (directive->kind) {
    case DO_TURNS:
    case DO_TURNS_UNTIL:
    case DO_RANDOM:
        return open_free(machine, directive);
    case DO_TURNS_TIME:
        if (machine->time < directive->address)
            return open_free(machine, directive);
        machine->directive_next++;
        return STOP_NONE;
    case DO_STOP:
        machine->directive_next++;
        return STOP_SCRIPT;
    case DO_RUN:
    case DO_UNTIL:
        return open_scripted(machine, directive);
    default:
        act(machine, directive);
        return STOP_NONE;
    }
}

enum stop open_slice(struct machine *machine)
{
    uint64_t least = least_time(machine);
    advance_time(machine, least == NEVER ? machine->time : least);
    if (machine->stop_requested)
        return STOP_REQUESTED;
    if (machine->log_count + 1 >= LOG_MAX)
        return STOP_LOG_FULL;
    if (machine->time >= machine->watch.deadline)
        return STOP_DEADLINE;
    return carry_out(machine);
}

void machine_end_slice(struct machine *machine)
{
    if (machine->slice_open && machine->log_count < LOG_MAX)
        close_slice(machine);
    for (uint32_t i = 0; i < machine->cpu_count; i++)
        machine->cpus[i].rest = 0;
}

int machine_set_directives(struct machine *machine, const struct directive *directives, uint32_t count)
{
    struct directive *copy = malloc((count + 1) * sizeof *copy); /* one to spare: never of no bytes */
    if (!copy)
        return 1;
    memcpy(copy, directives, count * sizeof *copy);
    free(machine->directives);
    machine->directives = copy;
    machine->directive_next = 0;
    machine->directive_count = count;
    return 0;
}

uint32_t machine_get_directives(const struct machine *machine, struct directive *directives, uint32_t room)
{
    uint32_t left = machine->directive_count - machine->directive_next;
    for (uint32_t i = 0; i < left && i < room; i++)
        directives[i] = machine->directives[machine->directive_next + i];
    return left;
}

uint32_t machine_take_log(struct machine *machine, struct slice_record *records)
{
    uint32_t count = machine->log_count;
    for (uint32_t i = 0; i < count; i++)
        records[i] = machine->log[i];
    machine->log_count = 0;
    return count;
}

void machine_seed(struct machine *machine, uint64_t seed)
{
    random_seed(machine->random, seed);
}
