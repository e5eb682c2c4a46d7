#include "interrupt_controller.h"

#include <string.h>

enum reg {
    REG_CLAIM = 0x00,
    REG_END = 0x08,
    REG_ENABLE = 0x10,
    REG_PRIORITY = 0x18,
    REG_PENDING = 0x20,
    REG_SEND = 0x28,
    REG_SET_ASIDE = 0x30,
    REG_RELEASE = 0x38,
    REG_SOURCE = 0x200, /* one register for each source: priority << 8 | route */
};

void interrupts_reset(struct interrupt_controller *controller)
{
    memset(controller, 0, sizeof *controller);
    for (unsigned source = 0; source < SOURCES; source++)
        controller->priority[source] = PRIORITY_DEFAULT;
}

static uint64_t pending_sources(const struct interrupt_controller *controller, uint32_t cpu)
{
    uint64_t pending = controller->messages[cpu] << LINES;
    uint64_t lines = controller->levels & ~controller->lines_in_service;
    for (unsigned line = 0; line < LINES; line++)
        if (lines >> line & 1 && controller->route[line] == cpu)
            pending |= 1ull << line;
    return pending;
}

uint64_t interrupts_best(const struct interrupt_controller *controller, uint32_t cpu)
{
    if (!controller->levels && !controller->messages[cpu])
        return NO_SOURCE;
    uint64_t candidates = pending_sources(controller, cpu) & controller->enabled[cpu];
    uint64_t best = NO_SOURCE;
    uint64_t best_priority = controller->threshold[cpu];
    for (unsigned source = 0; source < SOURCES; source++)
        if (candidates >> source & 1 && controller->priority[source] > best_priority) {
            best = source;
            best_priority = controller->priority[source];
        }
    return best;
}

void interrupts_set_line(struct interrupt_controller *controller, uint32_t line, bool high)
{
    if (high)
        controller->levels |= 1ull << line;
    else
        controller->levels &= ~(1ull << line);
}

/* The best source, which is in service from now on; a message is used up. */
static uint64_t claim(struct interrupt_controller *controller, uint32_t cpu)
{
    uint64_t source = interrupts_best(controller, cpu);
    if (source >= LINES && source != NO_SOURCE)
        controller->messages[cpu] &= ~(1ull << (source - LINES));
    else if (source != NO_SOURCE)
        controller->lines_in_service |= 1ull << source;
    return source;
}

static uint64_t take_release(struct interrupt_controller *controller)
{
    uint64_t thread = controller->releases[0];
    memmove(controller->releases, controller->releases + 1, sizeof controller->releases - sizeof thread);
    controller->releases[RELEASES_MAX - 1] = 0;
    return thread;
}

bool interrupts_read(struct interrupt_controller *controller, uint32_t cpu, uint64_t offset, uint64_t *value)
{
    switch (offset) {
    case REG_CLAIM:
        *value = claim(controller, cpu);
        return true;
    case REG_ENABLE:
        *value = controller->enabled[cpu];
        return true;
    case REG_PRIORITY:
        *value = controller->threshold[cpu];
        return true;
    case REG_PENDING:
        *value = pending_sources(controller, cpu);
        return true;
    case REG_SET_ASIDE:
        *value = controller->set_aside[cpu];
        controller->set_aside[cpu] = 0;
        return true;
    case REG_RELEASE:
        *value = take_release(controller);
        return true;
    }
    uint64_t source = (offset - REG_SOURCE) / 8;
    if (offset < REG_SOURCE || source >= SOURCES || offset % 8)
        return false;
    *value = controller->priority[source] << 8 | (source < LINES ? controller->route[source] : 0);
    return true;
}

static bool configure(struct interrupt_controller *controller, uint32_t cpus, uint64_t source, uint64_t value)
{
    uint64_t priority = value >> 8;
    uint64_t route = value & 0xFF;
    if (priority > PRIORITY_MAX || route >= (source < LINES ? cpus : 1))
        return false;
    controller->priority[source] = priority;
    if (source < LINES)
        controller->route[source] = route;
    return true;
}

bool interrupts_write(struct interrupt_controller *controller, uint32_t cpu, uint32_t cpus, uint64_t offset,
                      uint64_t value)
{
    switch (offset) {
    case REG_END:
        if (value >= SOURCES)
            return false;
        if (value < LINES)
            controller->lines_in_service &= ~(1ull << value);
        return true;
    case REG_ENABLE:
        controller->enabled[cpu] = value & ((1ull << SOURCES) - 1);
        return true;
    case REG_PRIORITY:
        if (value > PRIORITY_MAX)
            return false;
        controller->threshold[cpu] = value;
        return true;
    case REG_SEND:
        if (value >> 8 >= cpus || (value & 0xFF) >= MESSAGES)
            return false;
        controller->messages[value >> 8] |= 1ull << (value & 0xFF);
        return true;
    }
    uint64_t source = (offset - REG_SOURCE) / 8;
    if (offset < REG_SOURCE || source >= SOURCES || offset % 8)
        return false;
    return configure(controller, cpus, source, value);
}
