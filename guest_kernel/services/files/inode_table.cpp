#include "services/files/inode_table.h"

#include "kernel/panic.h"

namespace services {

using kernel::Code;
using kernel::Result;
using kernel::Status;

namespace {

// Blocks that are read at a time.
constexpr uint64_t batch = 128;

constexpr uint16_t raw(abi::InodeType type) { return static_cast<uint16_t>(type); }

}

Status InodeTable::start()
{
    TRY(m_used.start(m_geometry.inodes()));
    TRY(m_nameless.start(m_geometry.inodes()));
    auto* buffer = static_cast<abi::Inode*>(kernel::allocate(batch * abi::DISK_BLOCK_SIZE, kernel::Tag::Service));
    if (buffer == nullptr)
        return Code::NO_MEMORY;
    Status status;
    for (uint64_t done = 0; done < m_geometry.inode_blocks && status.ok(); done += batch) {
        const uint64_t left = m_geometry.inode_blocks - done;
        const uint64_t now = left < batch ? left : batch;
        status = devices::transfer_and_wait(abi::DiskOperation::READ, m_geometry.inode_first + done, now, buffer);
        note(buffer, done * abi::INODES_PER_BLOCK, now * abi::INODES_PER_BLOCK);
    }
    kernel::deallocate(buffer);
    return status;
}

// Inode 0 is never used: 0 says that there is none.
void InodeTable::note(const abi::Inode* inodes, uint64_t first, uint64_t count)
{
    for (uint64_t i = 0; i < count; ++i) {
        if (first + i != 0 && inodes[i].type == raw(abi::InodeType::FREE)) {
            ++m_free;
            continue;
        }
        m_used.add(first + i);
        if (first + i != 0 && inodes[i].links == 0)
            m_nameless.add(first + i);
    }
}

Result<abi::Inode*> InodeTable::get(uint64_t number, kernel::Ticket& ticket)
{
    auto* block = TRY(m_cache.get(block_of(number), ticket));
    return block->as<abi::Inode>() + number % abi::INODES_PER_BLOCK;
}

abi::Inode& InodeTable::present(uint64_t number)
{
    return m_cache.present(block_of(number)).as<abi::Inode>()[number % abi::INODES_PER_BLOCK];
}

void InodeTable::changed(uint64_t number) { m_cache.changed(m_cache.present(block_of(number))); }

uint64_t InodeTable::find_free()
{
    for (uint64_t tried = 0; tried < m_used.words(); ++tried) {
        const uint64_t index = (m_next + tried) % m_used.words();
        const uint64_t free = ~m_used.word(index);
        if (free == 0)
            continue;
        m_next = index;
        return index * BlockSet::word_bits + static_cast<uint64_t>(__builtin_clzll(free));
    }
    return 0;
}

void InodeTable::take(uint64_t number, abi::InodeType type)
{
    kernel::check(!m_used.has(number), "an inode is allocated twice");
    m_used.add(number);
    --m_free;
    abi::Inode& inode = present(number);
    inode = {};
    inode.type = raw(type);
    inode.links = 1;
    changed(number);
}

void InodeTable::release(uint64_t number)
{
    m_used.remove(number);
    ++m_free;
    present(number) = {};
    changed(number);
}

uint64_t InodeTable::next_nameless(uint64_t number) const
{
    if (m_nameless.empty())
        return 0;
    for (; number < m_geometry.inodes(); ++number) {
        if (m_nameless.has(number))
            return number;
    }
    return 0;
}

}
