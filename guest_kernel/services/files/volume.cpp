#include "services/files/volume.h"

#include "devices/disk.h"
#include "kernel/owned.h"
#include "kernel/panic.h"
#include "kernel/thread.h"

namespace services {

using kernel::Code;
using kernel::MutexGuard;
using kernel::Result;
using kernel::Status;

namespace {

// What is at the place of the superblock; formats the disk when that is blank.
Status read_geometry(Geometry& geometry)
{
    auto* block = static_cast<abi::Superblock*>(kernel::allocate(abi::DISK_BLOCK_SIZE, kernel::Tag::Service));
    if (block == nullptr)
        return Code::NO_MEMORY;
    const uint64_t blocks = devices::disk().blocks();
    Status status
        = devices::transfer_and_wait(abi::DiskOperation::READ, abi::FILE_SYSTEM_FIRST_BLOCK, 1, block);
    if (status.ok() && block->magic == 0 && block->version == 0) {
        geometry = Geometry::of(blocks);
        status = format(geometry);
    } else if (status.ok()) {
        status = geometry.read(*block, blocks);
    }
    kernel::deallocate(block);
    return status;
}

}

Status take_result(kernel::Ticket& ticket)
{
    if (ticket.state() != kernel::TicketState::Ready)
        return {};
    return Status::from_raw(static_cast<int64_t>(ticket.take()));
}

Volume::Volume(const Geometry& geometry) : m_geometry(geometry) {}

Volume::~Volume()
{
    kernel::check(m_statistics.files_open == 0, "a volume goes away with open files");
    if (m_started)
        m_journal.stop();
}

Result<Volume*> Volume::mount()
{
    if (devices::disk().blocks() < abi::FILE_SYSTEM_BLOCKS_MIN)
        return Code::TOO_LARGE;
    Geometry geometry;
    TRY(read_geometry(geometry));
    kernel::Owned<Volume> volume(kernel::make<Volume>(kernel::Tag::Service, geometry));
    if (!volume)
        return Code::NO_MEMORY;
    TRY(volume->start());
    return volume.release();
}

Status Volume::start()
{
    TRY(m_journal.recover(m_geometry));
    TRY(m_space.start(m_geometry));
    TRY(m_inodes.start());
    TRY(m_journal.start());
    m_started = true;
    return release_nameless();
}

// In the place of whoever opened them before the power was cut. One that cannot be read stays as it is.
Status Volume::release_nameless()
{
    auto& ticket = kernel::current_thread()->ticket();
    for (uint64_t number = m_inodes.next_nameless(1); number != 0;) {
        const Status status = release_one(number, ticket);
        if (status.is_parked()) {
            ticket.wait();
            continue;
        }
        number = m_inodes.next_nameless(number + 1);
    }
    return {};
}

Status Volume::release_one(uint64_t number, kernel::Ticket& ticket)
{
    TRY(take_result(ticket));
    MutexGuard guard(m_lock);
    TRY(gather_blocks(number, ticket));
    TRY(m_journal.reserve(ticket));
    release_file(number);
    return {};
}

Status Volume::sync(kernel::Ticket& ticket)
{
    if (ticket.state() == kernel::TicketState::Ready)
        return take_result(ticket);
    MutexGuard guard(m_lock);
    return m_journal.commit(ticket);
}

void Volume::statistics(FileStatistics& statistics)
{
    MutexGuard guard(m_lock);
    statistics = m_statistics;
    statistics.commits = m_journal.commits();
    statistics.flushes = m_journal.flushes();
    statistics.checkpoints = m_journal.checkpoints();
    statistics.blocks_free = m_space.free_blocks();
    statistics.inodes_free = m_inodes.free_inodes();
}

Result<uint64_t> Volume::shrink(kernel::Ticket& ticket)
{
    const bool emptied = ticket.state() == kernel::TicketState::Ready;
    TRY(take_result(ticket));
    MutexGuard guard(m_lock);
    if (!emptied)
        TRY(m_journal.empty(ticket));
    return m_cache.shrink(m_journal.blocks_in_log());
}

}
