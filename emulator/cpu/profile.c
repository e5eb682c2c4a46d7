/* How often each instruction of the guest's code was executed.
 *
 * While somebody counts, every block is asked for (pacing.c), and each run of straight-line code is noted here before
 * it is executed: one more where it begins, one less behind its end. The count of an instruction is the sum of the
 * changes up to it. What an exception keeps from being executed is taken back. */
#include "machine.h"

#include <stdlib.h>

struct profile {
    struct profile_range ranges[PROFILE_RANGES_MAX];
    uint32_t count;
};

int machine_watch_profile(struct machine *machine, const struct profile_range *ranges, uint32_t count)
{
    struct profile *profile = count <= PROFILE_RANGES_MAX ? calloc(1, sizeof *profile) : NULL;
    if (!profile)
        return 1;
    for (uint32_t i = 0; i < count; i++)
        profile->ranges[i] = ranges[i];
    profile->count = count;
    machine_unwatch_profile(machine);
    machine->profile = profile;
    return 0;
}

void machine_unwatch_profile(struct machine *machine)
{
    free(machine->profile);
    machine->profile = NULL;
}

static void change(struct profile *profile, uint64_t start, uint64_t end, int64_t by)
{
    for (uint32_t i = 0; i < profile->count; i++) {
        const struct profile_range *range = &profile->ranges[i];
        uint64_t first = start > range->start ? start : range->start;
        uint64_t last = smaller(end, range->end);
        if (first >= last)
            continue;
        range->changes[(first - range->start) / 4] += by;
        range->changes[(last - range->start) / 4] -= by;
    }
}

void profile_note(struct cpu *cpu, uint64_t start, uint64_t end)
{
    if (cpu->machine->profile)
        change(cpu->machine->profile, start, end, 1);
}

void profile_take_back(struct cpu *cpu, uint64_t start, uint64_t end)
{
    if (cpu->machine->profile)
        change(cpu->machine->profile, start, end, -1);
}
