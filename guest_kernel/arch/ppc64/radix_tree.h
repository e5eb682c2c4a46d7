// One radix tree: 52-bit effective addresses, tables of 13, 9, 9 and 9 bits, pages of 4 KiB (Power ISA 3.0 Book III,
// "Radix Tree Translation").
#pragma once

#include <stdint.h>

#include "kernel/status.h"

namespace arch {

// Where a tree gets the frames of its tables from.
class FrameSource {
public:
    // Physical address of `count` contiguous frames, aligned to their size; NO_MEMORY when there are none.
    virtual kernel::Result<uint64_t> allocate(uint64_t count) = 0;

protected:
    ~FrameSource() = default;
};

// Bits of a page-table entry; a leaf also holds the physical page in bits 12 to 51.
enum PageBits : uint64_t {
    PAGE_VALID = uint64_t{1} << 63,
    PAGE_LEAF = uint64_t{1} << 62,
    PAGE_REFERENCED = 0x100,
    PAGE_CHANGED = 0x080,
    PAGE_NOT_IDEMPOTENT = 0x020, // device: no speculative or repeated access, in order
    PAGE_PRIVILEGED = 0x008,
    PAGE_READ = 0x004,
    PAGE_WRITE = 0x002,
    PAGE_EXECUTE = 0x001,
    PAGE_ADDRESS = 0x000F'FFFF'FFFF'F000,
};

// A view of the tree whose root table lies at a physical address; holds no state of its own, takes no lock.
class RadixTree {
public:
    static constexpr unsigned root_bits = 13;
    static constexpr unsigned table_bits = 9;
    static constexpr uint64_t root_frames = 16;
    static constexpr uint64_t root_entry_span = uint64_t{1} << 39; // bytes of effective address
    static constexpr uint64_t leaf_table_span = uint64_t{1} << 21;

    // `window` + physical address is where tables are reached: 0 in real mode, LINEAR_BASE with translation on.
    RadixTree(uint64_t root, uint64_t window) : m_root(root), m_window(window) {}

    uint64_t root() const { return m_root; }

    // The leaf entry of a page, building the tables on the way: NO_MEMORY when `frames` has none. The entry may be 0.
    kernel::Result<uint64_t*> make_leaf(uint64_t address, FrameSource& frames) const;
    // The same without building: null when a table is missing.
    uint64_t* find_leaf(uint64_t address) const;
    // Root table entry that covers the address.
    uint64_t* root_entry(uint64_t address) const;
    // Makes the second-level table of that root entry, unless it is there.
    kernel::Status make_root_entry(uint64_t address, FrameSource& frames) const;

    // Calls visit(physical address) for every table below the root's, each after those below itself.
    template <typename Visit>
    void for_each_table(Visit visit) const
    {
        visit_tables(m_root, uint64_t{1} << root_bits, directory_levels, visit);
    }

    // A new zeroed table of `count` frames.
    static kernel::Result<uint64_t> make_table(uint64_t count, uint64_t window, FrameSource& frames);
    // First doubleword of the process table entry that selects the tree.
    static uint64_t process_table_entry(uint64_t root);

private:
    // Tables of directories: all but those that hold leaves.
    static constexpr unsigned directory_levels = 3;

    template <typename Visit>
    void visit_tables(uint64_t directory, uint64_t entries, unsigned levels, Visit& visit) const
    {
        for (uint64_t i = 0; i < entries; ++i) {
            const uint64_t entry = table(directory)[i];
            if (entry == 0)
                continue;
            if (levels > 1)
                visit_tables(entry & PAGE_ADDRESS, uint64_t{1} << table_bits, levels - 1, visit);
            visit(entry & PAGE_ADDRESS);
        }
    }

    uint64_t* table(uint64_t physical) const { return reinterpret_cast<uint64_t*>(m_window + physical); }
    kernel::Result<uint64_t*> step(uint64_t* entry, uint64_t address, unsigned shift, FrameSource* frames) const;

    uint64_t m_root;
    uint64_t m_window;
};

}
