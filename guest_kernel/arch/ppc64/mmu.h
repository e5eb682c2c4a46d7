// Address translation: the kernel's tree, the per-CPU region, the linear map.
//
// One rule holds by construction: a frame mapped executable has no writable mapping. Mapping or protecting a page
// READ_EXECUTE (or READ) in the kernel's tree makes the frame's alias in the linear map read-only; unmapping it, or
// making it writable again, restores the alias. A frame has at most one such mapping beside its alias. What is mapped for
// a program keeps its alias: the kernel reaches the program's memory there.
#pragma once

#include <stdint.h>

#include "abi.h"
#include "kernel/status.h"

namespace arch {

enum class Protection : uint8_t {
    READ,         // constants
    READ_WRITE,   // data, never executable
    READ_EXECUTE, // text, never writable
    DEVICE,       // read and write, not cached, in order
};

// RAM through the linear map, and back. physical() also takes addresses inside the kernel image, not those of
// modules, stacks or per-CPU pages (translate() does).
inline void* linear(uint64_t physical) { return reinterpret_cast<void*>(abi::LINEAR_BASE + physical); }
inline uint64_t physical(const void* address)
{
    const auto effective = reinterpret_cast<uint64_t>(address);
    return effective >= abi::LINEAR_BASE ? effective - abi::LINEAR_BASE : effective - abi::KERNEL_BASE;
}

// The kernel's tree, shared by all CPUs, outside the per-CPU region. Addresses are page-aligned. Takes the tree's lock.
// May ask the page source for tables, so no spin lock is held (nor are interrupts off).
// EXISTS when the page is mapped; NO_MEMORY when a table is needed and no page is left; INVALID for an address that
// is not the kernel's to map.
kernel::Status map_page(uint64_t address, uint64_t physical, Protection protection);
// These two may be called with interrupts off. NOT_FOUND when the page is not mapped. Every CPU has forgotten the page when these return.
kernel::Status unmap_page(uint64_t address);
kernel::Status protect_page(uint64_t address, Protection protection);
// Physical address behind an effective one (byte exact), as this CPU sees it; NOT_FOUND when not mapped.
kernel::Result<uint64_t> translate(uint64_t address);

// The per-CPU region, PERCPU_BASE and up within 512 GiB: each CPU has frames of its own there.
kernel::Status map_local_page(unsigned cpu, uint64_t address, uint64_t physical, Protection protection);
kernel::Status unmap_local_page(unsigned cpu, uint64_t address);
kernel::Result<uint64_t> translate_local(unsigned cpu, uint64_t address);

// Effective address of a device's register page (abi: index in DEVICE_PHYSICAL), mapped at boot for every device page.
inline uint64_t device_address(uint64_t page) { return abi::DEVICE_BASE + page * abi::PAGE_SIZE; }

// Every CPU forgets what it knows about these pages; 0 pages: everything. map, unmap and protect do it themselves.
void invalidate(uint64_t address, uint64_t pages);

}
