/* A record of each execution of certain instructions, and of each exception, while somebody logs them.
 *
 * The fast engine calls a hook at just these instructions, so that the rest of the run is as fast as ever. A hook
 * stays for the life of the machine: to take one back, the library looks its address up under whatever translation
 * the CPU has then, which can fail and leave an exception behind. */
#include "machine.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_RECORDS 1024 /* room to begin with; doubled whenever it is full */

struct point_log {
    struct log_point *points; /* by address */
    uint32_t point_count;
    bool exceptions;
    struct point_record *records;
    uint64_t count, room, most;
    uint64_t lost;
};

static const struct log_point *find(const struct point_log *log, uint64_t address)
{
    uint32_t low = 0, high = log->point_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (log->points[middle].address < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < log->point_count && log->points[low].address == address ? &log->points[low] : NULL;
}

static bool grow(struct point_log *log)
{
    uint64_t room = smaller(log->room ? 2 * log->room : FIRST_RECORDS, log->most);
    if (room == log->room)
        return false;
    struct point_record *records = realloc(log->records, room * sizeof *records);
    if (!records)
        return false;
    log->records = records;
    log->room = room;
    return true;
}

static void append(struct point_log *log, const struct point_record *record)
{
    if (log->lost || (log->count == log->room && !grow(log)))
        log->lost++; /* none after it either: what there is has no gaps */
    else
        log->records[log->count++] = *record;
}

/* Eight bytes of the guest's memory in its order; 0 where nothing is mapped. */
static uint64_t read_word(const struct cpu *cpu, uint64_t address)
{
    struct machine *machine = cpu->machine;
    uint64_t physical, word = 0;
    if (cpu_translate(machine, cpu->id, address, !(cpu_msr(cpu) & MSR_DR), &physical) &&
        physical <= machine->ram_bytes - sizeof word)
        memcpy(&word, machine->ram + physical, sizeof word);
    return word;
}

static void read_memory(const struct cpu *cpu, const struct log_point *point, struct point_record *record)
{
    uint64_t start = record->values[point->base - 3] + point->offset;
    if (point->through)
        start = __builtin_bswap64(read_word(cpu, start));
    for (unsigned i = 0; i < POINT_WORDS; i++)
        record->memory[i] = read_word(cpu, start + sizeof(uint64_t) * i);
}

void point_log_reach(struct cpu *cpu, uint64_t address)
{
    const struct layout *layout = &cpu->machine->layout;
    struct point_log *log = cpu->machine->point_log;
    bool runs = address >= cpu->block && address < cpu_block_end(cpu);
    const struct log_point *point = log && runs ? find(log, address) : NULL;
    if (!point)
        return;
    uint64_t thread = cpu_spr(cpu, SPR_SPRG3); /* saves the general registers too, which lie before it */
    uint64_t behind = (cpu_block_end(cpu) - address) / 4;
    struct point_record record = {
        .cpu = cpu->id,
        .time = cpu_time(cpu) - behind,
        .instructions = cpu_executed(cpu) - behind,
        .thread = thread,
        .address = address,
        .values = {*context_word(cpu->context, layout->gpr + 8 * 3),
                   *context_word(cpu->context, layout->gpr + 8 * 4)},
    };
    if (point->base)
        read_memory(cpu, point, &record);
    append(log, &record);
}

void point_log_exception(struct cpu *cpu, uint64_t vector, uint64_t address)
{
    struct point_log *log = cpu->machine->point_log;
    if (!log || !log->exceptions)
        return;
    append(log, &(struct point_record){
                    .vector = vector,
                    .cpu = cpu->id,
                    .time = cpu_time(cpu),
                    .instructions = cpu_executed(cpu),
                    .thread = cpu_spr(cpu, SPR_SPRG3),
                    .address = address,
                });
}

static void point_hook(uc_engine *uc, uint64_t address, uint32_t bytes, void *user)
{
    (void)uc, (void)bytes;
    point_log_reach(user, address);
}

static bool has_hook(const struct machine *machine, uint64_t address)
{
    for (uint32_t i = 0; i < machine->point_hook_count; i++)
        if (machine->point_hooks[i] == address)
            return true;
    return false;
}

static bool hook(struct machine *machine, uint64_t address)
{
    uc_hook handle;
    if (has_hook(machine, address))
        return true;
    if (machine->point_hook_count == POINTS_MAX)
        return false;
    for (uint32_t i = 0; i < machine->cpu_count; i++)
        if (unicorn.hook_add(machine->cpus[i].blocks, &handle, UC_HOOK_CODE, (void *)point_hook,
                             &machine->cpus[i], address, address))
            return false;
    machine->point_hooks[machine->point_hook_count++] = address;
    return true;
}

/* Every instruction there must be translated anew, with the call of its hook. */
static bool hook_all(struct machine *machine, const struct point_log *log)
{
    bool done = true;
    for (uint32_t i = 0; i < log->point_count && done; i++)
        done = hook(machine, log->points[i].address);
    machine_flush_code(machine);
    return done;
}

static void free_log(struct point_log *log)
{
    if (!log)
        return;
    free(log->points);
    free(log->records);
    free(log);
}

int machine_log_points(struct machine *machine, const struct log_point *points, uint32_t count, bool exceptions,
                       uint64_t most)
{
    struct point_log *log = calloc(1, sizeof *log);
    if (log)
        log->points = malloc((count + 1) * sizeof *points); /* one to spare: never of no bytes */
    if (log && log->points) {
        memcpy(log->points, points, count * sizeof *points);
        log->point_count = count;
        log->exceptions = exceptions;
        log->most = most;
        if (!machine->point_log && hook_all(machine, log)) {
            machine->point_log = log;
            return 0;
        }
    }
    free_log(log);
    return 1;
}

void machine_unlog_points(struct machine *machine)
{
    free_log(machine->point_log);
    machine->point_log = NULL;
}

bool machine_logs_points(const struct machine *machine)
{
    return machine->point_log != NULL;
}

uint64_t machine_points_logged(const struct machine *machine, uint64_t *lost)
{
    *lost = machine->point_log->lost;
    return machine->point_log->count;
}

void machine_take_points(struct machine *machine, struct point_record *records)
{
    struct point_log *log = machine->point_log;
    memcpy(records, log->records, log->count * sizeof *records);
    log->count = 0;
}
