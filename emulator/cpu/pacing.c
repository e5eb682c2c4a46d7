/* Counting instructions and deciding, at the start of each translation block, whether it may run.
 *
 * The fast path is one subtraction: while there is fuel, a block takes its length from it. Fuel is granted up to
 * the next thing that could matter, so that only the blocks there decide at leisure. It is counted in bytes of
 * instructions, as the library tells a block's length: every instruction here is executed for each block. Where it can
 * be (inline_count.c), the fast path is part of the block itself. */
#include "machine.h"

#define NO_POINT UINT64_MAX

void cpu_settle(struct cpu *cpu)
{
    cpu->counted = cpu_executed(cpu);
    cpu->granted = cpu->fuel = 0;
}

void cpu_refund(struct cpu *cpu, uint64_t next)
{
    if (next >= cpu->block && next < cpu_block_end(cpu)) {
        cpu->fuel += (int64_t)(cpu_block_end(cpu) - next);
        profile_take_back(cpu, next, cpu_block_end(cpu));
    }
    cpu->block = cpu->block_bytes = 0;
}

void cpu_look_up(struct cpu *cpu)
{
    if (cpu->fuel <= 0)
        return;
    cpu->granted -= cpu->fuel;
    cpu->fuel = 0;
}

void cpu_leave(struct cpu *cpu)
{
    if (!cpu->leave)
        cpu->leave = LEAVE_AGAIN;
    unicorn.emu_stop(cpu_engine(cpu));
}

/* Instructions before `address` in straight-line code of `count` instructions at `start`, or NO_POINT. */
static uint64_t point_in(uint64_t start, uint64_t count, uint64_t address)
{
    return address >= start && address < start + 4 * count ? (address - start) / 4 : NO_POINT;
}

/* The thread may change inside the block: whose it is, is asked at the address itself. */
static uint64_t thread_hold_point(const struct cpu *cpu, uint64_t start, uint64_t count)
{
    const struct machine *machine = cpu->machine;
    uint64_t first = NO_POINT;
    for (uint32_t i = 0; i < machine->thread_hold_count; i++) {
        uint64_t point = point_in(start, count, machine->thread_holds[i].address);
        if (point && point < first)
            first = point;
    }
    return first;
}

/* How many of the next `count` instructions the schedule lets run before this slice ends. */
static uint64_t allowed(struct cpu *cpu, uint64_t start, uint64_t count)
{
    struct machine *machine = cpu->machine;
    uint64_t executed = cpu_executed(cpu);
    uint64_t left = machine->slice_goal > executed ? machine->slice_goal - executed : 0;
    uint64_t run = count;
    if (machine->slice_exact)
        run = smaller(run, left);
    else if (!left)
        return 0;
    uint64_t point = point_in(start, count, machine->slice_address);
    if (point != NO_POINT && (point || machine->slice_passed))
        run = smaller(run, point);
    machine->slice_passed = true;
    return smaller(run, thread_hold_point(cpu, start, count));
}

/* Instructions, of one ns each, that the running slice's CPU has left of what the run may take. */
static uint64_t share_left(const struct cpu *cpu)
{
    uint64_t end = cpu->machine->slice_share, time = cpu_time(cpu);
    return end > time ? end - time : 0;
}

uint64_t watch_point(struct cpu *cpu, uint64_t start, uint64_t count)
{
    struct machine *machine = cpu->machine;
    const struct watch *watch = &machine->watch;
    uint64_t share = share_left(cpu);
    uint64_t first = share < count ? share : NO_POINT;
    if (watch->cpu != cpu->id)
        return first;
    uint64_t executed = cpu_executed(cpu);
    if (watch->instructions >= executed && watch->instructions - executed < smaller(first, count))
        first = watch->instructions - executed;
    uint64_t point = point_in(start, count, watch->address);
    if (point <= first && point != NO_POINT && (point || machine->watch_passed))
        first = point;
    machine->watch_passed = true;
    return first;
}

