/* Interrupt controller: external level lines routed to one CPU each, and messages between CPUs.
 *
 * Sources 0..LINES-1 are the lines, LINES..LINES+MESSAGES-1 the messages, which every CPU has for itself. A CPU
 * is interrupted while a source that it enables is pending, not in service, and of higher priority than the
 * CPU's own. Registers: emulator/abi/interrupts.py.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define LINES 16
#define MESSAGES 16
#define SOURCES (LINES + MESSAGES)
#define NO_SOURCE UINT64_MAX
#define PRIORITY_DEFAULT 8
#define PRIORITY_MAX 15
#define RELEASES_MAX 16

struct interrupt_controller {
    uint64_t levels;               /* lines that are high */
    uint64_t lines_in_service;     /* a line in service interrupts no CPU */
    uint64_t priority[SOURCES];    /* 1..15; 0 = never */
    uint64_t route[LINES];         /* CPU that a line interrupts */
    uint64_t enabled[8];           /* sources that each CPU takes */
    uint64_t threshold[8];         /* each CPU's own priority */
    uint64_t messages[8];          /* pending messages of each CPU, bit 0 = message 0 */
    uint64_t set_aside[8];         /* guest thread that each CPU shall set aside, 0 = none */
    uint64_t releases[RELEASES_MAX]; /* guest threads that may go on, oldest first, 0 = none */
};

void interrupts_reset(struct interrupt_controller *controller);
/* Pending, enabled, not in service, above the CPU's priority: the highest, the lowest number first. */
uint64_t interrupts_best(const struct interrupt_controller *controller, uint32_t cpu);
void interrupts_set_line(struct interrupt_controller *controller, uint32_t line, bool high);
/* Return false when no register of that kind is at the offset. */
bool interrupts_read(struct interrupt_controller *controller, uint32_t cpu, uint64_t offset, uint64_t *value);
bool interrupts_write(struct interrupt_controller *controller, uint32_t cpu, uint32_t cpus, uint64_t offset,
                      uint64_t value);
