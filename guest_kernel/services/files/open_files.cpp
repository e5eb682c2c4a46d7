// What a volume does with the files that are open.

#include "objects/lifetime.h"
#include "kernel/owned.h"
#include "objects/lifetime.h"
#include "services/files/file_cache_maker.h"
#include "services/files/file_representative_disk.h"
#include "services/files/volume.h"
#include "services/memory/memory.h"

namespace services {

using kernel::Code;
using kernel::MutexGuard;
using kernel::Result;
using kernel::Status;
using objects::Reference;

OpenFile* Volume::find_open(uint64_t inode) const
{
    auto* file = m_open[inode % buckets];
    while (file != nullptr && file->inode != inode)
        file = file->next;
    return file;
}

// A file that has just been opened may have a name that is not durable.
Result<OpenFile*> Volume::make_open(uint64_t inode, uint64_t length)
{
    kernel::Owned<OpenFile> made(kernel::make<OpenFile>(kernel::Tag::Service, *this, static_cast<uint32_t>(inode), length));
    if (!made)
        return Code::NO_MEMORY;
    const auto representative = TRY(objects::create<FileRepresentativeDiskRoot>({made.get()}));
    OpenFile* const file = made.release();
    file->represented = true;
    file->representative = representative.reference();
    file->transaction = m_journal.last_changed();
    file->next = m_open[inode % buckets];
    m_open[inode % buckets] = file;
    file->listed = true;
    ++m_statistics.files_open;
    return file;
}

void Volume::unlist(OpenFile& file)
{
    auto** link = &m_open[file.inode % buckets];
    while (*link != &file)
        link = &(*link)->next;
    *link = file.next;
    file.listed = false;
    {
        kernel::SpinGuard guard(file.lock);
        file.waiting_for_close.complete_all({});
    }
    m_statistics.openings -= file.opens;
    --m_statistics.files_open;
}

void Volume::forget(OpenFile& file)
{
    MutexGuard guard(m_lock);
    unlist(file);
}

Result<Reference> Volume::open(const char* path, kernel::Ticket& ticket)
{
    TRY(take_result(ticket));
    MutexGuard guard(m_lock);
    const uint64_t number = TRY(find(path, ticket));
    const auto* inode = TRY(m_inodes.get(number, ticket));
    if (inode->type != static_cast<uint16_t>(abi::InodeType::FILE))
        return Code::INVALID;
    auto* file = find_open(number);
    if (file == nullptr)
        file = TRY(make_open(number, inode->length));
    if (file->closing)
        TRY(park_on(file->waiting_for_close, file->lock, ticket, [] { return true; }));
    ++file->opens;
    ++m_statistics.opens;
    ++m_statistics.openings;
    return file->representative;
}

Status Volume::open_again(uint64_t inode)
{
    MutexGuard guard(m_lock);
    auto* file = find_open(inode);
    if (file == nullptr || file->closing)
        return Code::GONE;
    ++file->opens;
    ++m_statistics.opens;
    ++m_statistics.openings;
    return {};
}

// The file when this is its last opening, or the call again after a parked one. Else null, and one opening less.
Result<OpenFile*> Volume::begin_close(uint64_t inode)
{
    MutexGuard guard(m_lock);
    auto* file = find_open(inode);
    if (file == nullptr)
        return Code::GONE;
    if (file->opens == 1) {
        file->closing = true;
        return file;
    }
    --file->opens;
    --m_statistics.openings;
    ++m_statistics.closes;
    return static_cast<OpenFile*>(nullptr);
}

Status Volume::close(uint64_t inode, kernel::Ticket& ticket)
{
    auto* const file = TRY(begin_close(inode));
    if (file == nullptr)
        return {};
    if (file->cache != nullptr) {
        TRY(discard_removed(*file, ticket));
        TRY(close_cache(*file, ticket));
    }
    return end_close(*file, ticket);
}

// Nobody can read a file without a name any more: its pages need not reach the disk. Fails only in that it is parked; where
// the disk fails the pages are written, or lost, with the cache.
Status Volume::discard_removed(OpenFile& file, kernel::Ticket& ticket)
{
    {
        MutexGuard guard(m_lock);
        if (!file.removed || file.discarded)
            return {};
    }
    const Status status = objects::Ref<FileCache>(file.cache)->truncate(0, &ticket);
    if (status.is_parked())
        return status;
    MutexGuard guard(m_lock);
    file.discarded = true;
    return {};
}

// Fails only in that it is parked.
Status Volume::close_cache(OpenFile& file, kernel::Ticket& ticket)
{
    const Status status = destroy_cache(objects::Ref<FileCache>(file.cache), &ticket);
    if (status.is_parked())
        return status;
    file.written_back = status;
    MutexGuard guard(m_lock);
    file.cache = nullptr;
    return {};
}

// A file without a name is freed; where the disk fails it goes on so until the next start.
Status Volume::end_close(OpenFile& file, kernel::Ticket& ticket)
{
    const bool give_up = !take_result(ticket).ok();
    const Status status = file.written_back;
    const Reference representative = file.representative;
    {
        MutexGuard guard(m_lock);
        if (file.removed && !give_up) {
            const Status released = release_removed(file, ticket);
            if (released.is_parked())
                return released;
        }
        ++m_statistics.closes;
        unlist(file);
    }
    TRY(objects::destroy(representative));
    return status;
}

Status Volume::release_removed(OpenFile& file, kernel::Ticket& ticket)
{
    TRY(file.wait_for_transfers(ticket));
    TRY(gather_blocks(file.inode, ticket));
    TRY(m_journal.reserve(ticket));
    release_file(file.inode);
    return {};
}

uint64_t Volume::length(OpenFile& file) { return __atomic_load_n(&file.length, __ATOMIC_RELAXED); }

// The cache asks its file for its length while it is made: not under the lock.
Result<Reference> Volume::cache_of(OpenFile& file)
{
    {
        MutexGuard guard(m_lock);
        if (file.cache != nullptr)
            return file.cache;
    }
    const Reference made = TRY(make_file_cache(file.representative));
    {
        MutexGuard guard(m_lock);
        if (file.cache == nullptr) {
            file.cache = made;
            return made;
        }
    }
    TRY(objects::destroy(made));
    return file.cache;
}

}
