/* Timing what lies between two instructions of the guest, and what runs with interrupts off.
 *
 * While somebody watches, every block is asked for (pacing.c), and each run of straight-line code is noted here
 * before it is executed. MSR[EE] is the same from the first to the last instruction of one: whatever changes it ends
 * a block. */
#include "machine.h"

#include <stdlib.h>
#include <string.h>

#define OPEN_MAX 256 /* threads in the middle of one kind of stretch */

/* One thread on its way; nested ones are one. */
struct on_way {
    uint64_t thread;
    uint64_t depth; /* 0: nobody */
    uint64_t since;
    uint64_t place;
};

struct stretches {
    struct stretch_point points[STRETCH_POINTS_MAX];
    uint32_t point_count;
    uint64_t first, last; /* addresses of the points */
    struct stretch_figures figures[STRETCHES_MAX];
    struct on_way on_way[STRETCHES_MAX][OPEN_MAX];
    struct stretch_figures interrupts_off[MAX_CPUS];
    struct on_way interrupts[MAX_CPUS];
    struct stretch_figures gaps[MAX_CPUS];
    struct on_way beats[MAX_CPUS];
};

int machine_watch_stretches(struct machine *machine, const struct stretch_point *points, uint32_t count)
{
    struct stretches *stretches = count <= STRETCH_POINTS_MAX ? calloc(1, sizeof *stretches) : NULL;
    if (!stretches)
        return 1;
    memcpy(stretches->points, points, count * sizeof *points);
    stretches->point_count = count;
    stretches->first = NEVER;
    for (uint32_t i = 0; i < count; i++) {
        stretches->first = smaller(stretches->first, points[i].address);
        if (points[i].address > stretches->last)
            stretches->last = points[i].address;
    }
    machine_unwatch_stretches(machine);
    machine->stretches = stretches;
    return 0;
}

void machine_unwatch_stretches(struct machine *machine)
{
    free(machine->stretches);
    machine->stretches = NULL;
}

void machine_get_stretch(const struct machine *machine, uint32_t stretch, struct stretch_figures *figures)
{
    *figures = machine->stretches->figures[stretch];
}

void cpu_get_gap(const struct machine *machine, uint32_t cpu, struct stretch_figures *figures)
{
    *figures = machine->stretches->gaps[cpu];
}

void cpu_get_interrupts_off(const struct machine *machine, uint32_t cpu, struct stretch_figures *figures)
{
    *figures = machine->stretches->interrupts_off[cpu];
}

static void begin(struct on_way *on_way, uint64_t now, uint64_t place)
{
    if (on_way->depth++)
        return;
    on_way->since = now;
    on_way->place = place;
}

static void end(struct on_way *on_way, uint64_t now, uint64_t place, struct stretch_figures *figures)
{
    if (!on_way->depth || --on_way->depth)
        return;
    /* A thread that was moved may find its new CPU's time behind that of the old one. */
    uint64_t length = now > on_way->since ? now - on_way->since : 0;
    figures->count++;
    if (length <= figures->longest)
        return;
    figures->longest = length;
    figures->place = on_way->place;
    figures->end = place;
}

/* The thread's place in the table, or a free one; NULL when there is neither. */
static struct on_way *find(struct on_way table[OPEN_MAX], uint64_t thread)
{
    struct on_way *found = NULL;
    for (uint32_t i = 0; i < OPEN_MAX; i++) {
        if (table[i].depth && table[i].thread == thread)
            return &table[i];
        if (!table[i].depth && !found)
            found = &table[i];
    }
    if (found)
        found->thread = thread;
    return found;
}

static void pass(struct cpu *cpu, const struct stretch_point *point, uint64_t now)
{
    struct stretches *stretches = cpu->machine->stretches;
    if (point->role == STRETCH_BEAT) {
        end(&stretches->beats[cpu->id], now, point->address, &stretches->gaps[cpu->id]);
        begin(&stretches->beats[cpu->id], now, point->address);
        return;
    }
    struct on_way *on_way = find(stretches->on_way[point->stretch], cpu_spr(cpu, SPR_SPRG3));
    if (!on_way)
        machine_fail(cpu->machine, "too many threads are on their way from one watched address to another");
    else if (point->role == STRETCH_ENDS)
        end(on_way, now, point->address, &stretches->figures[point->stretch]);
    else
        begin(on_way, now, point->address);
}

void stretches_note(struct cpu *cpu, uint64_t start, uint64_t count)
{
    struct stretches *stretches = cpu->machine->stretches;
    uint64_t now = cpu_time(cpu);
    struct on_way *off = &stretches->interrupts[cpu->id];
    bool enabled = cpu_msr(cpu) & MSR_EE;
    if (!enabled && !off->depth)
        begin(off, cpu_executed(cpu), start);
    else if (enabled && off->depth)
        end(off, cpu_executed(cpu), start, &stretches->interrupts_off[cpu->id]);
    if (start > stretches->last || start + 4 * count <= stretches->first)
        return;
    for (uint32_t i = 0; i < stretches->point_count; i++) {
        const struct stretch_point *point = &stretches->points[i];
        if (point->address >= start && point->address < start + 4 * count)
            pass(cpu, point, now + (point->address - start) / 4);
    }
}
