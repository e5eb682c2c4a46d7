// Calls to the host, typed. The numbers and their meaning are in the ABI (abi::Hypercall).
#pragma once

#include <stdint.h>

#include "abi.h"
#include "kernel/status.h"

// r3 and r4 as the host left them.
struct HypercallResult {
    int64_t status;
    uint64_t value;
};

extern "C" HypercallResult hypercall_raw(uint64_t number, uint64_t a, uint64_t b, uint64_t c);

namespace arch {

inline HypercallResult hypercall(abi::Hypercall number, uint64_t a = 0, uint64_t b = 0, uint64_t c = 0)
{
    return hypercall_raw(static_cast<uint64_t>(number), a, b, c);
}

inline constexpr uint64_t NEVER = ~uint64_t{0};

// Virtual nanoseconds, monotonic across CPUs.
inline uint64_t clock_read() { return hypercall(abi::Hypercall::CLOCK_READ).value; }
// Uses no time until an interrupt is pending for this CPU, also with interrupts off.
inline void idle() { hypercall(abi::Hypercall::IDLE); }
// Decrementer exceptions from `deadline` on, until set again; NEVER turns it off.
inline void timer_set(uint64_t deadline) { hypercall(abi::Hypercall::TIMER_SET, deadline); }
// Instructions this CPU has executed.
inline uint64_t instructions() { return hypercall(abi::Hypercall::INSTRUCTIONS).value; }

inline void tlb_invalidate(uint64_t address, uint64_t pages)
{
    hypercall(abi::Hypercall::TLB_INVALIDATE, address, pages);
}

// Instructions in this range of RAM were written: every CPU fetches them anew.
inline void code_sync(uint64_t physical, uint64_t bytes)
{
    hypercall(abi::Hypercall::CODE_SYNC, physical, bytes);
}

inline kernel::Status cpu_start(unsigned cpu, uint64_t physical_entry, uint64_t argument)
{
    return kernel::Status::from_raw(
        hypercall(abi::Hypercall::CPU_START, cpu, physical_entry, argument).status);
}

inline void notify(abi::Stage stage, uint64_t value = 0)
{
    hypercall(abi::Hypercall::NOTIFY, static_cast<uint64_t>(stage), value);
}

// The machine stops with the record at this physical address.
[[noreturn]] inline void host_panic(uint64_t record)
{
    hypercall(abi::Hypercall::PANIC, record);
    __builtin_trap();
}

// Bytes of the monitor's next request, now in the buffer (physical); 0 when none waits.
inline kernel::Result<uint64_t> mailbox_get(uint64_t buffer, uint64_t capacity)
{
    const HypercallResult result = hypercall(abi::Hypercall::MAILBOX_GET, buffer, capacity);
    if (result.status != 0)
        return kernel::Status::from_raw(result.status);
    return result.value;
}

inline kernel::Status mailbox_reply(uint64_t request, uint64_t buffer, uint64_t bytes)
{
    return kernel::Status::from_raw(
        hypercall(abi::Hypercall::MAILBOX_REPLY, request, buffer, bytes).status);
}

inline kernel::Status event(uint64_t kind, uint64_t buffer, uint64_t bytes)
{
    return kernel::Status::from_raw(hypercall(abi::Hypercall::EVENT, kind, buffer, bytes).status);
}

inline void mark(uint64_t marker) { hypercall(abi::Hypercall::MARK, marker); }

}