static bool between_blocks_needed(struct cpu *cpu, uint64_t address)
{
    return cpu->check || cpu->code_stale || cpu->machine->stop_requested || cpu_can_take(cpu) ||
           thread_hold_at(cpu, address) != NO_THREAD_HOLD;
}

/* May the block of `count` instructions at `start` run as a whole? If not, why is in cpu->leave. */
static bool may_run(struct cpu *cpu, uint64_t start, uint64_t count)
{
    if (between_blocks_needed(cpu, start)) {
        cpu->leave = LEAVE_AGAIN;
        return false;
    }
    uint64_t run = allowed(cpu, start, count);
    uint64_t watch = watch_point(cpu, start, run);
    cpu->leave = LEAVE_NONE;
    if (watch != NO_POINT) {
        cpu->part = watch;
        cpu->rest = run - watch;
        cpu->leave = LEAVE_WATCH;
    } else if (!run) {
        cpu->leave = LEAVE_SLICE_END;
    } else if (run < count) {
        cpu->part = run;
        cpu->leave = LEAVE_PART;
    }
    return !cpu->leave;
}

/* Bytes of instructions until the next thing that a block has to be asked for. */
static int64_t grant(const struct cpu *cpu)
{
    const struct machine *machine = cpu->machine;
    uint64_t executed = cpu_executed(cpu);
    bool watched = machine->watch.cpu == cpu->id;
    if (cpu->injected || cpu_interrupt_pending(cpu) || machine->thread_hold_count ||
        machine->slice_address != NEVER || machine->stretches || machine->profile ||
        (watched && machine->watch.address != NEVER))
        return 0;
    uint64_t left = machine->slice_goal - executed;
    left = smaller(left, cpu->timer - cpu_time(cpu));
    uint64_t exact = machine->slice_exact ? machine->slice_goal - executed : NEVER;
    if (watched && machine->watch.instructions != NEVER)
        exact = smaller(exact, machine->watch.instructions - executed);
    exact = smaller(exact, share_left(cpu));
    exact = exact > BLOCK_MAX ? exact - BLOCK_MAX : 0;
    return (int64_t)smaller(smaller(left, exact), INT64_MAX / 4) * 4;
}

static void decide(struct cpu *cpu, uint64_t start, uint64_t count)
{
    cpu_settle(cpu);
    if (!may_run(cpu, start, count)) {
        cpu->block = cpu->block_bytes = 0;
        unicorn.emu_stop(cpu->blocks);
        return;
    }
    if (cpu->machine->stretches)
        stretches_note(cpu, start, count);
    profile_note(cpu, start, start + 4 * count);
    cpu->granted = grant(cpu);
    cpu->fuel = cpu->granted - 4 * (int64_t)count;
}

/* The block's fuel was taken already. What was left before, be it less than the block, lets it run.
 * Not inlined, or its saving of registers would burden the fast path. */
static __attribute__((noinline)) void low_on_fuel(struct cpu *cpu, uint64_t start, uint32_t bytes)
{
    if (cpu->fuel + bytes > 0)
        return;
    cpu->fuel += bytes;
    decide(cpu, start, bytes / 4);
}

void block_hook(uc_engine *uc, uint64_t address, uint32_t bytes, void *user)
{
    struct cpu *cpu = user;
    (void)uc;
    cpu->block = address;
    cpu->block_bytes = bytes;
    int64_t fuel = cpu->fuel;
    /* Load and store stay apart: hosts forward a store to a load sooner than to a read-modify-write. */
    __asm__("" : "+r"(fuel));
    fuel -= bytes;
    cpu->fuel = fuel;
    if (__builtin_expect(fuel < 0, 0))
        low_on_fuel(cpu, address, bytes);
}

void block_low(uint64_t unused_1, uint64_t unused_2, uint64_t unused_3, struct cpu *cpu)
{
    (void)unused_1, (void)unused_2, (void)unused_3;
    low_on_fuel(cpu, cpu->block, cpu->block_bytes);
}
