// What a volume does for open files: pages, length, durability.

#include "services/files/page_transfer.h"
#include "services/files/volume.h"

namespace services {

using kernel::Code;
using kernel::Status;

Status Volume::start_read(OpenFile& file, uint64_t page, PageTransfer& transfer, kernel::Ticket& ticket)
{
    TRY(take_result(ticket));
    kernel::MutexGuard guard(m_lock);
    const uint64_t block = TRY(block_of(file.inode, page, ticket));
    ++m_statistics.pages_read;
    if (block != 0) {
        transfer.start(abi::DiskOperation::READ, block, file, 0);
        return {};
    }
    __builtin_memset(transfer.page(), 0, abi::PAGE_SIZE);
    transfer.end_at_once({});
    return {};
}

Status Volume::start_write(OpenFile& file, uint64_t page, PageTransfer& transfer, kernel::Ticket& ticket)
{
    TRY(take_result(ticket));
    kernel::MutexGuard guard(m_lock);
    uint64_t block = TRY(block_of(file.inode, page, ticket));
    uint64_t transaction = 0;
    if (block == 0) {
        TRY(m_journal.reserve(ticket));
        block = TRY(give_block(file.inode, page, ticket));
        transaction = file.transaction = m_journal.running();
    }
    ++m_statistics.pages_written;
    transfer.start(abi::DiskOperation::WRITE, block, file, transaction);
    return {};
}

Status Volume::set_length(OpenFile& file, uint64_t bytes, kernel::Ticket& ticket)
{
    TRY(take_result(ticket));
    if (bytes > abi::FILE_BLOCKS_MAX * abi::DISK_BLOCK_SIZE)
        return Code::TOO_LARGE;
    kernel::MutexGuard guard(m_lock);
    if (bytes == file.length)
        return {};
    TRY(gather_blocks(file.inode, ticket));
    TRY(m_journal.reserve(ticket));
    if (bytes < file.length) {
        TRY(file.wait_for_transfers(ticket));
        release_blocks(file.inode, (bytes + abi::DISK_BLOCK_SIZE - 1) / abi::DISK_BLOCK_SIZE);
    }
    m_inodes.present(file.inode).length = bytes;
    m_inodes.changed(file.inode);
    __atomic_store_n(&file.length, bytes, __ATOMIC_RELAXED);
    file.transaction = m_journal.running();
    return {};
}

// The commit that it was parked for began afterwards: all that had been changed and written by then is durable. What came
// later is not looked at, so that who syncs does not wait for others that go on changing the file.
Status Volume::sync(OpenFile& file, kernel::Ticket& ticket)
{
    if (ticket.state() == kernel::TicketState::Ready)
        return take_result(ticket);
    kernel::MutexGuard guard(m_lock);
    return m_journal.make_durable(file.transaction, file.flush_wanted(), ticket);
}

}
