#include "arch/ppc64/mmu.h"

#include "arch/ppc64/hypercall.h"
#include "arch/ppc64/percpu.h"
#include "arch/ppc64/table_frames.h"
#include "arch/ppc64/translation_tables.h"
#include "kernel/spinlock.h"

namespace arch {

using kernel::Code;
using kernel::Result;
using kernel::SpinGuard;
using kernel::Status;

namespace {

// Guards every entry of the kernel's trees, the CPUs' local parts included. Lock order: before the frame pool's.
kernel::SpinLock s_lock;

RadixTree tree_of(unsigned cpu_number) { return {cpu(cpu_number).root, abi::LINEAR_BASE}; }

// CPU 0's tree stands for all outside the per-CPU region: the root entries of the shared regions are the same.
RadixTree shared_tree() { return tree_of(0); }

bool is_page(uint64_t address) { return address % abi::PAGE_SIZE == 0; }

// A root entry that is missing now was missing when the roots were copied: no CPU could see what is put below it.
bool is_shared(uint64_t address)
{
    return is_page(address) && address >= abi::KERNEL_BASE && !is_local(address)
        && *shared_tree().root_entry(address) != 0;
}

bool is_ram(uint64_t physical_address) { return physical_address < abi::DEVICE_PHYSICAL; }

// The frame's page in the linear map becomes writable or not. Its entry exists for every frame of RAM.
void set_alias(uint64_t frame, bool writable)
{
    const auto address = reinterpret_cast<uint64_t>(linear(frame));
    uint64_t* const leaf = shared_tree().find_leaf(address);
    if (leaf == nullptr || *leaf == 0)
        return;
    *leaf = frame | page_bits(writable ? Protection::READ_WRITE : Protection::READ);
    invalidate(address, 1);
}

bool is_read_only(uint64_t entry) { return (entry & PAGE_WRITE) == 0; }

// Keeps the rule of mmu.h when a page's entry goes from `before` to `after` (0: not mapped).
void adjust_alias(uint64_t address, uint64_t before, uint64_t after)
{
    const uint64_t frame = (before | after) & PAGE_ADDRESS;
    const bool is_alias = address == reinterpret_cast<uint64_t>(linear(frame));
    const bool was_sealed = before != 0 && is_read_only(before);
    const bool is_sealed = after != 0 && is_read_only(after);
    if (is_ram(frame) && !is_alias && was_sealed != is_sealed)
        set_alias(frame, !is_sealed);
}

Status map_leaf(const RadixTree& tree, uint64_t address, uint64_t physical, Protection protection)
{
    uint64_t* const leaf = TRY(tree.make_leaf(address, table_frames()));
    if (*leaf != 0)
        return Code::EXISTS;
    const uint64_t entry = physical | page_bits(protection);
    adjust_alias(address, 0, entry);
    *leaf = entry;
    // The page may be used at once, by this CPU or by one that reads its address from memory: the walk must find the
    // entry (ptesync in the architecture's terms, a form of sync).
    barrier_full();
    return {};
}

// The entry of a mapped page becomes `after` and every CPU knows when this returns.
Status change_leaf(const RadixTree& tree, uint64_t address, uint64_t after_bits)
{
    uint64_t* const leaf = tree.find_leaf(address);
    if (leaf == nullptr || *leaf == 0)
        return Code::NOT_FOUND;
    const uint64_t before = *leaf;
    const uint64_t after = after_bits == 0 ? 0 : (before & PAGE_ADDRESS) | after_bits;
    *leaf = after;
    // The entry must be changed before the CPUs forget the old one, or a walk in between would cache it again.
    barrier_full();
    invalidate(address, 1);
    adjust_alias(address, before, after);
    return {};
}

Result<uint64_t> look_up(const RadixTree& tree, uint64_t address)
{
    const uint64_t* const leaf = tree.find_leaf(address);
    if (leaf == nullptr || *leaf == 0)
        return Code::NOT_FOUND;
    return (*leaf & PAGE_ADDRESS) | address % abi::PAGE_SIZE;
}

}

Status map_page(uint64_t address, uint64_t physical, Protection protection)
{
    if (!is_shared(address) || !is_page(physical))
        return Code::INVALID;
    SpinGuard guard(s_lock);
    return map_leaf(shared_tree(), address, physical, protection);
}

Status unmap_page(uint64_t address)
{
    if (!is_shared(address))
        return Code::INVALID;
    SpinGuard guard(s_lock);
    return change_leaf(shared_tree(), address, 0);
}

Status protect_page(uint64_t address, Protection protection)
{
    if (!is_shared(address))
        return Code::INVALID;
    SpinGuard guard(s_lock);
    return change_leaf(shared_tree(), address, page_bits(protection));
}

// Without the lock: entries are single doublewords, tables of the kernel's trees are never freed, and a panic must be
// able to ask whoever holds the lock.
Result<uint64_t> translate(uint64_t address)
{
    if (address < abi::KERNEL_BASE)
        return Code::NOT_FOUND;
    return look_up(tree_of(cpu_id()), address);
}

Status map_local_page(unsigned cpu_number, uint64_t address, uint64_t physical, Protection protection)
{
    if (!is_local(address) || !is_page(address) || !is_page(physical))
        return Code::INVALID;
    SpinGuard guard(s_lock);
    return map_leaf(tree_of(cpu_number), address, physical, protection);
}

Status unmap_local_page(unsigned cpu_number, uint64_t address)
{
    if (!is_local(address) || !is_page(address))
        return Code::INVALID;
    SpinGuard guard(s_lock);
    return change_leaf(tree_of(cpu_number), address, 0);
}

Result<uint64_t> translate_local(unsigned cpu_number, uint64_t address)
{
    if (!is_local(address))
        return Code::NOT_FOUND;
    return look_up(tree_of(cpu_number), address);
}

void invalidate(uint64_t address, uint64_t pages) { tlb_invalidate(address, pages); }

}
