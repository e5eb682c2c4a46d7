// A process' effective addresses: a radix tree of its own and the PID that selects it.
#pragma once

#include <stdint.h>

#include "arch/ppc64/mmu.h"
#include "kernel/status.h"

namespace arch {

// PID 0 is the kernel's tree and 1 the empty one; programs have 2 and up.
inline constexpr uint64_t EMPTY_PID = 1;
inline constexpr uint64_t FIRST_USER_PID = 2;
inline constexpr uint64_t PIDS = 256;

// What a page source gave out.
struct PageBlock {
    void* first = nullptr;
    uint64_t pages = 0;
};

// Its tables come from the frame pool or the page source, so open, map and close are for threads that hold no spin lock.
class AddressSpace {
public:
    AddressSpace() = default;
    AddressSpace(const AddressSpace&) = delete;
    AddressSpace& operator=(const AddressSpace&) = delete;

    // NO_MEMORY: no pages for the tree; BUSY: every PID is in use.
    kernel::Status open();
    // Frees the tables and the PID; the frames that were mapped stay the caller's. No thread may run in it any more.
    void close();

    uint64_t pid() const { return m_pid; }

    // Pages below user_end, for problem state and the kernel's copies. Not DEVICE. The caller serialises the calls for
    // one address space. Errors as those of arch::map_page.
    kernel::Status map(uint64_t address, uint64_t physical, Protection protection);
    kernel::Status unmap(uint64_t address);
    kernel::Status protect(uint64_t address, Protection protection);
    kernel::Result<uint64_t> translate(uint64_t address) const;

private:
    uint64_t m_pid = 0;
    uint64_t m_root = 0;
    // The pages in which the root lies.
    PageBlock m_root_block;
};

// First address that no program can have: the end of what a tree of 52 bits spans.
inline constexpr uint64_t user_end = uint64_t{1} << 52;

}
