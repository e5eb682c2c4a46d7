#include "arch/ppc64/address_space.h"

#include "arch/ppc64/cpu.h"
#include "arch/ppc64/radix_tree.h"
#include "arch/ppc64/table_frames.h"
#include "arch/ppc64/translation_tables.h"
#include "kernel/frames.h"
#include "kernel/page_source.h"
#include "kernel/spinlock.h"

namespace arch {

using kernel::Code;
using kernel::Result;
using kernel::SpinGuard;
using kernel::Status;

namespace {

class PidPool {
public:
    // 0 when every PID is in use.
    uint64_t take()
    {
        SpinGuard guard(m_lock);
        for (uint64_t pid = FIRST_USER_PID; pid < PIDS; ++pid) {
            if (!m_used[pid]) {
                m_used[pid] = true;
                return pid;
            }
        }
        return 0;
    }

    void give_back(uint64_t pid)
    {
        SpinGuard guard(m_lock);
        m_used[pid] = false;
    }

private:
    kernel::SpinLock m_lock; // guards m_used
    bool m_used[PIDS] = {};
};

constinit PidPool s_pids;

// The tables of a process come from the frame pool and, when that has none, from the page source: what the page allocator
// took from the pool in a shortage does not go back there. Whose they are is known by their first frame (kernel::free_pages).
// The page source may block: no spin lock is held where one of these is asked.

class TableFramesOfProcess final : public FrameSource {
public:
    constexpr TableFramesOfProcess() = default;

    // Single tables, which need no alignment.
    Result<uint64_t> allocate(uint64_t count) override
    {
        const Result<void*> pages = kernel::frame_pool().allocate_pages(count);
        return physical(pages.ok() ? pages.value() : TRY(kernel::allocate_pages(count)));
    }
};

constinit TableFramesOfProcess s_process_tables;

class RootFrames final : public FrameSource {
public:
    explicit RootFrames(PageBlock& block) : m_block(block) {}

    // The page source takes back only what it gave out, so a root from there has the rest of its block with it.
    Result<uint64_t> allocate(uint64_t count) override
    {
        const Result<uint64_t> frames = table_frames().allocate(count);
        if (frames.ok()) {
            set_frame_owner(frames.value(), kernel::FrameOwner::PageSource);
            m_block = {linear(frames.value()), count};
            return frames;
        }
        m_block = {TRY(kernel::allocate_pages(2 * count - 1)), 2 * count - 1};
        const uint64_t size = count * abi::PAGE_SIZE;
        return (physical(m_block.first) + size - 1) & ~(size - 1);
    }

private:
    PageBlock& m_block;
};

bool is_user_page(uint64_t address) { return address % abi::PAGE_SIZE == 0 && address < user_end; }

uint64_t user_bits(Protection protection) { return page_bits(protection) & ~uint64_t{PAGE_PRIVILEGED}; }

RadixTree tree_at(uint64_t root) { return {root, abi::LINEAR_BASE}; }

Status change(uint64_t* leaf, uint64_t address, uint64_t bits)
{
    if (leaf == nullptr || *leaf == 0)
        return Code::NOT_FOUND;
    *leaf = bits == 0 ? 0 : (*leaf & PAGE_ADDRESS) | bits;
    // The entry must be changed before the CPUs forget the old one, or a walk in between would cache it again.
    barrier_full();
    invalidate(address, 1);
    return {};
}

}

Status AddressSpace::open()
{
    const uint64_t pid = s_pids.take();
    if (pid == 0)
        return Code::BUSY;
    RootFrames frames(m_root_block);
    const Result<uint64_t> root = RadixTree::make_table(RadixTree::root_frames, abi::LINEAR_BASE, frames);
    if (!root.ok()) {
        s_pids.give_back(pid);
        return root.status();
    }
    m_root = root.value();
    m_pid = pid;
    set_process_tree(pid, m_root);
    return {};
}

void AddressSpace::close()
{
    clear_process_tree(m_pid);
    tree_at(m_root).for_each_table([](uint64_t table) { kernel::free_pages(linear(table), 1); });
    kernel::free_pages(m_root_block.first, m_root_block.pages);
    s_pids.give_back(m_pid);
    m_pid = 0;
    m_root = 0;
    m_root_block = {};
}

Status AddressSpace::map(uint64_t address, uint64_t physical, Protection protection)
{
    if (!is_user_page(address) || physical % abi::PAGE_SIZE != 0 || protection == Protection::DEVICE)
        return Code::INVALID;
    uint64_t* const leaf = TRY(tree_at(m_root).make_leaf(address, s_process_tables));
    if (*leaf != 0)
        return Code::EXISTS;
    *leaf = physical | user_bits(protection);
    // The walk must find the entry when the program, or a copy to it, touches the page next.
    barrier_full();
    return {};
}

Status AddressSpace::unmap(uint64_t address)
{
    return is_user_page(address) ? change(tree_at(m_root).find_leaf(address), address, 0) : Status(Code::INVALID);
}

Status AddressSpace::protect(uint64_t address, Protection protection)
{
    if (!is_user_page(address) || protection == Protection::DEVICE)
        return Code::INVALID;
    return change(tree_at(m_root).find_leaf(address), address, user_bits(protection));
}

Result<uint64_t> AddressSpace::translate(uint64_t address) const
{
    if (address >= user_end)
        return Code::NOT_FOUND;
    const uint64_t* const leaf = tree_at(m_root).find_leaf(address);
    if (leaf == nullptr || *leaf == 0)
        return Code::NOT_FOUND;
    return (*leaf & PAGE_ADDRESS) | address % abi::PAGE_SIZE;
}

}
