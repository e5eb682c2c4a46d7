// One CPU's registers: interrupt enable, barriers, special-purpose registers.
#pragma once

#include <stdint.h>

#include "arch/ppc64/asm_offsets.h"

namespace kernel {
class Thread;
}

namespace arch {

// Special-purpose register numbers (Power ISA Book III).
enum Spr : unsigned {
    SPR_PIDR = 48,
    SPR_IAMR = 61,
    SPR_SPRG0 = 272, // physical address of this CPU's PerCpu
    SPR_SPRG1 = 273, // scratch of the vectors
    SPR_SPRG2 = 274, // scratch of the vectors
    SPR_SPRG3 = 275, // id of the thread that runs, published for the host
    SPR_LPCR = 318,
    SPR_LPIDR = 319,
    SPR_PTCR = 464,
};

template <unsigned Number>
inline uint64_t read_spr()
{
    uint64_t value;
    asm volatile("mfspr %0, %1" : "=r"(value) : "i"(Number));
    return value;
}

template <unsigned Number>
inline void write_spr(uint64_t value)
{
    asm volatile("mtspr %1, %0" : : "r"(value), "i"(Number) : "memory");
}

inline uint64_t read_msr()
{
    uint64_t value;
    asm volatile("mfmsr %0" : "=r"(value));
    return value;
}

inline bool irq_enabled() { return (read_msr() & ASM_MSR_EE) != 0; }

// mtmsrd with L=1 changes EE and RI alone and orders nothing else. The "memory" clobber keeps the compiler from
// moving accesses of the protected data out of the section.
inline void irq_disable() { asm volatile("mtmsrd %0, 1" : : "r"(uint64_t{ASM_MSR_RI}) : "memory"); }
inline void irq_enable() { asm volatile("mtmsrd %0, 1" : : "r"(uint64_t{ASM_MSR_EE | ASM_MSR_RI}) : "memory"); }

// With RI off a system reset, which comes though interrupts are off, waits until it is on again. For the moments in
// which the exception entry could not find a stack to use. Interrupts are off before and after.
inline void reset_disable() { asm volatile("mtmsrd %0, 1" : : "r"(uint64_t{0}) : "memory"); }
inline void reset_enable() { irq_disable(); }

// Turns interrupts off; hand the result to irq_restore. Nests.
[[nodiscard]] inline bool irq_save()
{
    const bool enabled = irq_enabled();
    irq_disable();
    return enabled;
}

inline void irq_restore(bool enabled)
{
    if (enabled)
        irq_enable();
}

// Orders all loads and stores before it against those after it, on memory and device pages alike.
inline void barrier_full() { asm volatile("sync" : : : "memory"); }
// Orders cacheable loads and stores but for store before load: what release needs before the publishing store.
inline void barrier_light() { asm volatile("lwsync" : : : "memory"); }
// Nothing after it starts before what precedes it has completed: after a conditional branch on a loaded lock word
// this is acquire; after a change of context (MSR, PIDR, page tables) later instructions see the new one.
inline void barrier_instruction() { asm volatile("isync" : : : "memory"); }

// r13 holds the current thread whenever kernel code runs with translation on. Not volatile: to any one thread the
// register is a constant, whichever CPU it runs on.
inline kernel::Thread* current_thread_register()
{
    kernel::Thread* thread;
    asm("mr %0, 13" : "=r"(thread));
    return thread;
}

inline uint64_t stack_pointer()
{
    uint64_t value;
    asm volatile("mr %0, 1" : "=r"(value));
    return value;
}

// Ends in a program exception with the trap bit: a panic that says where.
[[noreturn]] inline void trap()
{
    asm volatile("trap");
    __builtin_unreachable();
}

}
