// Which blocks of the disk a file has.

#include "services/files/volume.h"

namespace services {

using kernel::Code;
using kernel::Result;
using kernel::Status;

// 0 where the file has none.
Result<uint64_t> Volume::block_of(uint64_t number, uint64_t page, kernel::Ticket& ticket)
{
    if (page >= abi::FILE_BLOCKS_MAX)
        return Code::TOO_LARGE;
    const auto* inode = TRY(m_inodes.get(number, ticket));
    if (page < abi::INODE_DIRECT)
        return uint64_t{inode->direct[page]};
    if (inode->indirect == 0)
        return uint64_t{0};
    auto* indirect = TRY(m_cache.get(inode->indirect, ticket));
    return uint64_t{indirect->as<uint32_t>()[page - abi::INODE_DIRECT]};
}

Result<uint64_t> Volume::take_block(kernel::Ticket& ticket)
{
    const auto block = m_space.take();
    if (block.status() == Code::NO_SPACE)
        TRY(m_journal.wait_for_space(ticket));
    return block;
}

// For a page that has none. When it fails nothing has changed.
Result<uint64_t> Volume::give_block(uint64_t number, uint64_t page, kernel::Ticket& ticket)
{
    auto* inode = TRY(m_inodes.get(number, ticket));
    if (page >= abi::FILE_BLOCKS_MAX)
        return Code::TOO_LARGE;
    if (page >= abi::INODE_DIRECT)
        return give_indirect(number, page - abi::INODE_DIRECT, ticket);
    const uint64_t block = TRY(take_block(ticket));
    inode->direct[page] = static_cast<uint32_t>(block);
    m_inodes.changed(number);
    return block;
}

Result<uint64_t> Volume::give_indirect(uint64_t number, uint64_t index, kernel::Ticket& ticket)
{
    auto& inode = m_inodes.present(number);
    const uint64_t block = TRY(take_block(ticket));
    const auto indirect = inode.indirect != 0 ? m_cache.get(inode.indirect, ticket) : make_indirect(number);
    if (!indirect.ok()) {
        m_space.put_back(block);
        return indirect.status();
    }
    indirect.value()->as<uint32_t>()[index] = static_cast<uint32_t>(block);
    m_cache.changed(*indirect.value());
    return block;
}

Result<MetadataBlock*> Volume::make_indirect(uint64_t number)
{
    const uint64_t block = TRY(m_space.take());
    const auto made = m_cache.make(block);
    if (!made.ok()) {
        m_space.put_back(block);
        return made;
    }
    m_inodes.present(number).indirect = static_cast<uint32_t>(block);
    m_inodes.changed(number);
    return made;
}

// What give_block gave to this very call; an indirect block stays.
void Volume::take_back_block(uint64_t number, uint64_t page)
{
    auto& inode = m_inodes.present(number);
    uint32_t& block = page < abi::INODE_DIRECT
        ? inode.direct[page]
        : m_cache.present(inode.indirect).as<uint32_t>()[page - abi::INODE_DIRECT];
    m_space.put_back(block);
    block = 0;
}

Status Volume::gather_blocks(uint64_t number, kernel::Ticket& ticket)
{
    const auto* inode = TRY(m_inodes.get(number, ticket));
    if (inode->indirect != 0)
        TRY(m_cache.get(inode->indirect, ticket));
    return {};
}

// Frees those from a page on; its blocks were gathered.
void Volume::release_blocks(uint64_t number, uint64_t first_page)
{
    auto& inode = m_inodes.present(number);
    for (uint64_t page = first_page; page < abi::INODE_DIRECT; ++page)
        release_block(inode.direct[page]);
    m_inodes.changed(number);
    if (inode.indirect == 0)
        return;
    auto& indirect = m_cache.present(inode.indirect);
    const uint64_t first = first_page < abi::INODE_DIRECT ? 0 : first_page - abi::INODE_DIRECT;
    for (uint64_t index = first; index < abi::INODE_INDIRECT; ++index)
        release_block(indirect.as<uint32_t>()[index]);
    if (first == 0)
        release_block(inode.indirect);
    else
        m_cache.changed(indirect);
}

void Volume::release_block(uint32_t& block)
{
    if (block == 0)
        return;
    m_space.release(block);
    m_cache.forget(block);
    block = 0;
}

void Volume::release_file(uint64_t number)
{
    release_blocks(number, 0);
    m_inodes.release(number);
}

}
