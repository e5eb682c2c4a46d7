#include "arch/ppc64/address_space.h"

#include "arch/ppc64/cpu.h"
#include "arch/ppc64/radix_tree.h"
#include "arch/ppc64/table_frames.h"
#include "arch/ppc64/translation_tables.h"
#include "kernel/frames.h"
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
    const Result<uint64_t> root = RadixTree::make_table(RadixTree::root_frames, abi::LINEAR_BASE, table_frames());
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
    tree_at(m_root).for_each_table([](uint64_t table) { kernel::free_frames(table, 1); });
    kernel::free_frames(m_root, RadixTree::root_frames);
    s_pids.give_back(m_pid);
    m_pid = 0;
    m_root = 0;
}

Status AddressSpace::map(uint64_t address, uint64_t physical, Protection protection)
{
    if (!is_user_page(address) || physical % abi::PAGE_SIZE != 0 || protection == Protection::DEVICE)
        return Code::INVALID;
    uint64_t* const leaf = TRY(tree_at(m_root).make_leaf(address, table_frames()));
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
