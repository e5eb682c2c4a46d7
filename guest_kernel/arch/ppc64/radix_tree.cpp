#include "arch/ppc64/radix_tree.h"

#include "abi.h"
#include "arch/ppc64/cpu.h"

namespace arch {

using kernel::Code;
using kernel::Result;
using kernel::Status;

namespace {

constexpr unsigned root_shift = 39;
constexpr unsigned shifts_below_root[] = {30, 21, 12};
constexpr uint64_t effective_size_bits = 52;

constexpr uint64_t index(uint64_t address, unsigned shift, unsigned bits)
{
    return (address >> shift) & ((uint64_t{1} << bits) - 1);
}

}

Result<uint64_t> RadixTree::make_table(uint64_t count, uint64_t window, FrameSource& frames)
{
    const uint64_t physical = TRY(frames.allocate(count));
    auto* words = reinterpret_cast<uint64_t*>(window + physical);
    for (uint64_t i = 0; i < count * abi::PAGE_SIZE / sizeof(uint64_t); ++i)
        words[i] = 0;
    return physical;
}

uint64_t RadixTree::process_table_entry(uint64_t root)
{
    // RTS, the tree's address bits less 31, is split over bits 62:61 and 7:5; the low five bits are the root's size.
    constexpr uint64_t rts = effective_size_bits - 31;
    return (rts >> 3) << 61 | root | (rts & 7) << 5 | root_bits;
}

uint64_t* RadixTree::root_entry(uint64_t address) const
{
    return &table(m_root)[index(address, root_shift, root_bits)];
}

Status RadixTree::make_root_entry(uint64_t address, FrameSource& frames) const
{
    uint64_t* const entry = root_entry(address);
    if (*entry == 0)
        *entry = PAGE_VALID | TRY(make_table(1, m_window, frames)) | table_bits;
    return {};
}

// From a directory entry to the entry for `address` in the table that it names; without `frames` a missing table is null.
Result<uint64_t*> RadixTree::step(uint64_t* entry, uint64_t address, unsigned shift, FrameSource* frames) const
{
    if (*entry == 0) {
        if (frames == nullptr)
            return nullptr;
        const uint64_t made = TRY(make_table(1, m_window, *frames));
        // Release: a CPU that walks the tree must find the new table zeroed before it finds the way there.
        barrier_light();
        *entry = PAGE_VALID | made | table_bits;
    }
    return &table(*entry & PAGE_ADDRESS)[index(address, shift, table_bits)];
}

Result<uint64_t*> RadixTree::make_leaf(uint64_t address, FrameSource& frames) const
{
    uint64_t* entry = root_entry(address);
    for (const unsigned shift : shifts_below_root)
        entry = TRY(step(entry, address, shift, &frames));
    return entry;
}

uint64_t* RadixTree::find_leaf(uint64_t address) const
{
    uint64_t* entry = root_entry(address);
    for (const unsigned shift : shifts_below_root) {
        entry = step(entry, address, shift, nullptr).value();
        if (entry == nullptr)
            return nullptr;
    }
    return entry;
}

}
