// What a volume does with the files that are open.

#include "objects/lifetime.h"
#include "services/files/file_cache_maker.h"
#include "services/files/file_representative_disk.h"
#include "services/files/volume.h"

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
    OpenFile* const file = made.get();
    file->transaction = m_journal.last_changed();
    file->representative = TRY(make_file_representative(static_cast<kernel::Owned<OpenFile>&&>(made)));
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
    ++file->opens;
    ++m_statistics.opens;
    ++m_statistics.openings;
    return file->representative;
}

Status Volume::open_again(uint64_t inode)
{
    MutexGuard guard(m_lock);
    auto* file = find_open(inode);
    if (file == nullptr)
        return Code::GONE;
    ++file->opens;
    ++m_statistics.opens;
    ++m_statistics.openings;
    return {};
}

// The file when this is its last opening: then nothing has changed. Else null, and one opening less.
Result<OpenFile*> Volume::close_one(uint64_t inode)
{
    MutexGuard guard(m_lock);
    auto* file = find_open(inode);
    if (file == nullptr)
        return Code::GONE;
    if (file->opens == 1)
        return file;
    --file->opens;
    --m_statistics.openings;
    ++m_statistics.closes;
    return static_cast<OpenFile*>(nullptr);
}

// A call that was parked and comes back with an error does not try again what failed: the file is closed all the same.
Status Volume::close(uint64_t inode, kernel::Ticket& ticket)
{
    Status status = take_result(ticket);
    const auto* file = TRY(close_one(inode));
    if (file == nullptr)
        return status;
    if (status.ok() && file->cache != nullptr && !file->removed)
        status = write_back(file->cache, ticket);
    if (status.is_parked())
        return status;
    const Status closed = close_last(inode, !status.ok(), ticket);
    return status.ok() ? closed : status;
}

Status Volume::close_last(uint64_t inode, bool give_up, kernel::Ticket& ticket)
{
    Reference representative = nullptr;
    Reference cache = nullptr;
    {
        MutexGuard guard(m_lock);
        auto* file = find_open(inode);
        if (file == nullptr)
            return Code::GONE;
        if (file->opens == 1 && file->removed && !give_up) {
            const Status released = release_removed(*file, ticket);
            if (released.is_parked())
                return released;
        }
        ++m_statistics.closes;
        --m_statistics.openings;
        if (--file->opens != 0)
            return {};
        representative = file->representative;
        cache = file->cache;
        unlist(*file);
    }
    if (cache != nullptr)
        objects::destroy(cache).ignore();
    return objects::destroy(representative);
}

// Where that fails it goes on without a name until the next start.
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
