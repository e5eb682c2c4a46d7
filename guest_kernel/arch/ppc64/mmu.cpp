#include "arch/ppc64/mmu.h"

#include "arch/ppc64/cpu.h"
#include "arch/ppc64/hypercall.h"
#include "arch/ppc64/percpu.h"
#include "arch/ppc64/table_frames.h"
#include "arch/ppc64/translation_tables.h"
#include "kernel/page_source.h"
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
    // As for any entry: changed first, forgotten then.
    barrier_full();
    invalidate(address, 1);
}

bool is_read_only(uint64_t entry) { return (entry & PAGE_WRITE) == 0; }

// Whether the entry (0: not mapped), at this address, wants the frame's alias to be read-only.
bool seals(uint64_t address, uint64_t entry)
{
    const uint64_t frame = entry & PAGE_ADDRESS;
    return entry != 0 && is_read_only(entry) && is_ram(frame) && address != reinterpret_cast<uint64_t>(linear(frame));
}

// Tables for one mapping: frames of the pool or, when that is empty, the page that was brought. The page source may block, so
// it is asked before the lock is taken.
class KernelTableFrames final : public FrameSource {
public:
    KernelTableFrames() = default;
    KernelTableFrames(const KernelTableFrames&) = delete;
    KernelTableFrames& operator=(const KernelTableFrames&) = delete;
    ~KernelTableFrames()
    {
        if (m_brought != nullptr)
            kernel::free_pages(m_brought, 1);
    }

    // When what was brought has been used.
    Status bring()
    {
        m_brought = TRY(kernel::allocate_pages(1));
        return {};
    }

    Result<uint64_t> allocate(uint64_t count) override
    {
        const Result<uint64_t> frames = table_frames().allocate(count);
        if (frames.ok() || m_brought == nullptr)
            return frames;
        const uint64_t brought = physical(m_brought);
        m_brought = nullptr;
        return brought;
    }

private:
    void* m_brought = nullptr;
};

Status map_leaf(
    const RadixTree& tree, FrameSource& tables, uint64_t address, uint64_t physical, Protection protection)
{
    uint64_t* const leaf = TRY(tree.make_leaf(address, tables));
    if (*leaf != 0)
        return Code::EXISTS;
    const uint64_t entry = physical | page_bits(protection);
    if (seals(address, entry))
        set_alias(physical, false);
    *leaf = entry;
    // The page may be used at once, by this CPU or by one that reads its address from memory: the walk must find the
    // entry (ptesync in the architecture's terms, a form of sync).
    barrier_full();
    return {};
}

Status map_shared_leaf(FrameSource& tables, uint64_t address, uint64_t physical, Protection protection)
{
    SpinGuard guard(s_lock);
    return map_leaf(shared_tree(), tables, address, physical, protection);
}

// The entry of a mapped page becomes `after` and every CPU knows when this returns.
Status change_leaf(const RadixTree& tree, uint64_t address, uint64_t after_bits)
{
    uint64_t* const leaf = tree.find_leaf(address);
    if (leaf == nullptr || *leaf == 0)
        return Code::NOT_FOUND;
    const uint64_t before = *leaf;
    const uint64_t frame = before & PAGE_ADDRESS;
    const uint64_t after = after_bits == 0 ? 0 : frame | after_bits;
    // The alias is read-only from before the page is until after it has been, so that the rule never lapses.
    if (seals(address, after) && !seals(address, before))
        set_alias(frame, false);
    *leaf = after;
    // The entry must be changed before the CPUs forget the old one, or a walk in between would cache it again.
    barrier_full();
    invalidate(address, 1);
    if (seals(address, before) && !seals(address, after))
        set_alias(frame, true);
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
    KernelTableFrames tables;
    for (;;) {
        const Status mapped = map_shared_leaf(tables, address, physical, protection);
        if (mapped != Code::NO_MEMORY)
            return mapped;
        // Each time round a table more is there: the page that was brought has been used.
        TRY(tables.bring());
    }
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
    return map_leaf(tree_of(cpu_number), table_frames(), address, physical, protection);
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
