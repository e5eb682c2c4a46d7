// What a volume does with names.

#include "kernel/text.h"
#include "services/files/directory_place.h"
#include "services/files/volume.h"

namespace services {

using kernel::Code;
using kernel::Result;
using kernel::Status;

namespace {

constexpr uint64_t entries_per_block = abi::DIRECTORY_ENTRIES_PER_BLOCK;

uint32_t hash_of(const PathName& name)
{
    uint32_t hash = 5381;
    for (size_t i = 0; i < name.length; ++i)
        hash = hash * 33 ^ static_cast<uint8_t>(name.text[i]);
    return hash;
}

bool names(const abi::DirectoryEntry& entry, const PathName& name)
{
    for (size_t i = 0; i < name.length; ++i) {
        if (entry.name[i] != name.text[i])
            return false;
    }
    return entry.name[name.length] == 0;
}

// The name at the start of `path`, which follows a slash; moves `path` behind it, to a slash or the end.
Status take_name(const char*& path, PathName& name)
{
    if (*path != '/')
        return Code::INVALID;
    name.text = ++path;
    while (*path != 0 && *path != '/')
        ++path;
    name.length = static_cast<size_t>(path - name.text);
    return name.length == 0 || name.length >= abi::FILE_NAME_SIZE ? Code::INVALID : Code::OK;
}

Status check_path(const char* path)
{
    PathName name;
    do
        TRY(take_name(path, name));
    while (*path != 0);
    return {};
}

}

Result<uint64_t> Volume::find_directory_of(const char* path, PathName& last, kernel::Ticket& ticket)
{
    TRY(check_path(path));
    uint64_t directory = abi::ROOT_INODE;
    TRY(take_name(path, last));
    while (*path != 0) {
        directory = TRY(look_up(directory, last, nullptr, ticket));
        TRY(take_name(path, last));
    }
    return directory;
}

Result<uint64_t> Volume::find(const char* path, kernel::Ticket& ticket)
{
    if (kernel::equal(path, "/"))
        return uint64_t{abi::ROOT_INODE};
    PathName last;
    const uint64_t directory = TRY(find_directory_of(path, last, ticket));
    return look_up(directory, last, nullptr, ticket);
}

// Of a directory. NOT_FOUND when the inode is a file.
Result<uint64_t> Volume::blocks_of_directory(uint64_t directory, kernel::Ticket& ticket)
{
    const auto* inode = TRY(m_inodes.get(directory, ticket));
    if (inode->type != static_cast<uint16_t>(abi::InodeType::DIRECTORY))
        return Code::NOT_FOUND;
    return inode->length / abi::DISK_BLOCK_SIZE;
}

Result<MetadataBlock*> Volume::directory_block(uint64_t directory, uint64_t page, kernel::Ticket& ticket)
{
    return m_cache.get(TRY(block_of(directory, page, ticket)), ticket);
}

Result<uint64_t> Volume::look_up(uint64_t directory, const PathName& name, Place* place, kernel::Ticket& ticket)
{
    const uint32_t hash = hash_of(name);
    const uint64_t blocks = TRY(blocks_of_directory(directory, ticket));
    for (uint64_t page = 0; page < blocks; ++page) {
        auto* block = TRY(directory_block(directory, page, ticket));
        const auto* entries = block->as<abi::DirectoryEntry>();
        for (uint64_t i = 0; i < entries_per_block; ++i) {
            if (entries[i].hash != hash || entries[i].inode == 0 || !names(entries[i], name))
                continue;
            if (place != nullptr)
                *place = {block, i};
            return uint64_t{entries[i].inode};
        }
    }
    return Code::NOT_FOUND;
}

// Success: the place is free, and nothing can fail any more.
Status Volume::find_room(uint64_t directory, Place& place, kernel::Ticket& ticket)
{
    const uint64_t blocks = TRY(blocks_of_directory(directory, ticket));
    for (uint64_t page = 0; page < blocks; ++page) {
        auto* block = TRY(directory_block(directory, page, ticket));
        const auto* entries = block->as<abi::DirectoryEntry>();
        for (uint64_t i = 0; i < entries_per_block; ++i) {
            if (entries[i].inode != 0)
                continue;
            place = {block, i};
            return {};
        }
    }
    place = {TRY(extend(directory, blocks, ticket)), 0};
    return {};
}

Result<MetadataBlock*> Volume::extend(uint64_t directory, uint64_t blocks, kernel::Ticket& ticket)
{
    const uint64_t number = TRY(give_block(directory, blocks, ticket));
    const auto made = m_cache.make(number);
    if (!made.ok()) {
        take_back_block(directory, blocks);
        return made;
    }
    m_cache.changed(*made.value());
    m_inodes.present(directory).length += abi::DISK_BLOCK_SIZE;
    m_inodes.changed(directory);
    return made;
}

// Its blocks are in memory then.
Status Volume::check_empty(uint64_t directory, kernel::Ticket& ticket)
{
    const uint64_t blocks = TRY(blocks_of_directory(directory, ticket));
    for (uint64_t page = 0; page < blocks; ++page) {
        const auto* entries = TRY(directory_block(directory, page, ticket))->as<abi::DirectoryEntry>();
        for (uint64_t i = 0; i < entries_per_block; ++i) {
            if (entries[i].inode != 0)
                return Code::BUSY;
        }
    }
    return {};
}

void Volume::enter(const Place& place, const PathName& name, uint64_t inode)
{
    auto& entry = place.block->as<abi::DirectoryEntry>()[place.index];
    entry = {};
    if (inode != 0) {
        entry.inode = static_cast<uint32_t>(inode);
        entry.hash = hash_of(name);
        __builtin_memcpy(entry.name, name.text, name.length);
    }
    m_cache.changed(*place.block);
}

Status Volume::create(const char* path, abi::InodeType type, kernel::Ticket& ticket)
{
    TRY(take_result(ticket));
    kernel::MutexGuard guard(m_lock);
    PathName name;
    const uint64_t directory = TRY(find_directory_of(path, name, ticket));
    const auto existing = look_up(directory, name, nullptr, ticket);
    if (existing.ok())
        return Code::EXISTS;
    if (existing.status() != Code::NOT_FOUND)
        return existing.status();
    TRY(blocks_of_directory(directory, ticket));
    TRY(m_journal.reserve(ticket));
    const uint64_t number = m_inodes.find_free();
    if (number == 0)
        return Code::NO_SPACE;
    TRY(m_inodes.get(number, ticket));
    Place place;
    TRY(find_room(directory, place, ticket));
    m_inodes.take(number, type);
    enter(place, name, number);
    ++(type == abi::InodeType::FILE ? m_statistics.files_created : m_statistics.directories_created);
    return {};
}

Status Volume::remove(const char* path, kernel::Ticket& ticket)
{
    TRY(take_result(ticket));
    kernel::MutexGuard guard(m_lock);
    PathName name;
    Place place;
    const uint64_t directory = TRY(find_directory_of(path, name, ticket));
    const uint64_t number = TRY(look_up(directory, name, &place, ticket));
    const auto* inode = TRY(m_inodes.get(number, ticket));
    if (inode->type == static_cast<uint16_t>(abi::InodeType::DIRECTORY))
        TRY(check_empty(number, ticket));
    OpenFile* const open = find_open(number);
    if (open == nullptr)
        TRY(gather_blocks(number, ticket));
    TRY(m_journal.reserve(ticket));
    enter(place, {}, 0);
    if (open == nullptr)
        release_file(number);
    else
        lose_name(*open);
    ++m_statistics.removed;
    return {};
}

void Volume::lose_name(OpenFile& file)
{
    m_inodes.present(file.inode).links = 0;
    m_inodes.changed(file.inode);
    file.removed = true;
    file.transaction = m_journal.running();
}

Result<uint64_t> Volume::list(const char* path, uint64_t position, FileName& name, kernel::Ticket& ticket)
{
    TRY(take_result(ticket));
    kernel::MutexGuard guard(m_lock);
    const uint64_t directory = TRY(find(path, ticket));
    const uint64_t end = TRY(blocks_of_directory(directory, ticket)) * entries_per_block;
    for (; position < end; ++position) {
        auto* block = TRY(directory_block(directory, position / entries_per_block, ticket));
        const auto& entry = block->as<abi::DirectoryEntry>()[position % entries_per_block];
        if (entry.inode == 0)
            continue;
        kernel::copy_text(name.text, sizeof(name.text), entry.name);
        return position + 1;
    }
    return Code::NOT_FOUND;
}

}
