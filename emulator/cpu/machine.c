#include "machine.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

uint32_t engine_structures(uint64_t sizes[13])
{
    const uint64_t known[] = {
        sizeof(struct interrupt_controller), sizeof(struct layout),          sizeof(struct directive),
        sizeof(struct slice_record),         sizeof(struct watch),           sizeof(struct callbacks),
        sizeof(struct cpu_control),          sizeof(struct machine_control), sizeof(struct stretch_point),
        sizeof(struct stretch_figures),      sizeof(struct log_point),       sizeof(struct point_record),
        sizeof(struct profile_range),
    };
    memcpy(sizes, known, sizeof known);
    return sizeof known / sizeof *known;
}

int engine_bind(const char *path, char *error)
{
    const char *missing = unicorn_bind(path);
    if (missing)
        snprintf(error, 200, "the Unicorn library has no %s", missing);
    return missing != NULL;
}

void machine_fail(struct machine *machine, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(machine->error, sizeof machine->error, format, arguments);
    va_end(arguments);
    machine->failed = true;
    machine->stop_requested = true;
}

static bool open_cpus(struct machine *machine, char *error)
{
    for (uint32_t i = 0; i < machine->cpu_count; i++) {
        uc_err failure = cpu_open(&machine->cpus[i], machine, i);
        if (failure) {
            snprintf(error, 200, "CPU %u cannot be opened: %s", i, unicorn.strerror(failure));
            return false;
        }
    }
    return true;
}

struct machine *machine_open(uint32_t cpus, uint64_t ram_bytes, uint64_t device_base, uint64_t device_bytes,
                             const struct layout *layout, const struct callbacks *callbacks, char *error)
{
    struct machine *machine = calloc(1, sizeof *machine);
    if (!machine)
        return NULL;
    machine->cpu_count = cpus;
    machine->ram_bytes = ram_bytes;
    machine->device_base = device_base;
    machine->device_bytes = device_bytes;
    machine->layout = *layout;
    machine->callbacks = *callbacks;
    machine->next_event = NEVER;
    interrupts_reset(&machine->interrupts);
    void *ram = mmap(NULL, ram_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    machine->ram = ram == MAP_FAILED ? NULL : ram;
    if (machine->ram && open_cpus(machine, error))
        return machine;
    if (!machine->ram)
        snprintf(error, 200, "no memory for %llu bytes of RAM", (unsigned long long)ram_bytes);
    machine_close(machine);
    return NULL;
}

void machine_close(struct machine *machine)
{
    for (uint32_t i = 0; i < machine->cpu_count; i++)
        cpu_close(&machine->cpus[i]);
    if (machine->ram)
        munmap(machine->ram, machine->ram_bytes);
    machine_unwatch_stretches(machine);
    machine_unwatch_profile(machine);
    machine_unlog_points(machine);
    free(machine->directives);
    free(machine);
}

uint8_t *machine_ram(struct machine *machine)
{
    return machine->ram;
}

/* Private anonymous pages that are given back read as zero again. */
void machine_clear_ram(struct machine *machine)
{
    if (madvise(machine->ram, machine->ram_bytes, MADV_DONTNEED))
        memset(machine->ram, 0, machine->ram_bytes);
}

static bool page_is_zero(const uint8_t *page)
{
    const uint64_t *words = (const uint64_t *)page;
    for (unsigned i = 0; i < PAGE_BYTES / 8; i += 8)
        if (words[i] | words[i + 1] | words[i + 2] | words[i + 3] | words[i + 4] | words[i + 5] | words[i + 6] |
            words[i + 7])
            return false;
    return true;
}

uint32_t machine_used_pages(const struct machine *machine, uint32_t *numbers)
{
    uint32_t count = 0;
    for (uint64_t page = 0; page < machine->ram_bytes / PAGE_BYTES; page++)
        if (!page_is_zero(machine->ram + page * PAGE_BYTES))
            numbers[count++] = (uint32_t)page;
    return count;
}

const char *machine_error(const struct machine *machine)
{
    return machine->error;
}

uint64_t machine_inline_blocks(const struct machine *machine)
{
    uint64_t blocks = 0;
    for (uint32_t i = 0; i < machine->cpu_count; i++)
        blocks += machine->cpus[i].inline_blocks;
    return blocks;
}

enum stop machine_run(struct machine *machine, const struct watch *watch)
{
    enum stop stop = machine->failed ? STOP_FAULT : STOP_NONE;
    machine->watch = *watch;
    machine->watch_passed = watch->address == NEVER || cpu_pc(&machine->cpus[watch->cpu]) != watch->address;
    machine->run_share = watch->deadline > machine->time ? watch->deadline - machine->time : 0;
    share_run(machine);
    while (!stop)
        stop = machine->slice_open ? run_slice(machine) : open_slice(machine);
    machine->stop_requested = false;
    if (stop == STOP_REQUESTED && machine->failed)
        stop = STOP_FAULT;
    return stop;
}

void machine_request_stop(struct machine *machine)
{
    machine->stop_requested = true;
    if (machine->serving)
        cpu_look_up(machine->serving);
}

void machine_flush_tlb(struct machine *machine)
{
    for (uint32_t i = 0; i < machine->cpu_count; i++)
        unicorn_flush_tlb(machine->cpus[i].blocks);
}

/* Translations cannot be dropped while one of them runs: each CPU does it before its next block. */
void machine_flush_code(struct machine *machine)
{
    for (uint32_t i = 0; i < machine->cpu_count; i++) {
        machine->cpus[i].code_stale = true;
        cpu_look_up(&machine->cpus[i]);
    }
}

void machine_set_line(struct machine *machine, uint32_t line, bool high)
{
    interrupts_set_line(&machine->interrupts, line, high);
    if (high)
        interrupts_changed(machine);
}

void machine_get_interrupts(const struct machine *machine, struct interrupt_controller *controller)
{
    *controller = machine->interrupts;
}

void machine_set_interrupts(struct machine *machine, const struct interrupt_controller *controller)
{
    machine->interrupts = *controller;
}

void machine_get_control(const struct machine *machine, struct machine_control *control)
{
    *control = (struct machine_control){
        .time = machine->time,
        .clock = machine->clock,
        .next_event = machine->next_event,
        .slice_open = machine->slice_open,
        .slice_cpu = machine->slice_cpu ? machine->slice_cpu->id : 0,
        .slice_exact = machine->slice_exact,
        .slice_passed = machine->slice_passed,
        .slice_goal = machine->slice_goal,
        .slice_start = machine->slice_start,
        .slice_address = machine->slice_address,
        .thread_hold_count = machine->thread_hold_count,
    };
    memcpy(control->random, machine->random, sizeof control->random);
    memcpy(control->thread_holds, machine->thread_holds, sizeof control->thread_holds);
}

void machine_set_control(struct machine *machine, const struct machine_control *control)
{
    machine->time = control->time;
    machine->clock = control->clock;
    machine->next_event = control->next_event;
    machine->slice_open = control->slice_open;
    machine->slice_cpu = &machine->cpus[control->slice_cpu];
    machine->slice_exact = control->slice_exact;
    machine->slice_passed = control->slice_passed;
    machine->slice_goal = control->slice_goal;
    machine->slice_start = control->slice_start;
    machine->slice_address = control->slice_address;
    machine->thread_hold_count = (uint32_t)control->thread_hold_count;
    machine->log_count = 0;
    memcpy(machine->random, control->random, sizeof control->random);
    memcpy(machine->thread_holds, control->thread_holds, sizeof control->thread_holds);
}
